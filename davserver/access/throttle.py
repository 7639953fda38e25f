"""Wrong guesses: how many are free, and how long the next one has to wait.

Owns: the counts, by account and by address, in the memory of one process.
Never: waits. Who has to wait is told so and goes away, so that no thread is held by somebody who guesses.
Invariant: the memory is bounded: the oldest counts are forgotten first.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_PER_ACCOUNT = 5
FREE_PER_ADDRESS = 20
"""Behind one address there may be many people."""
LONGEST_S = 300.0
_REMEMBERED = 20_000


@dataclass(slots=True)
class _Count:
    wrong: int
    until_s: float
    last_s: float


class Throttle:
    """Counts wrong guesses. Threads: any. ``monotonic`` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._counts: OrderedDict[tuple[str, str], _Count] = OrderedDict()

    def wait_s(self, account: str, address: str) -> int:
        """Return how many whole seconds a guess has to wait, 0 if it may be made now."""
        now_s = self._monotonic()
        with self._lock:
            known = [self._counts.get(key) for key, _ in _keys(account, address)]
        return max(math.ceil(max(count.until_s - now_s, 0.0)) if count is not None else 0 for count in known)

    def wrong(self, account: str, address: str) -> None:
        """Count a wrong guess: beyond the free ones, each doubles the time until the next."""
        now_s = self._monotonic()
        with self._lock:
            for key, free in _keys(account, address):
                count = self._counts.pop(key, None)
                if count is None or now_s - count.last_s > LONGEST_S:
                    count = _Count(0, 0.0, now_s)
                count.wrong += 1
                count.last_s = now_s
                if count.wrong >= free:
                    count.until_s = now_s + min(2.0 ** min(count.wrong - free, 16), LONGEST_S)
                self._counts[key] = count
            while len(self._counts) > _REMEMBERED:
                self._counts.popitem(last=False)

    def right(self, account: str) -> None:
        """Forget the wrong guesses at an account; those of the address stay, or one's own account would reset them."""
        with self._lock:
            self._counts.pop(("account", account), None)


def _keys(account: str, address: str) -> list[tuple[tuple[str, str], int]]:
    """Return what a guess counts against; the peers of a unix socket have no address to tell them apart."""
    keys = [(("account", account), FREE_PER_ACCOUNT)]
    return [*keys, (("address", address), FREE_PER_ADDRESS)] if address else keys
