"""GET and HEAD: a file, whole or in ranges; a folder as a page of links.

Owns: the headers of a representation, the order of conditions and ranges.
Never: a byte that was not verified: blocks are read through the house's reader.
Follows: RFC 9110 sections 9.3.1, 9.3.2, 13.2.2, 14.
Invariant: the first slice is read before the header goes out, so damage there is a clean 5xx; damage found later
raises out of the body, and the server cuts the connection. Never short or other bytes with a clean end.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from davserver.collection.extents import RangeReader
from davserver.collection.filenode import FileNode
from davserver.dav import listing
from davserver.dav.conditional import Conditions, ReadOutcome, Validators, check_read, range_applies
from davserver.dav.filesource import FileSource, begun
from davserver.dav.paths import InContent
from davserver.dav.quirks import office
from davserver.dav.ranges import Span, parse_range
from davserver.dav.reprdigest import offer
from davserver.dav.representation import Representation
from davserver.dav.requests import Request
from davserver.dav.resources import Resource, find
from davserver.dav.responses import Response
from davserver.dav.smallfiles import Shown
from davserver.live.house import House

_CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE")
_WANTS = ("HTTP_WANT_REPR_DIGEST", "HTTP_WANT_CONTENT_DIGEST")
_CHOOSY = (*_CONDITIONS, *_WANTS, "HTTP_RANGE", "HTTP_IF_RANGE")
"""With one of these the answer depends on more than the file."""


def handle(request: Request, house: House) -> Response:
    """Serve GET and HEAD; HEAD gets the same headers, and whoever sends the response leaves the body out."""
    request.body.refuse()
    resource = find(house, request.target)
    if not isinstance(resource.node, FileNode):
        return _folder(request, house, resource)
    return _file(request, house.blocks, resource, resource.node)


def _file(request: Request, blocks: RangeReader, resource: Resource, file: FileNode) -> Response:
    if request.headers.has_any(_CHOOSY):
        return _chosen(request, blocks, resource, file)
    form = (request.method, isinstance(request.target, InContent))
    shown = Shown(file, resource.segments[-1], resource.born_ns, form)
    response = request.memory.small_files.find(shown)
    if response is None:
        response = _chosen(request, blocks, resource, file)
        request.memory.small_files.remember(shown, response)
    return response


def _folder(request: Request, house: House, folder: Resource) -> Response:
    """Answer with the page of links. It has no validators, so of the conditions only ``*`` can hold."""
    if check_read(Conditions.of(request.headers), Validators(None, None)) is ReadOutcome.NOT_MODIFIED:
        return Response(304)
    return listing.respond(request, house, folder)


def _chosen(request: Request, blocks: RangeReader, resource: Resource, file: FileNode) -> Response:
    representations, is_immutable = request.memory.representations, isinstance(request.target, InContent)
    shown = representations.of(file, resource.segments[-1], resource.born_ns, is_immutable=is_immutable)
    if _is_not_modified(request, shown.current):
        return Response(304, [*shown.unchanged])
    answer = _Answer(file, shown, FileSource(file, blocks, sends_files=request.sends_files))
    head = request.method == "HEAD"
    spans = None if head else _asked_spans(request, shown.current, file.size)
    response = answer.head() if head else answer.asked(spans, request.request_id)
    if request.headers.has_any(_WANTS):
        return offer(response, request.headers, file, request.memory.digests, blocks, head=head)
    response.headers += shown.digests if response.status == 200 else shown.part_digests
    return response


def _is_not_modified(request: Request, current: Validators) -> bool:
    """Tell whether the conditions ask for a 304; raises PreconditionFailed if they do not hold."""
    if not request.headers.has_any(_CONDITIONS):
        return False
    is_unchanged = check_read(Conditions.of(request.headers), current) is ReadOutcome.NOT_MODIFIED
    return is_unchanged and not request.asking.has(office.NO_304)


def _asked_spans(request: Request, current: Validators, size: int) -> tuple[Span, ...] | None:
    header = request.headers.get("Range")
    if header is None:
        return None
    if not range_applies(request.headers.get("If-Range"), current, request.now_s):
        return None
    return parse_range(header, size)


class _Answer(NamedTuple):
    """A file about to be sent."""

    file: FileNode
    shown: Representation
    source: FileSource

    def head(self) -> Response:
        kind, length = ("Content-Type", self.shown.kind), ("Content-Length", str(self.file.size))
        return Response(200, [*self.shown.headers, kind, length])

    def asked(self, spans: tuple[Span, ...] | None, salt: str) -> Response:
        if spans is None:
            return self.whole()
        return self.part(spans[0]) if len(spans) == 1 else self.parts(spans, salt)

    def whole(self) -> Response:
        response = self.head()
        response.body = self.source.begin(Span(0, self.file.size))
        return response

    def part(self, span: Span) -> Response:
        headers = [
            *self.shown.headers,
            ("Content-Type", self.shown.kind),
            ("Content-Range", span.content_range(self.file.size)),
            ("Content-Length", str(span.stop - span.start)),
        ]
        return Response(206, headers, self.source.begin(span))

    def parts(self, spans: tuple[Span, ...], salt: str) -> Response:
        boundary = sha256(f"{salt} {self.shown.headers} {spans}".encode()).hexdigest()[:32]
        parts = [(_part_head(boundary, self.shown.kind, span, self.file.size), span) for span in spans]
        end = f"\r\n--{boundary}--\r\n".encode()
        length = sum(len(head) + span.stop - span.start for head, span in parts) + len(end)
        kind = f"multipart/byteranges; boundary={boundary}"
        headers = [*self.shown.headers, ("Content-Type", kind), ("Content-Length", str(length))]
        return Response(206, headers, begun(self._pieces(parts, end), eager=2))

    def _pieces(self, parts: list[tuple[bytes, Span]], end: bytes) -> Iterator[bytes]:
        for head, span in parts:
            yield head
            yield from self.source.read(span)
        yield end


def _part_head(boundary: str, kind: str, span: Span, size: int) -> bytes:
    return (f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {span.content_range(size)}\r\n\r\n").encode(
        "latin-1", "replace"
    )
