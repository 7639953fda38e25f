"""A file's bytes on their way out.

Owns: the pieces in which they leave: slices of at most 1 MiB, or spans of verified block files that the server sends
without copying them; small extents are gathered.
Never: a header.
Invariants: a span is exactly the bytes that were asked for, or an exception; never short with a clean end. Of each
block that is sent as a file the last bytes are read, after a look whether the file is still the one that was verified:
so a client cannot have received the whole of something else.
"""

from __future__ import annotations

from collections.abc import Iterator

from davserver.blocks.store import ServesFiles, VerifiedBlock
from davserver.collection.extents import Extent, RangeReader, StoredExtent
from davserver.collection.filenode import FileNode
from davserver.dav.filespan import FileSpan
from davserver.dav.ranges import Span
from davserver.dav.requests import SLICE_BYTES
from davserver.errors import BlockCorrupt

GATHER_BYTES = 64 << 10
SPAN_BYTES = 16 << 20
LENT_BYTES = 1 << 20
"""Extents below this size are read: opening a file costs more than copying so little."""
TAIL_BYTES = 4 << 10


class FileSource:
    """One file to be read for one response. Threads: one."""

    def __init__(self, file: FileNode, blocks: RangeReader, *, sends_files: bool) -> None:
        self._file = file
        self._blocks = blocks
        self._sends_files = sends_files

    def begin(self, span: Span) -> bytes | Iterator[bytes]:
        """Get the first bytes of a span, all of them if they are few; raises BlockError."""
        length = span.stop - span.start
        data = self._file.read_within(span.start, length, self._blocks) if length < LENT_BYTES else None
        return begun(self.read(span)) if data is None else data

    def read(self, span: Span) -> Iterator[bytes]:
        """Yield the bytes of a span of the file; raises BlockError."""
        gathered: list[bytes] = []
        size = 0
        for extent in self._file.slices(span.start, span.stop - span.start):
            for piece in self._pieces(extent):
                if len(piece) < GATHER_BYTES and not isinstance(piece, FileSpan):
                    gathered.append(piece)
                    size += len(piece)
                    if size >= GATHER_BYTES:
                        yield b"".join(gathered)
                        gathered, size = [], 0
                    continue
                if gathered:
                    yield b"".join(gathered)
                    gathered, size = [], 0
                yield piece
        if gathered:
            yield b"".join(gathered)

    def _pieces(self, extent: Extent) -> Iterator[bytes]:
        if self._sends_files and extent.length >= LENT_BYTES and isinstance(extent, StoredExtent):
            files = self._blocks  # asked only here: whether something fits a Protocol takes 10 us to find out
            block = files.open_verified(extent.locator) if isinstance(files, ServesFiles) else None
            if block is not None:
                with block:
                    yield from self._lent(block, extent)
                return
        for offset in range(0, extent.length, SLICE_BYTES):
            yield extent.read(offset, min(SLICE_BYTES, extent.length - offset), self._blocks)

    def _lent(self, block: VerifiedBlock, extent: StoredExtent) -> Iterator[bytes]:
        offset = extent.offset
        tail = offset + extent.length - TAIL_BYTES
        while offset < tail:
            length = min(SPAN_BYTES, tail - offset)
            yield FileSpan(block.fileno(), offset, length)
            if not block.is_unchanged():
                raise BlockCorrupt(str(extent.locator), "its file changed while it was being sent")
            offset += length
        yield extent.read(extent.length - TAIL_BYTES, TAIL_BYTES, self._blocks)


def begun(pieces: Iterator[bytes], eager: int = 1) -> bytes | Iterator[bytes]:
    """Get the first pieces now, so that what fails at once fails before the header; what is short comes back whole.

    A file span is not gone past: what follows it assumes that it was sent.
    """
    early: list[bytes] = []
    for _ in range(eager + 1):
        piece = next(pieces, None)
        if piece is None:
            return b"".join(early)
        early.append(piece)
        if isinstance(piece, FileSpan) or (len(early) == eager and len(piece) >= SLICE_BYTES):
            break
    return _rest(early, pieces)


def _rest(early: list[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from early
    early.clear()
    yield from pieces
