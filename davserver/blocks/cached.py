"""Small blocks' bytes in memory.

Owns: a byte budget, and which blocks fill it: the last used, none larger than ``small_bytes``.
Never: verifies; it stands in front of a VerifiedStore and keeps what that returned.
Invariants: the sum of the kept bytes stays within the budget; a block trashed through this store is forgotten by it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from davserver.blocks.address import check_slice
from davserver.blocks.store import BlockStore, ServesFiles, VerifiedBlock
from davserver.blocks.wrapper import Wrapper
from davserver.values import Locator

SMALL_BYTES = 1 << 18


class CachedStore(Wrapper):
    """A block store that remembers small blocks. Threads: safe; two that miss at once both read."""

    def __init__(
        self,
        inner: BlockStore,
        *,
        budget_bytes: int,
        small_bytes: int = SMALL_BYTES,
        remembered: Callable[[int], None] = lambda _size: None,
    ) -> None:
        """Let ``remembered`` know of the size of each block that was in memory when somebody asked for it."""
        super().__init__(inner)
        self._remembered = remembered
        self._budget_bytes = budget_bytes
        self._small_bytes = min(small_bytes, budget_bytes)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._kept_bytes = 0

    def get(self, locator: Locator) -> bytes:
        """Return a whole block, from memory if it is there."""
        if locator.size > self._small_bytes:
            return self.inner.get(locator)
        key = (locator.md5, locator.size)
        with self._lock:
            data = self._kept.get(key)
            if data is not None:
                self._kept.move_to_end(key)
        if data is not None:
            self._remembered(len(data))
            return data
        data = self.inner.get(locator)
        self._keep(key, data)
        return data

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        """Return a slice; of a small block by keeping all of it."""
        if locator.size > self._small_bytes:
            return self.inner.read(locator, offset, length)
        check_slice(locator, offset, length)
        data = self.get(locator)
        return data if length == len(data) else data[offset : offset + length]

    def open_verified(self, locator: Locator) -> VerifiedBlock | None:
        """Open a block as a file where the inner store can; small blocks are better sent from memory."""
        if locator.size > self._small_bytes and isinstance(self.inner, ServesFiles):
            return self.inner.open_verified(locator)
        return None

    def trash(self, locator: Locator, *, older_than_ns: int, keep_s: float) -> bool:
        """Trash a block and forget its bytes."""
        with self._lock:
            data = self._kept.pop((locator.md5, locator.size), b"")
            self._kept_bytes -= len(data)
        return self.inner.trash(locator, older_than_ns=older_than_ns, keep_s=keep_s)

    def close(self) -> None:
        """Forget everything, then close the inner store."""
        with self._lock:
            self._kept.clear()
            self._kept_bytes = 0
        self.inner.close()

    def _keep(self, key: tuple[str, int], data: bytes) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = data
            self._kept_bytes += len(data)
            while self._kept_bytes > self._budget_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._kept_bytes -= len(dropped)
