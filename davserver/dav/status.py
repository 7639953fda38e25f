"""The one table from errors to HTTP.

Owns: which error type is which status, and which RFC 4918 precondition element stands for it.
Never: a decision; an error is raised where the fact is known.
Follows: RFC 4918 sections 9 and 16, RFC 9110 section 15.
Invariant: every class of ``davserver.errors`` and ``dav.faults`` has a row or a base with one (a test looks).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from davserver import errors
from davserver.dav import faults


class Row(NamedTuple):
    """A status code and the ``DAV:`` element of the error body, "" for none."""

    status: int
    code: str = ""


STATUS: dict[type[errors.DavserverError], Row] = {
    errors.DavserverError: Row(500),
    errors.Invalid: Row(400),
    errors.InvalidName: Row(400),
    errors.NameTooLong: Row(414),
    errors.ManifestError: Row(400),
    errors.LocatorError: Row(400),
    errors.ConfigError: Row(500),
    errors.UnknownBlocks: Row(409),
    errors.UnknownVersion: Row(404),
    errors.NotFound: Row(404),
    errors.Exists: Row(405),
    errors.NotADirectory: Row(409),
    errors.IsADirectory: Row(405),
    errors.DirectoryNotEmpty: Row(409),
    errors.InvalidOperation: Row(403),
    errors.Unpackable: Row(403),
    errors.ReadOnly: Row(403),
    errors.WriteOnly: Row(403),
    errors.Incomplete: Row(400),
    errors.DigestMismatch: Row(400),
    errors.PreconditionFailed: Row(412),
    errors.Locked: Row(423, "lock-token-submitted"),
    errors.QuotaExceeded: Row(507, "quota-not-exceeded"),
    errors.TooManyUploads: Row(507, "quota-not-exceeded"),
    errors.UploadOvertaken: Row(409),
    errors.FileTooLarge: Row(413),
    errors.CatalogCorrupt: Row(500),
    errors.JournalCorrupt: Row(500),
    errors.RecordCorrupt: Row(500),
    errors.BlockError: Row(500),
    errors.BlockMissing: Row(500),
    errors.BlockCorrupt: Row(500),
    errors.BlockCollision: Row(500),
    errors.BlockTooLarge: Row(500),
    errors.StoreUnavailable: Row(503),
    errors.CatalogBusy: Row(503),
    errors.AlreadyAtWork: Row(503),
    errors.Implausible: Row(500),
    errors.StoreFull: Row(507, "sufficient-disk-space"),
    errors.NotPermitted: Row(403, "need-privileges"),
    errors.InsecureChannel: Row(403),
    errors.NotAuthenticated: Row(401),
    errors.TooManyGuesses: Row(429),
    faults.BadRequest: Row(400),
    faults.Conflict: Row(409),
    faults.Forbidden: Row(403),
    faults.MethodNotAllowed: Row(405),
    faults.MediaTypeUnsupported: Row(415),
    faults.CodingUnsupported: Row(415),
    faults.NotImplementedYet: Row(501),
    faults.OtherServer: Row(502),
    faults.PayloadTooLarge: Row(413),
    faults.RangeNotSatisfiable: Row(416),
    faults.Unprocessable: Row(422),
}


def row_of(error: Exception) -> Row:
    """Return the row of an error: its own type's, else its nearest base's; 500 for what is not ours."""
    for kind in type(error).__mro__:
        row = STATUS.get(kind)
        if row is not None:
            own = getattr(error, "code", "")
            return Row(row.status, own) if own else row
    return Row(500)


def _line(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"


LINES: dict[int, str] = {status.value: _line(status) for status in HTTPStatus}
"""Status code to ``"207 Multi-Status"``, as WSGI and ``DAV:status`` want it."""
