"""Wrong guesses: how many are free, and how long the next one has to wait.

Owns: the counts, by account and by address, in the memory of one process.
Never: waits. Who has to wait is told so and goes away, so that no thread is held by somebody who guesses.
Invariants: the memory is bounded: the oldest counts are forgotten first. An address from which an account was used with
the right password has a count of its own for that account: whoever guesses elsewhere does not lock its owner out.
An IPv6 client counts with its /64, since it may have 2**64 addresses.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

FREE_PER_ACCOUNT = 5
FREE_PER_ADDRESS = 20
"""Behind one address there may be many people."""
LONGEST_S = 300.0
_REMEMBERED = 20_000

_Key = tuple[str, ...]


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
        self._counts: OrderedDict[_Key, _Count] = OrderedDict()
        self._at_home: OrderedDict[_Key, None] = OrderedDict()

    def wait_s(self, account: str, address: str) -> int:
        """Return how many whole seconds a guess has to wait, 0 if it may be made now."""
        now_s = self._monotonic()
        with self._lock:
            known = [self._counts.get(key) for key, _ in self._keys(account, address)]
        return max(math.ceil(max(count.until_s - now_s, 0.0)) if count is not None else 0 for count in known)

    def wrong(self, account: str, address: str) -> None:
        """Count a wrong guess: beyond the free ones, each doubles the time until the next."""
        now_s = self._monotonic()
        with self._lock:
            for key, free in self._keys(account, address):
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

    def right(self, account: str, address: str) -> None:
        """Forget the wrong guesses at an account; those of the address stay, or one's own account would reset them."""
        home = ("home", account, network_of(address))
        with self._lock:
            self._counts.pop(("account", account), None)
            self._counts.pop(home, None)
            self._at_home[home] = None
            self._at_home.move_to_end(home)
            if len(self._at_home) > _REMEMBERED:
                self._at_home.popitem(last=False)

    def _keys(self, account: str, address: str) -> list[tuple[_Key, int]]:
        """Return what a guess counts against; the peers of a unix socket have no address to tell them apart."""
        network = network_of(address)
        home = ("home", account, network)
        keys: list[tuple[_Key, int]] = [(home if home in self._at_home else ("account", account), FREE_PER_ACCOUNT)]
        return [*keys, (("address", network), FREE_PER_ADDRESS)] if network else keys


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """Return what one client can be told by: its IPv4 address, or the network that one IPv6 client has to itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.ipv4_mapped is not None:
        return address
    return str(ip_network((parsed, 64), strict=False))
