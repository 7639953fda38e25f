"""One memory budget for all bodies of a process.

Owns: how many bytes may be held at once, and who waits.
Invariants: the sum of what is granted never exceeds the limit; who waits holds nothing, so that nobody waits for
somebody who waits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from davserver.errors import StoreUnavailable


class MemoryBudget:
    """Grants bytes of memory; waits when they run out. Threads: any."""

    def __init__(self, limit_bytes: int, patience_s: float) -> None:
        self._limit = limit_bytes
        self._patience_s = patience_s
        self._granted = 0
        self._changed = threading.Condition()

    @contextmanager
    def grant(self, wanted_bytes: int) -> Iterator[None]:
        """Hold bytes for the length of a ``with`` block; a wish above the limit is granted when nobody else holds any.

        Raises StoreUnavailable if the others do not give enough back in time.
        """
        wanted = min(wanted_bytes, self._limit)
        with self._changed:
            if not self._changed.wait_for(lambda: self._granted + wanted <= self._limit, self._patience_s):
                raise StoreUnavailable(f"no memory for {wanted} more bytes of a body: too many uploads at once")
            self._granted += wanted
        try:
            yield
        finally:
            with self._changed:
                self._granted -= wanted
                self._changed.notify_all()
