"""What waits for a thread: bounded, and in turns, so that one client with many connections starves nobody.

Owns: the order in which requests are taken up; how many may wait; how many of one client are served at once.
Never: knows what it queues, or answers who finds no room.
Invariants: clients take turns, each client's own requests keep their order; a thread is idle only if nothing waits that
may be taken up.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Items by client. A client is any text; None is nobody in particular, of whom any number are served at once."""

    def __init__(self, capacity: int, share: int) -> None:
        """``capacity``: how many items may wait; ``share``: how many of one client are in work at once."""
        self._capacity = capacity
        self._share = share
        self._waiting: OrderedDict[str | None, deque[Item]] = OrderedDict()
        self._count = 0
        self._in_work: dict[str, int] = {}
        self._is_closed = False
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._getting = 0

    def __len__(self) -> int:
        return self._count

    @property
    def room(self) -> int:
        """How many more items may wait."""
        return self._capacity - self._count

    def put(self, client: str | None, item: Item) -> bool:
        """Queue an item; False if too many wait already."""
        with self._lock:
            if self._count >= self._capacity:
                return False
            self._waiting.setdefault(client, deque()).append(item)
            self._count += 1
            self._tell()
            return True

    def take(self) -> Item | None:
        """Take an item in work until ``done``, if there is one that may be taken up now."""
        with self._lock:
            return self._next()

    def get(self) -> Item | None:
        """Wait for an item, and take it in work until ``done``; None once the queue is closed and empty."""
        with self._lock:
            while (item := self._next()) is None:
                if self._is_closed and not self._count:
                    return None
                self._getting += 1
                try:
                    self._changed.wait()
                finally:
                    self._getting -= 1
            return item

    def waiting(self) -> list[Item]:
        """List what waits."""
        if not self._count:
            return []
        with self._lock:
            return [item for items in self._waiting.values() for item in items]

    def done(self, client: str | None) -> None:
        """End the work on an item of this client."""
        if client is None:
            return
        with self._lock:
            left = self._in_work.pop(client, 0) - 1
            if left > 0:
                self._in_work[client] = left
            self._tell()

    def close(self) -> None:
        """Let ``get`` return None as soon as nothing waits."""
        with self._lock:
            self._is_closed = True
            self._changed.notify_all()

    def _tell(self) -> None:
        """Wake one who waits; mostly nobody does."""
        if self._getting:
            self._changed.notify()

    def _next(self) -> Item | None:
        for client in self._waiting:
            if client is None or self._in_work.get(client, 0) < self._share:
                return self._take(client)
        return None

    def _take(self, client: str | None) -> Item:
        items = self._waiting[client]
        item = items.popleft()
        self._count -= 1
        if items:
            self._waiting.move_to_end(client)
        else:
            del self._waiting[client]
        if client is not None:
            self._in_work[client] = self._in_work.get(client, 0) + 1
        if self._is_closed:
            self._changed.notify_all()
        return item
