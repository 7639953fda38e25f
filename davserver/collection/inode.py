"""Inode: one open file of the filesystem, shared by all of its handles.

Owns: the file's content while it is open, the lock around it, and the blocks that are being stored for it.
Never: the file's place in the tree: the filesystem links what ``settle`` returns.
Follows: the seed's ``filenode`` and its lock; Arvados ``pruneMemSegments``.
Invariants: a mem extent that fills a block is handed to the writers at once; bytes in memory are given up only for a
stored block with the same bytes.

Threading: any number of threads. The lock is held neither while a writer waits for a free thread, nor while bytes are
read of a file that nobody changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from davserver.collection.extents import MemExtent, StoredExtent
from davserver.collection.filenode import FileNode, FilePointer
from davserver.collection.flushing import FileBlocks, Writers
from davserver.values import Buffer, Locator, TreePath


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all files of a filesystem have in common."""

    blocks: FileBlocks
    writers: Writers
    now_ns: Callable[[], int]
    max_block: int


class Inode:
    """The content of an open file.

    ``path`` and ``handles`` are the filesystem's: where the file is now (None if it is gone), and how many use it.
    """

    def __init__(self, node: FileNode, around: Surroundings, path: TreePath | None = None) -> None:
        self._node = node
        self._around = around
        self._lock = threading.Condition(threading.Lock())
        self._storing: list[MemExtent] = []
        self._failure: BaseException | None = None
        self.path = path
        self.handles = 0

    @property
    def node(self) -> FileNode:
        """The content now: to be asked for its size and attributes, not to be read or kept while others write."""
        return self._node

    def read(self, pointer: FilePointer, n: int) -> tuple[bytes, FilePointer]:
        """Read up to ``n`` bytes out of one extent, as ``FileNode.read``."""
        with self._lock:
            node = self._node
            if not node.frozen:
                return node.read(pointer, n, self._around.blocks)
        return node.read(pointer, n, self._around.blocks)

    def write(self, pointer: FilePointer | None, data: Buffer) -> FilePointer:
        """Write at a pointer, or with None at the end, which is found under the same lock as the write.

        Full blocks go to the store in the background; waits while too many do. Raises what storing an earlier block
        raised, before it writes anything: the block's bytes are kept, and the next flush tries again.
        """
        with self._lock:
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            node = self._changing()
            start = node.seek(FilePointer(node.size) if pointer is None else pointer)
            behind = node.write(start, data, max_block=self._around.max_block)
            full = self._full_extents(node, start.extent - 1, behind.extent + 1)
            self._storing += full
        for share in full:
            self._around.writers.store(share, partial(self._stored, share))
        return behind

    def truncate(self, size: int) -> None:
        """Cut the file, or let it grow by zeros."""
        with self._lock:
            self._changing().truncate(size)

    def settle(self) -> FileNode:
        """Return the content as a final file; the next change is made to a clone."""
        with self._lock:
            return self._node.freeze()

    def adopt(self, before: FileNode, after: FileNode) -> None:
        """Take a file of the same bytes in the place of one that ``settle`` returned, unless it was changed since."""
        with self._lock:
            if self._node is before:
                self._node = after

    @property
    def storing(self) -> bool:
        """Whether blocks of this file are being stored."""
        return bool(self._storing)

    def wait(self) -> None:
        """Wait until no block of this file is being stored; a failure is forgotten: the flush that follows retries."""
        with self._lock:
            self._lock.wait_for(lambda: not self._storing)
            self._failure = None

    def _changing(self) -> FileNode:
        """Return the content to be changed, a clone if it is final; what was known of the old bytes is forgotten."""
        if self._node.frozen:
            self._node = self._node.clone()
        known = self._node.attributes
        self._node.set_attributes(replace(known, etag=None, checksums=(), mtime_ns=self._around.now_ns()))
        return self._node

    def _full_extents(self, node: FileNode, first: int, last: int) -> list[MemExtent]:
        """Return shares of the mem extents in a range that fill a block and are not being stored yet."""
        return [
            extent.share()
            for extent in node.extents[max(first, 0) : last]
            if isinstance(extent, MemExtent)
            and extent.length >= self._around.max_block
            and not any(extent.is_unchanged(share) for share in self._storing)
        ]

    def _stored(self, share: MemExtent, stored: Future[Locator]) -> None:
        """Put a stored block in the place of its bytes, wherever they are still what they were."""
        with self._lock:
            self._storing.remove(share)
            self._lock.notify_all()
            self._failure = stored.exception() or self._failure
            if stored.exception() is None:
                if self._node.frozen:
                    self._node = self._node.clone()
                self._node.exchange(share, StoredExtent(stored.result(), 0, share.length))
