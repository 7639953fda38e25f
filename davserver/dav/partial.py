"""Range writes: a part of a file, in place.

Owns: PUT with ``Content-Range``; where a range lies in the file it is written to; the job that PATCH shares.
Never: reads or stores again what lies outside of the range: the change names the range's extents only.
Follows: RFC 9110 section 14.5. A range beyond the end leaves zeros before it, as ``pwrite`` does; a total that the file
    exceeds is refused, since the client then means another file.
Invariants: conditions, locks and the file's size are looked at when the change is made; the ETag is another unless the
    bytes are known to be the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from davserver.collection.change import SetAttributes, Write
from davserver.collection.dirnode import Node
from davserver.collection.etag import range_etag
from davserver.collection.extents import RangeReader
from davserver.collection.filenode import FileNode, etag_of
from davserver.dav.faults import BadRequest, Conflict, RangeNotSatisfiable
from davserver.dav.put import Compared, Linked, PutJob, answer, is_on_its_way
from davserver.dav.quota import check_room
from davserver.dav.requests import SLICE_BYTES, Request
from davserver.dav.responses import Response
from davserver.dav.sites import locate
from davserver.errors import BlockError, FileTooLarge, Incomplete, NotFound
from davserver.live.edit import Edit
from davserver.live.house import House

_CONTENT_RANGE = re.compile(r"bytes[ \t]+([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """Where bytes go: from ``first`` (None: the end of the file) or from ``suffix`` bytes before the end.

    ``length`` is how many bytes the header announces, ``total`` the length of the whole file in the client's eyes; both
    may be unknown.
    """

    first: int | None = None
    suffix: int = 0
    length: int | None = None
    total: int | None = None

    def offset(self, size: int) -> int:
        """Return the first byte's place in a file of this size; raises RangeNotSatisfiable."""
        if self.first is not None:
            return self.first
        if self.suffix > size:
            raise RangeNotSatisfiable(size)
        return size - self.suffix


def content_range(text: str) -> Span:
    """Read ``bytes first-last/total``, the total perhaps ``*``; raises BadRequest."""
    match = _CONTENT_RANGE.match(text.strip())
    if match is None:
        raise BadRequest(f"not a range of bytes: {text!r}", hint="Content-Range: bytes FIRST-LAST/TOTAL, or /*")
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    if last < first or (total is not None and last >= total):
        raise BadRequest(f"a range that ends before it begins, or behind the file: {text!r}")
    return Span(first, length=last - first + 1, total=total)


def handle(request: Request, house: House) -> Response:
    """Serve a PUT with Content-Range: 204; 201 for a new file, whose first range must begin at 0."""
    span = content_range(request.headers.get("Content-Range") or "")
    return write_range(request, house, span, may_create=True)


def write_range(request: Request, house: House, span: Span, *, may_create: bool) -> Response:
    """Receive the body and write it where ``span`` says."""
    job = RangeJob(PutJob.of(request), span, house.settings.file_bytes, may_create=may_create)
    if span.length is not None and request.body.length not in {None, span.length}:
        raise BadRequest(f"the range has {span.length} bytes, the body {request.body.length}")
    if not is_on_its_way(request):
        job.check(house, request.body.length or 0)
    new = job.whole.receive(request, house)
    if span.length is not None and span.length != new.size:
        raise Incomplete(span.length, new.size)
    compared = job.compare(locate(house, job.whole.target).node, new, house.blocks)
    linked = house.edit(lambda edit: job.link(edit, new, compared))
    return answer(linked, heeded=job.whole.mtime_ns is not None)


@dataclass(frozen=True, slots=True)
class RangeJob:
    """One range write. ``whole`` is the request read as a PUT, whose every check holds here too."""

    whole: PutJob
    span: Span
    limit_bytes: int
    may_create: bool

    def check(self, reader: House | Edit, length: int) -> int:
        """Refuse what tree, conditions, locks or sizes do not allow; return the offset of the range."""
        site = self.whole.check(reader)
        node = site.node
        if not isinstance(node, FileNode):
            if not self.may_create:
                raise NotFound("no file is here to write into")
            if self.span.first:
                raise Conflict("no file is here yet: its first range begins at byte 0")
        size = node.size if isinstance(node, FileNode) else 0
        offset = self.span.offset(size)
        end = max(offset + length, size)
        if self.span.total is not None and end > self.span.total:
            raise Conflict(f"the file has {size} bytes, more than the {self.span.total} that the range is a part of")
        if end > self.limit_bytes:
            raise FileTooLarge(end, self.limit_bytes)
        check_room(reader, site, end if length else size)
        return offset if length else min(offset, size)

    def compare(self, old: Node | None, new: FileNode, blocks: RangeReader) -> Compared | None:
        """Find out whether the bytes are there already, where a look is cheap; before the edit, as it reads blocks."""
        if not isinstance(old, FileNode) or new.size > SLICE_BYTES:
            return None
        try:
            offset = self.span.offset(old.size)
            same = old.read_at(offset, new.size, blocks) == new.read_at(0, new.size, blocks)
        except (BlockError, RangeNotSatisfiable):
            return None
        return Compared(etag_of(old), same)

    def link(self, edit: Edit, new: FileNode, compared: Compared | None) -> Linked:
        """Make the change."""
        offset = self.check(edit, new.size)
        site = locate(edit, self.whole.target)
        view, old = site.require_parent(), site.node
        if not isinstance(old, FileNode):
            linked = self.whole.link(edit, new, None)
            assert linked is not None  # noqa: S101  (nothing is there that it could be compared with)
            return linked
        known = old.attributes
        mtime_ns = edit.now_ns if self.whole.mtime_ns is None else self.whole.mtime_ns
        created_ns = known.created_ns or known.mtime_ns or edit.now_ns
        if compared is not None and compared.same and compared.etag == etag_of(old):
            attributes = replace(known, etag=compared.etag, mtime_ns=mtime_ns, created_ns=created_ns)
            edit.apply(view.info.id, SetAttributes(site.path, attributes))
        else:
            etag = range_etag(etag_of(old), offset, new.extents)
            attributes = replace(known, etag=etag, mtime_ns=mtime_ns, created_ns=created_ns, checksums=())
            edit.apply(view.info.id, Write(site.path, offset, tuple(new.extents), attributes))
        return Linked(is_new=False, attributes=attributes)
