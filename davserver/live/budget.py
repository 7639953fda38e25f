"""One memory budget for all bodies of a process.

Owns: how many bytes may be held at once, and who waits.
Invariants: the sum of what is granted never exceeds the limit; who waits holds nothing, so that nobody waits for
somebody who waits.

A wish may bend: slow uploads hold what they were granted for hours, and if each had all it wished for, a handful of
them would leave nothing to anybody. So a wish that bends gets a part of what is free beyond a reserve, and the reserve
is there for the least that each needs: for as many as there are threads, with the defaults.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from davserver.errors import StoreUnavailable

_RESERVED_PARTS = 8
"""One part in so many of the limit is for the least that wishes need."""
_GREED = 2
"""A wish that bends is granted one part in so many of what is free, if that is more than the least."""


class MemoryBudget:
    """Grants bytes of memory; waits when they run out. Threads: any."""

    def __init__(self, limit_bytes: int, patience_s: float) -> None:
        self._limit = limit_bytes
        self._patience_s = patience_s
        self._granted = 0
        self._changed = threading.Condition()

    @contextmanager
    def grant(self, wanted_bytes: int, least_bytes: int | None = None) -> Iterator[int]:
        """Hold bytes for the length of a ``with`` block, which is told how many.

        Without ``least_bytes`` it is all or nothing; with it, what there is room for between the two. Above the limit,
        the limit is meant. Raises StoreUnavailable if the others do not give enough back in time.
        """
        least = min(self._limit, wanted_bytes, wanted_bytes if least_bytes is None else least_bytes)
        with self._changed:
            if not self._changed.wait_for(lambda: self._granted + least <= self._limit, self._patience_s):
                raise StoreUnavailable(f"no memory for {least} more bytes of a body: too many uploads at once")
            free = self._limit - self._limit // _RESERVED_PARTS - self._granted
            granted = max(least, min(wanted_bytes, free // _GREED))
            self._granted += granted
        try:
            yield granted
        finally:
            with self._changed:
                self._granted -= granted
                self._changed.notify_all()
