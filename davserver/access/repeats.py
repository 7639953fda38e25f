"""Wrong passwords that are said again: a mount that was not told the new password says the old one for days.

Owns: which passwords were wrong, from where and for which entry, and how long each waits until it may be said again.
Never: a password: they are known by what the backend's key made of them.
Invariants: to say again what was wrong is no guess, since whoever says it learns nothing; so it counts against neither
the account nor the address, and keeps nobody else out. The memory is bounded: the oldest are forgotten first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from davserver.access.throttle import Throttle, network_of

_REMEMBERED = 10_000


class _Wrong(NamedTuple):
    stamp: Hashable
    checked_s: float


class Repeats:
    """Remembers what was wrong. Threads: any. ``monotonic`` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._pace = Throttle(monotonic)
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, _Wrong] = OrderedDict()

    def knows(self, key: bytes, address: str) -> bool:
        """Tell whether this was wrong before, for whichever entry."""
        with self._lock:
            return _said(key, address) in self._wrong

    def wait_s(self, key: bytes, address: str) -> int:
        """Return how many whole seconds what was wrong has to wait, 0 if it may be said again now."""
        return self._pace.wait_s(_said(key, address), "")

    def age_s(self, key: bytes, address: str, stamp: Hashable) -> float | None:
        """Return how long ago this was found wrong for an entry as it is now; None if it was not."""
        with self._lock:
            wrong = self._wrong.get(_said(key, address))
        return None if wrong is None or wrong.stamp != stamp else self._monotonic() - wrong.checked_s

    def wrong(self, key: bytes, address: str, stamp: Hashable, *, checked: bool) -> None:
        """Remember what was wrong; ``checked`` tells that it was compared just now, and not known to be."""
        said = _said(key, address)
        self._pace.wrong(said, "")
        if not checked:
            return
        with self._lock:
            self._wrong[said] = _Wrong(stamp, self._monotonic())
            self._wrong.move_to_end(said)
            if len(self._wrong) > _REMEMBERED:
                self._wrong.popitem(last=False)


def _said(key: bytes, address: str) -> str:
    return f"{key.hex()} {network_of(address)}"
