"""Responses: status, headers, body, and the few shapes handlers send.

Owns: the Response type, the error response, who closes a streamed body.
Never: a decision about status; errors get theirs from ``dav.status``.
Follows: RFC 9110 section 8.6 (a streamed body without a length goes out chunked), RFC 4918 section 16 (error bodies).
Invariant: a 5xx body names nothing but the request id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from davserver.dav import xml
from davserver.dav.faults import CodingUnsupported, MethodNotAllowed, RangeNotSatisfiable
from davserver.dav.httpdate import format_date
from davserver.dav.status import row_of
from davserver.errors import DavserverError, Locked, StoreFull, StoreUnavailable
from davserver.headers import once

HeaderList = list[tuple[str, str]]
XML_TYPE = "application/xml; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
_FULL = "The server has no space left for anything new. What is there can be read and deleted; try again later."
_NO_BODY = frozenset({204, 304})


@dataclass(slots=True)
class Response:
    """What goes out. ``body`` is bytes (a Content-Length is added) or an iterable of bytes.

    An iterable goes out chunked unless the headers hold a Content-Length; it is closed by the server, read or not.
    An exception from it cuts the connection: that is how damage is shown once the header is out.
    """

    status: int
    headers: HeaderList = field(default_factory=list)
    body: bytes | Iterable[bytes] = b""

    def finished_headers(self) -> HeaderList:
        """Return the headers with the length of a body that is all there."""
        if _tell_length(self.headers):
            return self.headers
        if isinstance(self.body, bytes) and self.status not in _NO_BODY and not self.has("Content-Length"):
            return [*self.headers, ("Content-Length", str(len(self.body)))]
        return self.headers

    def has(self, name: str) -> bool:
        """Tell whether a header is set already."""
        return name.lower() in [header.lower() for header, _ in self.headers if len(header) == len(name)]


@once
def _tell_length(headers: HeaderList) -> bool:
    return "Content-Length" in dict(headers)  # in the usual spelling, without a look at each name


def no_content(headers: HeaderList | None = None) -> Response:
    """Answer 204."""
    return Response(204, headers or [])


def created(headers: HeaderList | None = None) -> Response:
    """Answer 201 with an empty body."""
    return Response(201, headers or [])


def text(status: int, message: str, headers: HeaderList | None = None) -> Response:
    """Answer with plain text for people."""
    body = (message + "\n").encode("utf-8", "backslashreplace")
    return Response(status, [("Content-Type", TEXT_TYPE), *(headers or [])], body)


def xml_document(status: int, body: bytes | Iterable[bytes], headers: HeaderList | None = None) -> Response:
    """Send an XML body, whole or streamed."""
    return Response(status, [("Content-Type", XML_TYPE), *(headers or [])], body)


def started(pieces: Iterator[bytes]) -> bytes | Iterator[bytes]:
    """Begin a streamed body before its header goes out, so that what fails at once fails with a proper status.

    A body of one piece comes back as bytes, so that it gets a length.
    """
    first = next(pieces, b"")
    second = next(pieces, None)
    return first if second is None else chain((first, second), pieces)


def validator_headers(etag: str | None, modified_s: int | None) -> HeaderList:
    """Return ETag (quoted here) and Last-Modified, each if known; Finder wants both after a PUT."""
    headers: HeaderList = []
    if etag is not None:
        headers.append(("ETag", f'"{etag}"'))
    if modified_s is not None:
        headers.append(("Last-Modified", format_date(modified_s)))
    return headers


def error_response(error: Exception, request_id: str) -> Response:
    """Say an error: XML with the precondition element where RFC 4918 has one, else a line of text.

    Server errors show what to do and the request id; their story is in the log.
    """
    row = row_of(error)
    headers = _error_headers(error)
    if isinstance(error, StoreUnavailable):
        later = f"try again in {error.retry_after_s} seconds"
        return text(row.status, f"The server cannot do this now; {later}. Request id: {request_id}", headers)
    if row.status >= 500 and row.status not in {501, 502, 507}:
        return text(row.status, f"The server could not do this. Request id: {request_id}", headers)
    if row.code:
        hrefs = error.paths if isinstance(error, Locked) else ()
        told = f"{_FULL} Request id: {request_id}" if isinstance(error, StoreFull) else ""
        return xml_document(row.status, xml.error_document(row.code, hrefs, told), headers)
    message = str(error)
    if isinstance(error, DavserverError) and error.hint:
        message = f"{message} ({error.hint})"
    return text(row.status, message, headers)


def _error_headers(error: Exception) -> HeaderList:
    headers: HeaderList = [("Cache-Control", "no-store")]
    if isinstance(error, MethodNotAllowed):
        headers.append(("Allow", ", ".join(error.allow)))
    elif isinstance(error, CodingUnsupported):
        headers.append(("Accept-Encoding", "identity"))
    elif isinstance(error, RangeNotSatisfiable):
        headers.append(("Content-Range", f"bytes */{error.size}"))
    elif isinstance(error, StoreUnavailable | StoreFull):
        headers.append(("Retry-After", str(error.retry_after_s)))
    return headers
