"""PUT: a whole file, built aside and linked when it is all there.

Owns: the order of refusals, the checks of a body against what was declared, the attributes of the new file.
Never: lets a client send what can be refused without it (the server sends ``100 Continue`` at the first read).
Follows: RFC 9110 sections 9.3.4, 10.1.1, 14.5; RFC 4918 section 9.7; RFC 1864; ownCloud's and Finder's headers.
Invariants: a body that ends early or fails its length or digest changes nothing; an overwrite keeps dead properties
and creation time; the ETag changes exactly when the bytes do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from davserver.collection.attributes import Attributes
from davserver.collection.change import Put
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.etag import content_etag
from davserver.collection.extents import RangeReader
from davserver.collection.filenode import FileNode, etag_of
from davserver.dav.digests import KEPT_MOST_BYTES, DeclaredDigests
from davserver.dav.faults import BadRequest, CodingUnsupported, Forbidden
from davserver.dav.guard import Guard, Need
from davserver.dav.lockpolicy import Touch
from davserver.dav.mtime import ACCEPTED, CTIME_ACCEPTED, wanted_ctime_ns, wanted_mtime_ns
from davserver.dav.paths import InCollection
from davserver.dav.quota import check_room
from davserver.dav.requests import SLICE_BYTES, Request
from davserver.dav.responses import Response, created, no_content, validator_headers
from davserver.dav.sites import FILE_AT_THE_ROOT, Reader, Site, locate, writable
from davserver.errors import BlockError, Incomplete, IsADirectory
from davserver.live.edit import Edit
from davserver.live.house import House

SMALL_BYTES = 64 << 10

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}(?:[ \t]*;[ \t]*[\x20-\x7e]{1,200})?\Z", re.ASCII)
_SAYS_NOTHING = frozenset({"application/octet-stream", "application/x-www-form-urlencoded", "binary/octet-stream"})
_DIGITS = re.compile(r"[0-9]{1,19}\Z", re.ASCII)


def handle(request: Request, house: House) -> Response:
    """Serve a PUT: 201 for a new file, 204 for a replaced one, both with ETag and Last-Modified."""
    job = PutJob.of(request)
    old = None if is_on_its_way(request) else job.check(house).node
    new = job.receive(request, house)
    response = answer(place(job, house, new, old), heeded=job.mtime_ns is not None)
    if job.created_ns is not None:
        response.headers.append(CTIME_ACCEPTED)
    return response


def place(
    job: PutJob, house: House, new: FileNode, old: Node | None, also: Callable[[Edit], object] = lambda _edit: None
) -> Linked:
    """Put a received file into the tree; ``old`` is what was seen there. ``also`` runs in the same edit, after it."""

    def link(edit: Edit, compared: Compared | None) -> Linked | None:
        linked = job.link(edit, new, compared)
        if linked is not None:
            also(edit)
        return linked

    while True:
        compared = compare(old, new, house.blocks)
        linked = house.edit(lambda edit, compared=compared: link(edit, compared))  # type: ignore[misc]
        if linked is not None:
            return linked
        old = locate(house, job.target).node


def is_on_its_way(request: Request) -> bool:
    """Tell whether the client has sent the body already, as it does with a small one that it announced no wait for.

    Refusing that early saves nobody anything, and the edit checks it all in any case.
    """
    return is_small(request) and not request.expects_continue


def is_small(request: Request) -> bool:
    """Tell whether the body is known to be small: so little that a thread may hold it outside of any budget."""
    length = request.body.length
    return length is not None and length <= SMALL_BYTES


@dataclass(frozen=True, slots=True)
class Linked:
    """What came of it."""

    is_new: bool
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether the file that had this ETag has the same bytes as the new one."""

    etag: str
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PutJob:
    """One PUT: what its headers declare."""

    target: InCollection
    slash: bool
    guard: Guard
    digests: DeclaredDigests
    mtime_ns: int | None
    created_ns: int | None = None
    content_type: str | None
    expected_bytes: int | None

    @classmethod
    def of(cls, request: Request) -> PutJob:
        """Read the headers; raises what can be refused without looking at the tree."""
        target = writable(request.target)
        headers = request.headers
        coding = (headers.get("Content-Encoding") or "identity").strip().lower()
        if coding != "identity":
            raise CodingUnsupported(f"a body in the coding {coding!r} would be stored as it is, not as it is meant")
        length = request.body.length
        return cls(
            target=target,
            slash=request.slash,
            guard=Guard.of(request),
            digests=DeclaredDigests.of(headers, keep=_is_worth_a_digest(request)),
            mtime_ns=wanted_mtime_ns(headers),
            created_ns=wanted_ctime_ns(headers),
            content_type=_media_type(headers.get("Content-Type")),
            expected_bytes=_number(headers.get("X-Expected-Entity-Length")) if length is None else length,
        )

    def check(self, reader: Reader) -> Site:
        """Refuse what the tree, the conditions or the locks do not allow."""
        site = locate(reader, self.target)
        if site.is_collection_root and site.view is None:
            raise Forbidden("a file cannot be put at the root", hint=FILE_AT_THE_ROOT)
        site.require_parent()
        if isinstance(site.node, DirNode):
            raise IsADirectory("a folder cannot be replaced by a file with PUT", hint="DELETE it first")
        site.check_new_file(slash=self.slash)
        touch = Touch.CONTENT if site.node is not None else Touch.CONTENT | Touch.MEMBERSHIP
        self.guard.check(reader, Need(site, touch))
        check_room(reader, site, self.expected_bytes or 0)
        return site

    def receive(self, request: Request, house: House) -> FileNode:
        """Read the body to its end into a file that is not linked yet; raises Incomplete or DigestMismatch."""
        if is_small(request):
            body = request.body.read_all(SMALL_BYTES)
            self.digests.update(body)
            self.digests.verify()
            return house.whole(body, self._attributes)
        with house.upload(self.expected_bytes) as upload:
            request.body.pour(upload, self.digests.update)
            if self.expected_bytes is not None and upload.received != self.expected_bytes:
                raise Incomplete(self.expected_bytes, upload.received)
            self.digests.verify()
            return upload.finish(self._attributes)

    def link(self, edit: Edit, node: FileNode, compared: Compared | None) -> Linked | None:
        """Put the file into the tree; None if what it replaces has to be compared with it first."""
        site = self.check(edit)
        old = site.node
        mtime_ns = edit.now_ns if self.mtime_ns is None else self.mtime_ns
        if not isinstance(old, FileNode):
            created_ns = edit.now_ns if self.created_ns is None else self.created_ns
            attributes = replace(node.attributes, mtime_ns=mtime_ns, created_ns=created_ns)
        else:
            etag = node.attributes.etag
            if _may_be_equal(old, node):
                if compared is None or compared.etag != etag_of(old):
                    return None
                etag = compared.etag if compared.same else etag
            kept = old.attributes
            created_ns = self.created_ns or kept.created_ns or kept.mtime_ns or edit.now_ns
            attributes = replace(
                node.attributes, etag=etag, mtime_ns=mtime_ns, created_ns=created_ns, properties=kept.properties
            )
        edit.apply(site.require_parent().info.id, Put(site.path, node.with_attributes(attributes)))
        return Linked(old is None, attributes)

    def _attributes(self, etag: str) -> Attributes:
        return Attributes(etag=etag, content_type=self.content_type, checksums=self.digests.checksums)


