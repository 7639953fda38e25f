"""A block on its way in: its bytes, and its hash, which follows close behind them.

Owns: the memory of one block; which of its bytes are hashed.
Never: decides where a block ends, or stores it.
Why: hashing is what takes longest of an upload (one core's MD5 does some 700 MB/s). So it runs beside the receiving, on
another core, while the bytes are still in the processor's cache; and when the last one has come, little is left.
Threads: one fills; at most one of ``hashing`` follows; whoever stores the block waits for that one in ``locator``.
"""

from __future__ import annotations

import hashlib
import mmap
import threading
from concurrent.futures import Executor, Future

from davserver.values import Locator

MAPPED_BYTES = 1 << 20
"""More memory than this is mapped, so that pages nobody writes to are never there; a bytearray is filled with zeros."""
_FOLLOWED_BYTES = 1 << 18
"""So much is still in the processor's cache when it is hashed: 1 GiB took 1.42 s, and 1.38 to 1.66 by the MiB."""


class Filling:
    """At most ``capacity`` bytes of a block, and how many there are."""

    def __init__(self, capacity: int, hashing: Executor) -> None:
        self.capacity = capacity
        self.size = 0
        self._memory = memoryview(mmap.mmap(-1, capacity) if capacity > MAPPED_BYTES else bytearray(capacity))
        self._hashing = hashing
        self._lock = threading.Lock()
        self._following: Future[None] | None = None
        self._is_followed = False
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._hashed = 0

    @property
    def room(self) -> memoryview:
        """Where the next bytes go; they count when ``came`` is called."""
        return self._memory[self.size :]

    @property
    def data(self) -> memoryview:
        """The bytes that have come; who keeps them does not use this block again."""
        return self._memory[: self.size]

    def came(self, count: int) -> None:
        """Count the next bytes, and have them hashed by and by."""
        with self._lock:
            self.size += count
            if self._is_followed or self.size - self._hashed < _FOLLOWED_BYTES:
                return
            self._is_followed = True
        self._following = self._hashing.submit(self._follow)

    def locator(self) -> Locator:
        """Return the name of all that has come, once it is hashed; nothing may come after it."""
        self.settle()
        self._md5.update(self._memory[self._hashed : self.size])
        self._hashed = self.size
        return Locator(self._md5.hexdigest(), self.size)

    def settle(self) -> None:
        """Wait until no other thread looks at the bytes."""
        if self._following is not None:
            self._following.result()

    def empty(self) -> Filling:
        """Begin another block in the same memory; the pages need not be made anew, which is a tenth of the work."""
        self.settle()
        self.size = self._hashed = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        return self

    def _follow(self) -> None:
        while True:
            with self._lock:
                end = self.size
                if end - self._hashed < _FOLLOWED_BYTES:
                    self._is_followed = False
                    return
            self._md5.update(self._memory[self._hashed : end])
            self._hashed = end
