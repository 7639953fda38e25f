"""Flushing: from mem extents to stored ones, in the background and on request.

Owns: how many blocks may be written at once, and which extents share a block.
Never: a file's lock, a directory.
Follows: Arvados ``fs_collection.go`` (pruneMemSegments, flush, commitBlock).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from davserver.blocks.store import BlockWriter
from davserver.collection.extents import Extent, MemExtent, RangeReader, StoredExtent
from davserver.collection.filenode import FileNode
from davserver.cores import anywhere
from davserver.values import Locator


class FileBlocks(RangeReader, BlockWriter, Protocol):
    """What a filesystem needs of a block store: ranges to read, whole blocks to write."""


class Writers:
    """A few threads that store blocks. ``store`` blocks the caller while all of them are busy: that bounds memory."""

    def __init__(self, blocks: BlockWriter, count: int) -> None:
        self._blocks = blocks
        self._free = threading.Semaphore(count)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="flush", initializer=anywhere)

    def store(self, extent: MemExtent, done: Callable[[Future[Locator]], None]) -> None:
        """Store an extent's bytes as a block; ``done`` gets the result, in the thread that stored it."""

        def finish(future: Future[Locator]) -> None:
            try:
                done(future)
            finally:
                self._free.release()

        self._free.acquire()
        self._threads.submit(self._blocks.put, extent.view()).add_done_callback(finish)

    def close(self) -> None:
        """Wait for all that was begun; the threads end."""
        self._threads.shutdown()


def pack_files(files: Iterable[FileNode], blocks: BlockWriter, max_block: int, *, short_blocks: bool) -> list[FileNode]:
    """Store the mem extents of one directory's files, and return the files of the same bytes that are left then.

    Extents of more than half a block are stored alone, the others share blocks in the order they come. Without
    ``short_blocks``, what does not fill a block stays in memory. Raises what storing raises; then nothing is changed.
    (A commit packs a whole tree instead, across directories: ``pack``.)
    """
    files = list(files)
    stored: dict[MemExtent, StoredExtent] = {}
    # A file may stand in the directory twice; its bytes are stored once.
    mem = dict.fromkeys(extent for file in files for extent in file.extents if isinstance(extent, MemExtent))
    for group in _groups(mem, max_block, short_blocks=short_blocks):
        locator = blocks.put(group[0].view() if len(group) == 1 else b"".join(extent.view() for extent in group))
        offset = 0
        for extent in group:
            stored[extent] = StoredExtent(locator, offset, extent.length)
            offset += extent.length
    return [_packed(file, stored) for file in files]


def _packed(file: FileNode, stored: dict[MemExtent, StoredExtent]) -> FileNode:
    extents: list[Extent] = [stored.get(e, e) if isinstance(e, MemExtent) else e for e in file.extents]
    if all(new is old for new, old in zip(extents, file.extents, strict=True)):
        return file
    return FileNode(extents, file.attributes).freeze()


def _groups(extents: Iterable[MemExtent], max_block: int, *, short_blocks: bool) -> Iterator[list[MemExtent]]:
    pending: list[MemExtent] = []
    size = 0
    for extent in extents:
        if extent.length > max_block // 2:
            yield [extent]
            continue
        if size + extent.length > max_block:
            yield pending
            pending, size = [], 0
        pending.append(extent)
        size += extent.length
    if pending and short_blocks:
        yield pending
