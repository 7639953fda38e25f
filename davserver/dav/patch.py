"""PATCH: bytes written over a part of a file, or added to its end.

Owns: the verb and ``X-Update-Range``.
Follows: sabre/dav's partial update extension (``application/x-sabredav-partialupdate``): ``append``,
    ``bytes=FIRST-LAST``, ``bytes=FIRST-``, ``bytes=-N`` (the last N bytes).
Deviation: a range that is not as long as the body gets 400, not 416: no other range of this body would do.
"""

from __future__ import annotations

import re

from davserver.dav.faults import BadRequest, MediaTypeUnsupported
from davserver.dav.partial import Span, write_range
from davserver.dav.requests import Request
from davserver.dav.responses import Response
from davserver.live.house import House

PARTIAL_UPDATE = "application/x-sabredav-partialupdate"

_UPDATE_RANGE = re.compile(r"bytes=(?:([0-9]{1,19})-([0-9]{0,19})|-([0-9]{1,19}))\Z", re.ASCII | re.IGNORECASE)


def handle(request: Request, house: House) -> Response:
    """Serve a PATCH of a file: 204 with its new ETag."""
    media_type = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != PARTIAL_UPDATE:
        raise MediaTypeUnsupported(f"a PATCH of a file is {PARTIAL_UPDATE}, not {media_type!r}")
    header = request.headers.get("X-Update-Range")
    if header is None:
        raise BadRequest("a PATCH without X-Update-Range", hint="append, bytes=FIRST-LAST, bytes=FIRST- or bytes=-N")
    return write_range(request, house, update_range(header), may_create=False)


def update_range(text: str) -> Span:
    """Read ``X-Update-Range``; raises BadRequest."""
    text = text.strip()
    if text.lower() == "append":
        return Span()
    match = _UPDATE_RANGE.match(text)
    if match is None:
        raise BadRequest(f"not a range: {text!r}", hint="append, bytes=FIRST-LAST, bytes=FIRST- or bytes=-N")
    if match[3]:
        return Span(suffix=int(match[3]))
    first = int(match[1])
    if not match[2]:
        return Span(first)
    if int(match[2]) < first:
        raise BadRequest(f"a range that ends before it begins: {text!r}")
    return Span(first, length=int(match[2]) - first + 1)
