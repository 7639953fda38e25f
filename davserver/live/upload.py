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
from dataclasses import dataclass
from types import TracebackType

from davserver.collection.attributes import Attributes
from davserver.collection.etag import content_etag
from davserver.collection.extents import Extent, MemExtent
from davserver.collection.filenode import FileNode
from davserver.live.budget import MemoryBudget
from davserver.live.filling import Filling
from davserver.live.lease import Lease
from davserver.values import Buffer, Locator

_LEAST_IN_INLINE = 8
"""An upload is content with so many times what may be inline: with the defaults 1 MiB, in blocks of half of it."""
_AT_ONCE = 3
"""Blocks of one upload in memory: two that are hashed on two cores while the third one comes. 1 GiB of new bytes took
1.4 s, and with two blocks 1.6 to 2.1."""


@dataclass(frozen=True, slots=True)
class Threads:
    """Who works beside those who receive: ``hashing`` only computes and never waits, ``storing`` waits for disks."""

    hashing: Executor
    storing: Executor


class Upload:
    """One body; a context manager that gives its memory back. Threads: one at a time.

    At most three blocks are in memory: one fills, and is hashed as it fills, while the two before it are stored. When
    memory is short, there are fewer, at last one that is stored before the next one fills, or blocks are smaller.
    """

    def __init__(
        self,
        lease: Lease,
        threads: Threads,
        budget: MemoryBudget,
        *,
        expected_bytes: int | None,
        block_bytes: int,
        inline_bytes: int,
    ) -> None:
        self._lease = lease
        self._threads = threads
        self._expected_bytes = expected_bytes
        self._block_bytes = block_bytes
        self._inline_bytes = inline_bytes
        self._at_once = _AT_ONCE
        most = self._at_once * block_bytes
        self._wanted = most if expected_bytes is None else min(expected_bytes, most)
        self._grant = budget.grant(self._wanted, _LEAST_IN_INLINE * inline_bytes)
        self._filling: Filling | None = None
        self._storing: list[tuple[Filling, Future[Locator]]] = []
        self._spare: list[Filling] = []
        self._extents: list[Extent] = []
        self._exit = ExitStack()
        self.received = 0

    def __enter__(self) -> Upload:
        granted = self._exit.enter_context(self._grant)
        if granted < self._wanted:
            self._at_once = granted // self._block_bytes
            if not self._at_once:
                self._at_once = 2
                self._block_bytes = granted // 2
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The budget counts what is still being hashed or stored: wait for it whether or not it goes well.
        for _, future in self._storing:
            if not future.cancel():
                future.exception()
        if self._filling is not None:
            self._filling.settle()
        self._filling = None
        self._storing.clear()
        self._spare.clear()
        self._exit.close()

    def room(self) -> memoryview:
        """Return where the next bytes may be put, up to the end of a block; ``came`` says how many they were.

        Raises what storing an earlier block raised.
        """
        filling = self._filling
        if filling is None:
            filling = self._filling = self._begin()
        elif filling.size == filling.capacity:
            filling = self._filling = self._grown(filling)
        return filling.room

    def came(self, count: int) -> None:
        """Take the bytes that were put into ``room``; raises what storing an earlier block raised."""
        filling = self._filling
        if filling is None:
            raise RuntimeError("bytes came for which there is no room")
        filling.came(count)
        self.received += count
        if filling.size == self._block_bytes:
            self._store(filling)

    def write(self, data: Buffer) -> None:
        """Take a copy of the next bytes; raises what storing an earlier block raised."""
        view = memoryview(data).cast("B")
        while view:
            room = self.room()
            count = min(len(room), len(view))
            room[:count] = view[:count]
            self.came(count)
            view = view[count:]

    def finish(self, attributes: Callable[[str], Attributes]) -> FileNode:
        """Return the whole file, frozen; ``attributes`` makes its attributes from its ETag.

        All of its blocks are stored and synced; a small tail is inline.
        """
        filling = self._filling
        if filling is not None and filling.size > self._inline_bytes:
            self._store(filling)
        self._settle(0)
        if self._filling is not None and self._filling.size:
            self._extents.append(MemExtent(bytes(self._filling.data)))
        return FileNode(self._extents, attributes(content_etag(self._extents))).freeze()

    def _begin(self) -> Filling:
        """Return an empty block; of the last one no more than what is expected."""
        if self._spare:
            return self._spare.pop().empty()
        left = self._block_bytes if self._expected_bytes is None else self._expected_bytes - self.received
        return Filling(left if 0 < left < self._block_bytes else self._block_bytes, self._threads.hashing)

    def _grown(self, full: Filling) -> Filling:
        """Return a block of full size with the bytes of one in which fewer were expected."""
        larger = Filling(self._block_bytes, self._threads.hashing)
        larger.room[: full.size] = full.data
        larger.came(full.size)
        full.settle()
        return larger

    def _store(self, filling: Filling) -> None:
        self._filling = None
        self._storing.append((filling, self._threads.storing.submit(self._put, filling)))
        self._settle(self._at_once - 1)

    def _put(self, filling: Filling) -> Locator:
        return self._lease.put(filling.data, filling.locator())

    def _settle(self, most: int) -> None:
        """Wait until at most so many blocks are being stored; takes them in their order."""
        while len(self._storing) > most:
            filling, future = self._storing[0]
            locator = future.result()
            del self._storing[0]
            self._extents.append(self._lease.extent(locator))
            if filling.capacity == self._block_bytes:
                self._spare.append(filling)
