"""Leases: what is stored and not named yet is young, or it is not named.

Owns: the proof that gc never takes what somebody is about to name. A block that no table names is protected by its age
alone (gc leaves alone what was stored or touched within its grace). So whoever has stored blocks holds a lease on them,
and the edit that names them looks, inside the writers' queue, whether the last time they were made young is less than
``fresh_s`` ago. If not, the lease is renewed (each block touched) and the edit runs again.

Why that is enough: gc reads the clock inside the writers' queue, then takes one consistent look at all names. An edit
that it does not see comes after it in the queue, so what that edit names was young at most ``fresh_s`` before gc began,
and gc takes only what was old ``grace_s`` before it began. What is left of the grace is room for clocks that differ.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Protocol

from davserver.collection.extents import Extent, StoredExtent
from davserver.errors import BlockMissing, StoreUnavailable
from davserver.values import Buffer, Clock, Locator

RENEWALS = 5
"""So often an edit is tried again because its lease ran out meanwhile; then something stops the clock between."""


class BlockWriter(Protocol):
    """What stores the blocks of a lease."""

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Store a block durably, and young; returns its locator."""


class TouchesBlocks(BlockWriter, Protocol):
    """What a lease needs of a block store."""

    def touch(self, locator: Locator) -> None:
        """Make a block young; raises BlockMissing."""


class Stale(Exception):
    """The blocks of a lease are too old to be named; renew it and try again."""

    def __init__(self, lease: Lease) -> None:
        super().__init__("a lease ran out")
        self.lease = lease


class Lease:
    """The blocks one upload, commit or import has stored; a BlockWriter. Threads: any."""

    def __init__(self, blocks: TouchesBlocks, writer: BlockWriter, *, clock: Clock, fresh_s: float) -> None:
        """Store by ``writer``, which may refuse what ``blocks``, the same store, would take."""
        self._blocks = blocks
        self._writer = writer
        self._clock = clock
        self._fresh_ns = int(fresh_s * 1e9)
        self._lock = threading.Lock()
        self._locators: dict[Locator, None] = {}
        self._since_ns: int | None = None

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Store a block and hold it."""
        before_ns = self._now_ns()
        locator = self._writer.put(data, known)
        self._hold(locator, before_ns)
        return locator

    def take(self, locator: Locator) -> None:
        """Hold a block that is there, and make it young; raises BlockMissing."""
        before_ns = self._now_ns()
        self._blocks.touch(locator)
        self._hold(locator, before_ns)

    def begin(self) -> None:
        """Count the time from now: for what is stored elsewhere (directory records) and protected in the same way."""
        with self._lock:
            self._since_ns = self._earlier(self._now_ns())

    def check(self, now_ns: int) -> None:
        """Raise Stale if what is held is too old to be named; ``now_ns`` is the edit's."""
        since_ns = self._since_ns
        if since_ns is not None and now_ns - since_ns > self._fresh_ns:
            raise Stale(self)

    def renew(self) -> None:
        """Make all blocks young again; raises StoreUnavailable if one of them is gone."""
        before_ns = self._now_ns()
        with self._lock:
            locators = list(self._locators)
        for locator in locators:
            try:
                self._blocks.touch(locator)
            except BlockMissing as error:
                raise StoreUnavailable(f"this took so long that {error.message}", hint="send it again") from error
        with self._lock:
            self._since_ns = before_ns

    def extent(self, locator: Locator) -> StoredExtent:
        """Return a whole block as an extent that knows its lease."""
        extent = LeasedExtent(locator, 0, locator.size)
        extent.lease = self
        return extent

    def _hold(self, locator: Locator, before_ns: int) -> None:
        with self._lock:
            self._locators[locator] = None
            self._since_ns = self._earlier(before_ns)

    def _earlier(self, now_ns: int) -> int:
        return now_ns if self._since_ns is None else min(self._since_ns, now_ns)

    def _now_ns(self) -> int:
        return int(self._clock() * 1_000_000_000)


class LeasedExtent(StoredExtent):
    """A stored extent that no table names yet; equal to a plain one, and turned into one by whatever makes it anew."""

    lease: Lease


def check_leases(extents: Iterable[Extent], now_ns: int) -> None:
    """Raise Stale if one of the extents is of a lease that ran out."""
    for extent in extents:
        if isinstance(extent, LeasedExtent):
            extent.lease.check(now_ns)
