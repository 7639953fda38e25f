"""The live properties a client may set: times, in every spelling clients have for them, and digests it repeats.

Owns: from such a property's text to the attributes it changes.
Never: stores the text itself: what is set one way reads the same every other way, and no second copy grows old.
Follows: RFC 4918 sections 15.1 and 15.7 (both times may be settable); the Windows redirector's ``Win32...Time``;
rclone's ``DAV:lastmodified`` (seconds since the epoch) and its ``oc:checksums``, which repeats what it has read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from davserver.collection.attributes import Attributes
from davserver.dav.faults import BadRequest
from davserver.dav.httpdate import parse_date, parse_rfc3339
from davserver.dav.mtime import seconds_to_ns

WINDOWS = "urn:schemas-microsoft-com:"
WINDOWS_MTIME = f"{{{WINDOWS}}}Win32LastModifiedTime"
WINDOWS_CREATED = f"{{{WINDOWS}}}Win32CreationTime"
CHECKSUMS = "{http://owncloud.org/ns}checksums"

Setter = Callable[[Attributes, str], Attributes | None]
"""Returns the attributes after setting a property to this text; None if the text cannot be its value."""


def _of_date(text: str) -> int | None:
    seconds = parse_date(text)
    return None if seconds is None else seconds * 1_000_000_000


def _of_rfc3339(text: str) -> int | None:
    seconds = parse_rfc3339(text)
    return None if seconds is None else seconds * 1_000_000_000


def _of_seconds(text: str) -> int | None:
    try:
        return seconds_to_ns(text)
    except BadRequest:
        return None


def _mtime(read: Callable[[str], int | None]) -> Setter:
    def put(attributes: Attributes, text: str) -> Attributes | None:
        time_ns = read(text)
        return None if time_ns is None else replace(attributes, mtime_ns=time_ns)

    return put


def _created(read: Callable[[str], int | None]) -> Setter:
    def put(attributes: Attributes, text: str) -> Attributes | None:
        time_ns = read(text)
        return None if time_ns is None else replace(attributes, created_ns=time_ns)

    return put


def _checksums(attributes: Attributes, text: str) -> Attributes | None:
    """Let pass what the file has been verified to have; a digest nobody checked is not kept."""
    known = {f"{algorithm}:{digest}" for algorithm, digest in attributes.checksums}
    given = text.lower().split()
    return attributes if given and known.issuperset(given) else None


SETTABLE: Mapping[str, Setter] = {
    "{DAV:}getlastmodified": _mtime(_of_date),
    "{DAV:}lastmodified": _mtime(_of_seconds),
    "{DAV:}creationdate": _created(_of_rfc3339),
    WINDOWS_MTIME: _mtime(_of_date),
    WINDOWS_CREATED: _created(_of_date),
    CHECKSUMS: _checksums,
}
