"""The block store that does nothing itself.

Owns: the forwarding of every verb, so that a wrapper shows only what it changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from davserver.blocks.blockfile import Pace, at_once
from davserver.blocks.rescue import CanBeRescued, Rescue
from davserver.blocks.store import BlockStore, KnowsSpace, StoredBlock, TrashedBlock
from davserver.values import Buffer, Locator


class Wrapper:
    """A block store around ``inner``; every verb is the inner one's. See ``blocks.store``."""

    def __init__(self, inner: BlockStore) -> None:
        self.inner = inner

    def get(self, locator: Locator) -> bytes:
        """Forward."""
        return self.inner.get(locator)

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        """Forward."""
        return self.inner.read(locator, offset, length)

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Forward."""
        return self.inner.put(data, known)

    def index(self, prefix: str = "", after: str = "") -> Iterator[StoredBlock]:
        """Forward."""
        return self.inner.index(prefix, after)

    def stat(self, locator: Locator) -> StoredBlock:
        """Forward."""
        return self.inner.stat(locator)

    def verify(self, locator: Locator, pace: Pace = at_once) -> None:
        """Forward."""
        self.inner.verify(locator, pace)

    def touch(self, locator: Locator) -> None:
        """Forward."""
        self.inner.touch(locator)

    def trash(self, locator: Locator, *, older_than_ns: int, keep_s: float) -> bool:
        """Forward."""
        return self.inner.trash(locator, older_than_ns=older_than_ns, keep_s=keep_s)

    def untrash(self, locator: Locator) -> None:
        """Forward."""
        self.inner.untrash(locator)

    def trashed(self, prefix: str = "") -> Iterator[TrashedBlock]:
        """Forward."""
        return self.inner.trashed(prefix)

    def claim(self, catalog: str, note: str) -> None:
        """Forward."""
        self.inner.claim(catalog, note)

    def claims(self) -> dict[str, str]:
        """Forward."""
        return self.inner.claims()

    def empty_trash(self) -> int:
        """Forward."""
        return self.inner.empty_trash()

    def free_bytes(self) -> int | None:
        """Forward where the inner store knows."""
        return self.inner.free_bytes() if isinstance(self.inner, KnowsSpace) else None

    def rescue(self) -> Rescue | None:
        """Forward where the inner store can be repaired."""
        return self.inner.rescue() if isinstance(self.inner, CanBeRescued) else None

    def check_ready(self) -> None:
        """Forward."""
        self.inner.check_ready()

    def close(self) -> None:
        """Forward."""
        self.inner.close()
