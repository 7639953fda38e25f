"""A folder as one zip, made while it is sent: ``/_/zip/PATH...``, with the names of the URL space.

Owns: which folder and which of its members; the header; ranges of the whole. What is in it is ``archive``'s.
Follows: RFC 9110 sections 13 and 14: the entity tag is strong, so a download that broke off is resumed (``If-Range``)
    as long as the folder is as it was; several ranges at once are not served, the whole is. RFC 6266 (its name).
Invariant: once the header is out, whatever cannot be read cuts the connection: the end of a zip is its directory, so
    what came of it until then is no zip to anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from urllib.parse import parse_qsl, quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from davserver.access.sharedhouse import SHARED_ID
from davserver.archive.known import Known
from davserver.archive.members import Packing
from davserver.archive.stream import Archive
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.extents import RangeReader
from davserver.collection.filenode import FileNode
from davserver.collection.litter import is_litter
from davserver.collection.names import NameMap
from davserver.collection.spelling import settle
from davserver.dav.conditional import Conditions, ReadOutcome, Validators, check_read, range_applies
from davserver.dav.faults import BadRequest, Forbidden, MediaTypeUnsupported, MethodNotAllowed
from davserver.dav.filesource import GATHER_BYTES, FileSource, begun
from davserver.dav.filespan import FileSpan
from davserver.dav.paths import InContent, InZip
from davserver.dav.ranges import Span, parse_range
from davserver.dav.requests import Request
from davserver.dav.resources import Resource, find
from davserver.dav.responses import HeaderList, Response, validator_headers
from davserver.errors import NotFound
from davserver.live.house import House

VERBS = ("GET", "HEAD", "POST")
MAX_FORM_BYTES = 1 << 20
MAX_FIELDS = 20_000
_FORM = "application/x-www-form-urlencoded"
_REVALIDATE = ("Cache-Control", "private, no-cache")
_FOREVER = ("Cache-Control", "private, max-age=31536000, immutable")


def handle(request: Request, target: InZip, house: House) -> Response:
    """Serve a zip to GET, HEAD, or a POST that names more members than a URL holds."""
    if request.method not in VERBS:
        raise MethodNotAllowed(request.method, VERBS)
    fields = _fields(request)
    resource = find(house, target.of)
    packing = _packing(resource, [value for name, value in fields if name == "name"], _zone(fields))
    known = request.memory.zips.find(packing)
    current = Validators(known.plan.etag, None)
    headers = _headers(packing.top, current, _FOREVER if isinstance(target.of, InContent) else _REVALIDATE)
    archive = Archive(packing, known.plan, known.sums, _Files(house.blocks, sends_files=request.sends_files))
    if request.method == "POST":
        return _whole(archive, known, headers)
    if check_read(Conditions.of(request.headers), current) is ReadOutcome.NOT_MODIFIED:
        return Response(304, headers)
    if request.method == "HEAD":
        return Response(200, [*headers, ("Content-Length", str(known.plan.length))])
    span = _asked(request, current, known.plan.length)
    return _whole(archive, known, headers) if span is None else _part(archive, known, headers, span)


def _fields(request: Request) -> list[tuple[str, str]]:
    """Read the query, or the form of a POST. Errors: BadRequest, MediaTypeUnsupported, PayloadTooLarge."""
    text = request.query
    if request.method == "POST":
        kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if kind != _FORM:
            raise MediaTypeUnsupported(f"the members of a zip are named in a form: {_FORM}")
        text = request.body.read_all(MAX_FORM_BYTES).decode("latin-1")
    else:
        request.body.refuse()
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(f"fields that cannot be read: {error}") from None
    unknown = {name for name, _ in fields} - {"name", "zone"}
    if unknown:
        raise BadRequest(f"no field of a zip: {min(unknown)!r}", hint="name and zone are")
    return fields


def _zone(fields: list[tuple[str, str]]) -> tzinfo:
    """Return the time zone that is asked for; UTC where this machine does not know it, as browsers may be newer."""
    name = next((value for name, value in fields if name == "zone"), "UTC")
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _packing(resource: Resource, names: list[str], zone: tzinfo) -> Packing:
    """Say what is packed: a folder, or some of its members."""
    node = resource.node if resource.path else resource.root  # a version's root as it was stored
    if not isinstance(node, DirNode):
        if isinstance(resource.node, FileNode):
            raise Forbidden("a file is no zip", hint="GET it by its own URL")
        raise Forbidden("no zip is made of all collections", hint="of one, or of a folder in it")
    top = _named(resource)
    if names:
        found = dict(_chosen(node, name, hides_litter=resource.hides_litter) for name in names)
        node = DirNode.of(NameMap.from_sorted(sorted(found.items())), node.attributes)
    return Packing(node, top, resource.born_ns, zone, resource.hides_litter)


def _named(resource: Resource) -> str:
    """Name a zip and the folder in it; the text of a link is not to go on to whoever is given the zip."""
    if not resource.path and resource.collection is not None and resource.collection.id == SHARED_ID:
        return "shared"
    return "-".join(resource.segments[1:]) if _is_version(resource) else resource.segments[-1]


def _is_version(resource: Resource) -> bool:
    return resource.version is not None and resource.collection is not None and not resource.path


def _chosen(folder: DirNode, asked: str, *, hides_litter: bool) -> tuple[str, Node]:
    """Return a member by the name that it has in the tree. Errors: NotFound."""
    (name,) = settle(folder, (asked,))
    node = folder.get(name)
    if node is None or (hides_litter and is_litter(name)):
        raise NotFound(f"nothing is here of the name {asked!r}")
    return name, node


def _headers(top: str, current: Validators, caching: tuple[str, str]) -> HeaderList:
    name = f"{top}.zip".encode("utf-8", "replace").decode()
    plain = "".join(each if each.isascii() and each.isprintable() and each not in '"\\%' else "_" for each in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return [
        *validator_headers(current.etag, None),
        caching,
        ("Content-Type", "application/zip"),
        ("Content-Disposition", disposition),
        ("Accept-Ranges", "bytes"),
        ("X-Content-Type-Options", "nosniff"),
    ]


def _asked(request: Request, current: Validators, length: int) -> Span | None:
    header = request.headers.get("Range")
    if header is None or not range_applies(request.headers.get("If-Range"), current, request.now_s):
        return None
    spans = parse_range(header, length)
    return spans[0] if spans is not None and len(spans) == 1 else None


def _whole(archive: Archive, known: Known, headers: HeaderList) -> Response:
    length = known.plan.length
    return Response(200, [*headers, ("Content-Length", str(length))], begun(_gathered(archive.read(0, length))))


def _part(archive: Archive, known: Known, headers: HeaderList, span: Span) -> Response:
    told = [
        ("Content-Range", span.content_range(known.plan.length)),
        ("Content-Length", str(span.stop - span.start)),
    ]
    return Response(206, [*headers, *told], begun(_gathered(archive.read(span.start, span.stop))))


class _Files:
    """Files of a zip: read, or lent to the server where the bytes themselves are of no use here."""

    def __init__(self, blocks: RangeReader, *, sends_files: bool) -> None:
        self._blocks = blocks
        self._sends_files = sends_files

    def read(self, file: FileNode, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes of a file from ``start`` to ``stop``."""
        return FileSource(file, self._blocks, sends_files=False).read(Span(start, stop))

    def send(self, file: FileNode, start: int, stop: int) -> Iterator[bytes]:
        """Yield the same, in spans of block files where the server takes them."""
        return FileSource(file, self._blocks, sends_files=self._sends_files).read(Span(start, stop))


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces: a zip of small files would else go out in one write for each."""
    small: list[bytes] = []
    size = 0
    for piece in pieces:
        if isinstance(piece, FileSpan) or len(piece) >= GATHER_BYTES:
            yield from _joined(small)
            size = 0
            yield piece
            continue
        small.append(piece)
        size += len(piece)
        if size >= GATHER_BYTES:
            yield from _joined(small)
            size = 0
    yield from _joined(small)


def _joined(pieces: list[bytes]) -> Iterator[bytes]:
    if pieces:
        yield b"".join(pieces)
        pieces.clear()
