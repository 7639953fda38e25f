"""A block store that tells how long it took: what is the disk's, and what is not.

Owns: the measuring, and which calls count as which operation.
Why: a slow answer is the client's line, the server's work, or the store's disk; only the last shows here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from davserver.blocks.store import BlockStore, ServesFiles, VerifiedBlock
from davserver.blocks.wrapper import Wrapper
from davserver.values import Buffer, Locator

OPERATIONS = ("read", "open", "write")
"""``open``: a block is handed out as a file; its bytes are the kernel's business from then on."""


class Meter(Protocol):
    """Who is told. Threads: any."""

    def moved(self, operation: str, size: int, seconds: float) -> None:
        """Hear of an operation that succeeded."""

    def remembered(self, size: int) -> None:
        """Hear of so many bytes for which the store was not asked: they were in memory."""


class MeteredStore(Wrapper):
    """A block store that tells a meter of each operation. Threads: safe."""

    def __init__(self, inner: BlockStore, meter: Meter, monotonic: Callable[[], float]) -> None:
        super().__init__(inner)
        self._meter = meter
        self._monotonic = monotonic

    def get(self, locator: Locator) -> bytes:
        """Return a whole block."""
        began = self._monotonic()
        data = self.inner.get(locator)
        self._meter.moved("read", len(data), self._monotonic() - began)
        return data

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        """Return a slice of a block."""
        began = self._monotonic()
        data = self.inner.read(locator, offset, length)
        self._meter.moved("read", length, self._monotonic() - began)
        return data

    def open_verified(self, locator: Locator) -> VerifiedBlock | None:
        """Open a block as a file where the inner store can."""
        if not isinstance(self.inner, ServesFiles):
            return None
        began = self._monotonic()
        block = self.inner.open_verified(locator)
        self._meter.moved("open", 0, self._monotonic() - began)
        return block

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Store a block."""
        began = self._monotonic()
        locator = self.inner.put(data, known)
        self._meter.moved("write", locator.size, self._monotonic() - began)
        return locator
