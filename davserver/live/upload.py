"""Receiving a body: built aside, linked only when whole.

Owns: the bytes of one file on their way in; which of them become blocks at once and which go inline.
Never: links the file (``edit`` does) or knows what a request is.
Invariants: what was not finished leaves nothing behind but blocks that nobody names, which gc sweeps; a block that a
finished file names is stored and synced, and under a lease until an edit names it (``lease``).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from types import TracebackType

from davserver.collection.attributes import Attributes
from davserver.collection.etag import content_etag
from davserver.collection.extents import Extent, MemExtent
from davserver.collection.filenode import FileNode
from davserver.live.budget import MemoryBudget
from davserver.live.lease import Lease
from davserver.values import Buffer, Locator

_LEAST_IN_INLINE = 8
"""An upload is content with so many times what may be inline: with the defaults 1 MiB, in blocks of half of it."""


class Upload:
    """One body; a context manager that gives its memory back. Threads: one at a time.

    At most two blocks are in memory: one fills while the one before it is hashed and stored. When memory is short, one
    block is stored before the next one fills, or blocks are smaller.
    """

    def __init__(
        self,
        lease: Lease,
        executor: Executor,
        budget: MemoryBudget,
        *,
        expected_bytes: int | None,
        block_bytes: int,
        inline_bytes: int,
    ) -> None:
        self._lease = lease
        self._executor = executor
        self._block_bytes = block_bytes
        self._inline_bytes = inline_bytes
        self._overlaps = True
        most = 2 * block_bytes
        self._wanted = most if expected_bytes is None else min(expected_bytes, most)
        self._grant = budget.grant(self._wanted, _LEAST_IN_INLINE * inline_bytes)
        self._buffer = bytearray()
        self._storing: list[Future[Locator]] = []
        self._extents: list[Extent] = []
        self._exit = ExitStack()
        self.received = 0

    def __enter__(self) -> Upload:
        granted = self._exit.enter_context(self._grant)
        if granted < self._wanted:
            self._overlaps = granted < self._block_bytes
            self._block_bytes = granted // 2 if self._overlaps else self._block_bytes
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The budget counts the block that is still being stored: wait for it whether or not it goes well.
        self._exit.callback(self._buffer.clear)
        for future in self._storing:
            if not future.cancel():
                future.exception()
        self._exit.close()

    def write(self, data: Buffer) -> None:
        """Take the next bytes; raises what storing an earlier block raised."""
        view = memoryview(data)
        while view:
            piece = view[: self._block_bytes - len(self._buffer)]
            self._buffer += piece
            self.received += len(piece)
            view = view[len(piece) :]
            if len(self._buffer) == self._block_bytes:
                self._store()

    def finish(self, attributes: Callable[[str], Attributes]) -> FileNode:
        """Return the whole file, frozen; ``attributes`` makes its attributes from its ETag.

        All of its blocks are stored and synced; a small tail is inline.
        """
        if len(self._buffer) > self._inline_bytes:
            self._store()
        self._settle()
        if self._buffer:
            self._extents.append(MemExtent(bytes(self._buffer)))
        return FileNode(self._extents, attributes(content_etag(self._extents))).freeze()

    def _store(self) -> None:
        full, self._buffer = self._buffer, bytearray()
        self._settle()
        self._storing.append(self._executor.submit(self._lease.put, full))

    def _settle(self) -> None:
        """Wait for the block that is being stored."""
        while self._storing:
            locator = self._storing[0].result()
            del self._storing[0]
            self._extents.append(self._lease.extent(locator))