def compare(old: Node | None, new: FileNode, blocks: RangeReader) -> Compared | None:
    """Compare bytes where the ETags cannot tell; None where they can.

    A file that was imported, or repacked since, bears an ETag that followed from how its bytes were stored. If the
    same bytes come in by PUT, their own ETag is another, yet nothing changed. This reads blocks, so it happens before
    the edit, which checks that it is still about the same file.
    """
    if not isinstance(old, FileNode) or not _may_be_equal(old, new):
        return None
    return Compared(etag_of(old), same_bytes(old, new, blocks))


def _may_be_equal(old: FileNode, new: FileNode) -> bool:
    """Tell whether the bytes may be the same although the ETags differ.

    They are not if the old file still is in memory as PUT received it: its ETag is a pure function of its bytes, then.
    """
    if old.size != new.size or etag_of(old) == etag_of(new):
        return False
    as_received = len(old.extents) <= 1 and old.mem_bytes == old.size
    return not (as_received and etag_of(old) == content_etag(old.extents))


def same_bytes(old: FileNode, new: FileNode, blocks: RangeReader) -> bool:
    """Compare two files of the same size, up to the first difference."""
    try:
        return all(
            old.read_at(offset, SLICE_BYTES, blocks) == new.read_at(offset, SLICE_BYTES, blocks)
            for offset in range(0, old.size, SLICE_BYTES)
        )
    except BlockError:
        # What cannot be read can no longer be served under its old ETag; the new bytes get their own and heal it.
        return False


def answer(linked: Linked, *, heeded: bool) -> Response:
    """Answer 201 or 204 with the validators of what stands there now."""
    mtime_ns = linked.attributes.mtime_ns
    headers = validator_headers(linked.attributes.etag, None if mtime_ns is None else mtime_ns // 1_000_000_000)
    if heeded:
        headers.append(ACCEPTED)
    return created(headers) if linked.is_new else no_content(headers)


def _is_worth_a_digest(request: Request) -> bool:
    """Tell whether a whole file comes that is neither small (a digest of it is sooner computed than kept) nor large."""
    partial = request.method != "PUT" or request.headers.get("Content-Range") is not None
    length = request.body.length
    return not partial and (length is None or SMALL_BYTES < length <= KEPT_MOST_BYTES)


def _media_type(text: str | None) -> str | None:
    """Return a type worth keeping: well-formed, and telling more than that there are bytes."""
    if text is None or not _MEDIA_TYPE.match(text) or text.partition(";")[0].strip().lower() in _SAYS_NOTHING:
        return None
    return text


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not _DIGITS.match(text.strip()):
        raise BadRequest(f"X-Expected-Entity-Length is not a number: {text!r}")
    return int(text)
