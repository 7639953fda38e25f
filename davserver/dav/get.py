"""GET and HEAD: a file, whole or in ranges; a folder as a page of links.

Owns: the headers of a representation, the order of conditions and ranges, the slices in which bytes leave.
Never: a byte that was not verified: blocks are read through the house's reader.
Follows: RFC 9110 sections 9.3.1, 9.3.2, 13.2.2, 14.
Invariant: the first slice is read before the header goes out, so damage there is a clean 5xx; damage found later
raises out of the body, and the server cuts the connection. Never short or other bytes with a clean end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from davserver.collection.extents import RangeReader
from davserver.collection.filenode import FileNode, FilePointer
from davserver.dav import listing
from davserver.dav.conditional import Conditions, ReadOutcome, Validators, check_read, range_applies
from davserver.dav.paths import InContent
from davserver.dav.properties import content_type
from davserver.dav.ranges import Span, parse_range
from davserver.dav.requests import SLICE_BYTES, Request
from davserver.dav.resources import Resource, find
from davserver.dav.responses import HeaderList, Response, validator_headers
from davserver.errors import BlockCorrupt
from davserver.live.house import House

_GATHER_BYTES = 64 << 10
_SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"
_OF_FILES: HeaderList = [
    ("Accept-Ranges", "bytes"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", _SANDBOX),
]
_REVALIDATE = ("Cache-Control", "private, no-cache")
_FOREVER = ("Cache-Control", "private, max-age=31536000, immutable")


def handle(request: Request, house: House) -> Response:
    """Serve GET and HEAD; HEAD gets the same headers, and whoever sends the response leaves the body out."""
    request.body.refuse()
    resource = find(house, request.target)
    if not isinstance(resource.node, FileNode):
        return listing.respond(request, house, resource)
    return _file(request, house.blocks, resource, resource.node)


def _file(request: Request, blocks: RangeReader, resource: Resource, file: FileNode) -> Response:
    current = resource.validators()
    headers = [
        *validator_headers(current.etag, current.modified_s),
        _FOREVER if isinstance(request.target, InContent) else _REVALIDATE,
    ]
    if check_read(Conditions.of(request.headers), current) is ReadOutcome.NOT_MODIFIED:
        return Response(304, headers)
    kind = content_type(resource.segments[-1], file)
    representation = _Representation(file, kind, [*headers, *_OF_FILES], blocks)
    if request.method == "HEAD":
        return representation.head()
    spans = _asked_spans(request, current, file.size)
    if spans is None:
        return representation.whole()
    if len(spans) == 1:
        return representation.part(spans[0])
    return representation.parts(spans, request.request_id)


def _asked_spans(request: Request, current: Validators, size: int) -> tuple[Span, ...] | None:
    header = request.headers.get("Range")
    if header is None:
        return None
    if not range_applies(request.headers.get("If-Range"), current, request.now_s):
        return None
    return parse_range(header, size)


@dataclass(frozen=True, slots=True)
class _Representation:
    """A file about to be sent: its type, and the headers every form of it bears."""

    file: FileNode
    kind: str
    headers: HeaderList
    blocks: RangeReader

    def head(self) -> Response:
        return Response(200, [*self.headers, ("Content-Type", self.kind), ("Content-Length", str(self.file.size))])

    def whole(self) -> Response:
        response = self.head()
        response.body = _begun(_bytes(self.file, Span(0, self.file.size), self.blocks))
        return response

    def part(self, span: Span) -> Response:
        headers = [
            *self.headers,
            ("Content-Type", self.kind),
            ("Content-Range", span.content_range(self.file.size)),
            ("Content-Length", str(span.stop - span.start)),
        ]
        return Response(206, headers, _begun(_bytes(self.file, span, self.blocks)))

    def parts(self, spans: tuple[Span, ...], salt: str) -> Response:
        boundary = sha256(f"{salt} {self.headers} {spans}".encode()).hexdigest()[:32]
        parts = [(_part_head(boundary, self.kind, span, self.file.size), span) for span in spans]
        end = f"\r\n--{boundary}--\r\n".encode()
        length = sum(len(head) + span.stop - span.start for head, span in parts) + len(end)
        kind = f"multipart/byteranges; boundary={boundary}"
        headers = [*self.headers, ("Content-Type", kind), ("Content-Length", str(length))]
        return Response(206, headers, _begun(self._pieces(parts, end), eager=2))

    def _pieces(self, parts: list[tuple[bytes, Span]], end: bytes) -> Iterator[bytes]:
        for head, span in parts:
            yield head
            yield from _bytes(self.file, span, self.blocks)
        yield end


def _part_head(boundary: str, kind: str, span: Span, size: int) -> bytes:
    return (f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {span.content_range(size)}\r\n\r\n").encode(
        "latin-1", "replace"
    )


def _bytes(file: FileNode, span: Span, blocks: RangeReader) -> Iterator[bytes]:
    """Yield exactly the bytes of a span, in slices; small extents are gathered so that they do not leave one by one."""
    pointer = FilePointer(span.start)
    left = span.stop - span.start
    while left:
        data, pointer = file.read(pointer, min(left, SLICE_BYTES), blocks)
        if not data:
            raise BlockCorrupt("", f"{left} bytes are missing at the end of a file")
        left -= len(data)
        if len(data) < _GATHER_BYTES and left:
            data, pointer, left = _gathered(file, data, pointer, left, blocks)
        yield data


def _gathered(
    file: FileNode, data: bytes, pointer: FilePointer, left: int, blocks: RangeReader
) -> tuple[bytes, FilePointer, int]:
    pieces = [data]
    size = len(data)
    while size < _GATHER_BYTES and left:
        data, pointer = file.read(pointer, min(left, SLICE_BYTES - size), blocks)
        if not data:
            raise BlockCorrupt("", f"{left} bytes are missing at the end of a file")
        pieces.append(data)
        size += len(data)
        left -= len(data)
    return b"".join(pieces), pointer, left


def _begun(pieces: Iterator[bytes], eager: int = 1) -> bytes | Iterator[bytes]:
    """Read the first pieces now; what is whole already comes back as bytes."""
    early: list[bytes] = []
    for _ in range(eager + 1):
        piece = next(pieces, None)
        if piece is None:
            return b"".join(early)
        early.append(piece)
        if len(early) == eager and len(piece) >= SLICE_BYTES:
            break
    return _rest(early, pieces)


def _rest(early: list[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from early
    early.clear()
    yield from pieces
