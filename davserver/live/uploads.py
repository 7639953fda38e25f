"""Uploads in parts: what has come is kept in the catalog, so that a restart of the server loses nothing of it.

Owns: the life of an upload (begun, continued, finished, given up, expired), what one account may have in open ones, and
putting the parts together.
Never: HTTP, or the link into a collection, which is made like that of any other file.
Invariants: a part is recorded after its blocks are stored and synced, and what is recorded stays; only the request
that took the upload over last can add to it, so that one which hangs on a dead connection does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from davserver.catalog.uploads import OpenUpload, Part, Uploads
from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.change import Put
from davserver.collection.codec import decode, encode
from davserver.collection.dirnode import DirNode
from davserver.collection.extents import Extent, MemExtent, StoredExtent, total_length
from davserver.collection.filenode import FileNode
from davserver.errors import (
    Exists,
    Incomplete,
    InvalidOperation,
    JournalCorrupt,
    NotFound,
    TooManyUploads,
    UploadOvertaken,
)
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.live.settings import LiveSettings
from davserver.values import Locator

LIFETIME_S = 24 * 3600
"""How long an upload is kept after its last request: what Nextcloud does."""
MAX_PARTS = 100_000

_RUN_BYTES = 4 << 20
_PATH = ("part",)


def begin(
    edit: Edit, limits: LiveSettings, *, token: str, principal: str, request: str, length: int | None
) -> OpenUpload:
    """Make an upload, and sweep out those whose time is over; raises Exists or TooManyUploads."""
    edit.uploads.expire(edit.now_ns)
    if edit.uploads.get(token) is not None:
        raise Exists("this upload has begun already")
    if edit.uploads.held(principal, edit.now_ns).uploads >= limits.open_uploads:
        raise TooManyUploads(f"{limits.open_uploads} uploads are open, more than that one account cannot have")
    check_room(edit.uploads, limits, principal, edit.now_ns, length or 0)
    expires_ns = edit.now_ns + LIFETIME_S * 1_000_000_000
    upload = OpenUpload(token=token, principal=principal, request=request, length=length, expires_ns=expires_ns)
    edit.uploads.add(upload)
    return upload


def room(uploads: Uploads, limits: LiveSettings, principal: str, now_ns: int) -> int:
    """Return how many more bytes somebody may send into uploads."""
    return max(0, limits.upload_bytes - uploads.held(principal, now_ns).bytes)


def check_room(uploads: Uploads, limits: LiveSettings, principal: str, now_ns: int, size: int) -> None:
    """Refuse bytes that are too many beside what somebody has in open uploads; raises TooManyUploads."""
    left = room(uploads, limits, principal, now_ns)
    if size > left:
        raise TooManyUploads(f"{size} bytes do not fit beside the open uploads, which may grow by {left} bytes")


def find(uploads: Uploads, token: str, principal: str, now_ns: int) -> OpenUpload:
    """Return an upload of this principal; raises NotFound."""
    upload = uploads.get(token)
    if upload is None or upload.principal != principal or upload.expires_ns <= now_ns:
        raise NotFound("no such upload")
    return upload


def take_over(
    edit: Edit, token: str, principal: str, offset: int | None = None, length: int | None = None
) -> OpenUpload:
    """Go on with an upload, alone: what other requests still send to it is refused from now on.

    At a wrong ``offset`` nobody can go on, so that does not stop who does: of two requests that send the last part one
    ends the upload. ``length`` is noted if none was announced before.
    """
    upload = find(edit.uploads, token, principal, edit.now_ns)
    if offset not in {None, upload.received}:
        return upload
    if upload.length is None and offset is not None and not upload.complete:
        upload = replace(upload, length=length)
    return _store(edit, replace(upload, turn=upload.turn + 1))


def append(edit: Edit, limits: LiveSettings, upload: OpenUpload, extents: Sequence[Extent]) -> OpenUpload:
    """Record the next bytes; raises UploadOvertaken, TooManyUploads, InvalidOperation beyond the number of parts."""
    upload = _same_turn(edit, upload)
    size = total_length(extents)
    check_room(edit.uploads, limits, upload.principal, edit.now_ns, size)
    _add(edit, upload, chunk=0, position=upload.received, ranged=False, extents=extents)
    return _store(edit, replace(upload, received=upload.received + size, parts=upload.parts + 1))


def put_chunk(
    edit: Edit, limits: LiveSettings, upload: OpenUpload, chunk: int, extents: Sequence[Extent], *, ranged: bool
) -> OpenUpload:
    """Record a chunk, in place of what it was before; raises NotFound, TooManyUploads or InvalidOperation."""
    upload = find(edit.uploads, upload.token, upload.principal, edit.now_ns)
    old = edit.uploads.remove_chunk(upload.token, chunk)
    check_room(edit.uploads, limits, upload.principal, edit.now_ns, total_length(extents) - sum(old))
    _add(edit, upload, chunk=chunk, position=0, ranged=ranged, extents=extents)
    received = upload.received - sum(old) + total_length(extents)
    parts = upload.parts - len(old) + 1
    return _store(edit, replace(upload, received=received, parts=parts, turn=upload.turn + 1))


def drop_chunk(edit: Edit, upload: OpenUpload, chunk: int) -> OpenUpload:
    """Forget a chunk; raises NotFound if there is none."""
    upload = find(edit.uploads, upload.token, upload.principal, edit.now_ns)
    old = edit.uploads.remove_chunk(upload.token, chunk)
    if not old:
        raise NotFound("no such chunk")
    return _store(
        edit,
        replace(upload, received=upload.received - sum(old), parts=upload.parts - len(old), turn=upload.turn + 1),
    )


def finish(edit: Edit, upload: OpenUpload, *, remember: bool) -> None:
    """End an upload in the edit that links its file; raises UploadOvertaken if it grew since it was put together."""
    upload = _same_turn(edit, upload)
    if remember:
        edit.uploads.remove_parts(upload.token)
        _store(edit, replace(upload, complete=True, parts=0))
    else:
        edit.uploads.remove(upload.token)


def cancel(edit: Edit, token: str, principal: str) -> None:
    """Give an upload up; raises NotFound."""
    edit.uploads.remove(find(edit.uploads, token, principal, edit.now_ns).token)


def receive(body: Iterable[bytes], length: int | None, house: House, record: Callable[[FileNode], object]) -> None:
    """Take a body in blocks and have each recorded as soon as it is stored; memory: a block.

    ``length`` is what the body announces. What came of one that ends early is recorded too, and then Incomplete raised.
    """
    pieces = iter(body)
    block_bytes = house.settings.block_bytes
    expected = block_bytes if length is None else min(length, block_bytes)
    rest = memoryview(b"")
    ended: Incomplete | bool = False
    while not ended:
        with house.upload(expected) as upload:
            while (room := block_bytes - upload.received) and not ended:
                try:
                    rest = rest or memoryview(next(pieces, b""))
                except Incomplete as error:
                    ended = error
                else:
                    ended = not rest
                upload.write(rest[:room])
                rest = rest[room:]
            node = upload.finish(lambda _etag: EMPTY)
        if node.size:
            record(node)
    if isinstance(ended, Incomplete):
        raise ended


def assemble(house: House, upload: OpenUpload) -> FileNode:
    """Put the parts together as one file; its small pieces become blocks, but for a few that may stay inline.

    Raises InvalidOperation if a chunk in the middle is missing.
    """
    pieces = _Pieces(house)
    with house.uploads() as uploads:
        for part in _in_order(uploads.parts(upload.token)):
            for extent in extents_of(part):
                pieces.add(extent)
    return pieces.finish()


def named_blocks(uploads: Uploads, after_ns: int | None = None) -> Iterator[Locator]:
    """Iterate over the blocks that open uploads are made of, or those that end after a time, without hints."""
    for part in uploads.all_parts(after_ns):
        for extent in extents_of(part):
            if isinstance(extent, StoredExtent):
                yield extent.locator.bare()


def extents_of(part: Part) -> Sequence[Extent]:
    """Return the bytes of a part; raises JournalCorrupt."""
    change = decode(part.header, part.inline, _no_directory)
    if not isinstance(change, Put):
        raise JournalCorrupt("a part of an upload is not a file")
    return change.node.extents


class _Pieces:
    """Gathers extents: neighbours that are inline share blocks, so that a file of many small parts is not one."""

    def __init__(self, house: House) -> None:
        self._lease = house.lease()
        self._may_be_inline = house.settings.inline_bytes
        self._extents: list[Extent] = []
        self._run = bytearray()

    def add(self, extent: Extent) -> None:
        if not isinstance(extent, MemExtent):
            self._end_run()
            self._extents.append(extent)
            return
        self._run += extent.view()
        if len(self._run) >= _RUN_BYTES:
            self._end_run()

    def finish(self) -> FileNode:
        self._end_run()
        return FileNode(self._extents).freeze()

    def _end_run(self) -> None:
        if not self._run:
            return
        run, self._run = bytes(self._run), bytearray()
        if len(run) <= self._may_be_inline:
            self._may_be_inline -= len(run)
            self._extents.append(MemExtent(run))
        else:
            self._extents.append(self._lease.extent(self._lease.put(run)))


def _in_order(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts, and find out whether a chunk is missing between two."""
    expected: int | None = None
    offset = 0
    for part in parts:
        if part.position == 0:
            wanted = offset if part.ranged else expected
            if wanted is not None and part.chunk != wanted:
                raise InvalidOperation(f"chunk {wanted} is missing before chunk {part.chunk}")
            expected = part.chunk + 1
        offset += part.size
        yield part


def _add(edit: Edit, upload: OpenUpload, *, chunk: int, position: int, ranged: bool, extents: Sequence[Extent]) -> None:
    if upload.parts >= MAX_PARTS:
        raise InvalidOperation(f"an upload comes in {MAX_PARTS} parts at most", hint="send longer parts")
    edit.check_leases(extents)
    header, inline = encode(Put(_PATH, FileNode(extents)))
    edit.uploads.add_part(upload.token, Part(chunk, position, total_length(extents), ranged, header, inline))


def _same_turn(edit: Edit, upload: OpenUpload) -> OpenUpload:
    known = edit.uploads.get(upload.token)
    if known is None or known.turn != upload.turn or known.complete:
        raise UploadOvertaken("another request goes on with this upload, or gave it up")
    return known


def _no_directory(record: str, *, files: int, bytes: int, attributes: Attributes) -> DirNode:  # noqa: A002, ARG001
    raise JournalCorrupt(f"a part of an upload names the directory {record}")


def _store(edit: Edit, upload: OpenUpload) -> OpenUpload:
    upload = replace(upload, expires_ns=edit.now_ns + LIFETIME_S * 1_000_000_000)
    edit.uploads.change(upload)
    return upload
