"""The space that new content leaves alone.

Owns: the floor of free space below which no body is taken.
Why: on a disk that is full to the last byte nothing can be deleted any more, since a DELETE is an entry of the journal,
and no commit made, which stores content again before the journal lets go of it. Whoever meets the floor hears so
before the body, not in its middle.
Never: stands in the way of what a commit, a repair or garbage collection stores.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from davserver.blocks.store import KnowsSpace
from davserver.errors import StoreFull
from davserver.values import Buffer, Locator

PLENTY_BYTES = 1 << 30
"""Where so much more than the reserve was free, small bodies do not look again for a while: a look takes as long as
everything else that is done to receive one."""
_SMALL_BYTES = 1 << 20
_LOOK_S = 1.0

HINT = "free some space: delete, then let versions go and run davserver gc; or give the disk more room"


class BlockWriter(Protocol):
    """What stores blocks."""

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Store a block durably and return its locator."""


class Reserve:
    """A block writer for what comes in. Threads: any. Cost: a system call or two for each block."""

    def __init__(
        self,
        blocks: BlockWriter,
        catalog_free: Callable[[], int],
        reserve_bytes: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep ``reserve_bytes`` free, both where blocks are and where the catalog is; 0: nothing."""
        self._blocks = blocks
        self._catalog_free = catalog_free
        self._reserve_bytes = reserve_bytes
        self._monotonic = monotonic
        self._plenty_until_s = 0.0
        self._near_the_floor = threading.Lock()

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Store a block if the reserve stays; raises StoreFull, and what the store raises.

        Where there is not plenty, one block at a time: none counts on the room that another is about to take.
        """
        size = memoryview(data).nbytes
        if self._plenty(size):
            return self._blocks.put(data, known)
        with self._near_the_floor:
            self.require(size)
            return self._blocks.put(data, known)

    def require(self, size: int) -> None:
        """Raise StoreFull if so many bytes more would touch the reserve."""
        self._plenty(size)

    def _plenty(self, size: int) -> bool:
        """Say whether so many bytes more leave plenty beside the reserve; raises StoreFull if they would touch it."""
        if not self._reserve_bytes:
            return True
        now_s = self._monotonic()
        if size <= _SMALL_BYTES and now_s < self._plenty_until_s:
            return True
        stored = self._blocks.free_bytes() if isinstance(self._blocks, KnowsSpace) else None
        known = [
            (place, free) for place, free in (("blocks", stored), ("catalog", self._catalog_free())) if free is not None
        ]
        for place, free in known:
            if free - size < self._reserve_bytes:
                raise StoreFull(f"{free} bytes are free for the {place}, {self._reserve_bytes} stay free", hint=HINT)
        plenty = all(free - size - self._reserve_bytes > PLENTY_BYTES for _, free in known)
        if plenty:
            self._plenty_until_s = now_s + _LOOK_S
        return plenty
