"""Metrics for Prometheus.

Owns: the request metrics of this process, or of all workers together when they share a directory
(``server.tallies``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from davserver.live.house import PARTS
from davserver.web.families import Count, Durations, OfCare, OfRequests, OfStore
from davserver.web.responses import Answer

_METHODS = frozenset(
    [
        *("OPTIONS", "HEAD", "GET", "PUT", "POST", "PATCH", "DELETE", "MKCOL", "COPY", "MOVE"),
        *("PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "REPORT", "SEARCH"),
    ],
)


class Measured(Protocol):
    """What is counted of an exchange."""

    method: str
    status: int
    bytes_sent: int
    duration_s: float
    broken: bool
    fault: str
    waited_s: float


class Harvested(Protocol):
    """What is counted of a garbage collection."""

    started_ns: int
    trashed: int
    trashed_bytes: int


class Metrics:
    """The metrics of a server. Threads: any."""

    def __init__(self, *, shared: bool) -> None:
        self._registry = CollectorRegistry()
        self._shared = shared
        self._known: dict[tuple[str, int], tuple[Count, Count, Durations]] = {}
        self._asked = OfRequests(self._registry)
        self._store = OfStore(self._registry)
        self._care = OfCare(self._registry)
        self._asked.queue.set(0)  # what a process before this one left

    def collected(self, harvest: Harvested) -> None:
        """Count what a garbage collection of this process took away."""
        self._care.runs.inc()
        self._care.last.set(harvest.started_ns / 1e9)
        self._care.trashed.inc(harvest.trashed)
        self._care.trashed_bytes.inc(harvest.trashed_bytes)

    def collection_failed(self) -> None:
        """Count a garbage collection that could not be made."""
        self._care.failed_runs.inc()

    def observe(self, exchange: Measured) -> None:
        """Count an exchange; unknown methods share one label, so that clients cannot fill the memory."""
        method = exchange.method if exchange.method in _METHODS else "OTHER"
        requests, sent, seconds = self._of(method, exchange.status)
        requests.inc()
        sent.inc(exchange.bytes_sent)
        seconds.observe(exchange.duration_s)
        if exchange.broken:
            self._asked.broken.labels(method).inc()
        if exchange.fault:
            self._asked.faults.labels(exchange.fault).inc()
        if exchange.waited_s:
            self._asked.waited.labels(method).inc(exchange.waited_s)

    def moved(self, operation: str, size: int, seconds: float) -> None:
        """Count what the block store was asked for."""
        blocks, size_sum, seconds_sum = self._store.blocks[operation]
        blocks.inc()
        size_sum.inc(size)
        seconds_sum.inc(seconds)

    def remembered(self, size: int) -> None:
        """Count a block that was in memory."""
        self._store.remembered.inc()
        self._store.remembered_bytes.inc(size)

    def committed(self, seconds: float) -> None:
        """Count a background commit."""
        self._store.commits.observe(seconds)

    def queued(self, requests: int) -> None:
        """Show how many requests wait for a thread of this process."""
        self._asked.queue.set(requests)

    def turned_away(self) -> None:
        """Count a request for which there was no room in the queue."""
        self._asked.turned_away.inc()

    def show_store(self, collections: int, waiting_entries: int, free_bytes: int) -> None:
        """Show what the catalog tells now."""
        self._store.collections.set(collections)
        self._store.waiting.set(waiting_entries)
        self._store.free.set(free_bytes)

    def _of(self, method: str, status: int) -> tuple[Count, Count, Durations]:
        """Return what counts these; looked up once, which the library does with locks and texts each time."""
        known = self._known.get((method, status))
        if known is None:
            requests = self._asked.requests.labels(method, str(status))
            known = requests, self._asked.sent.labels(method), self._asked.seconds.labels(method)
            self._known[method, status] = known
        return known

    def count_commit_failure(self) -> None:
        """Count a background commit that failed."""
        self._store.commit_failures.inc()

    def show_trouble(self, parts: Collection[str]) -> None:
        """Show which parts cannot do their work now."""
        for part in PARTS:
            self._store.trouble.labels(part).set(part in parts)

    def show_zeros(self, kinds: Iterable[str]) -> None:
        """Show 0 of what is rare, as of damage of these kinds: what appears with its first event seems not to rise."""
        for kind in kinds:
            self._asked.damage.labels(kind)
        for healed in ("yes", "no"):
            self._care.scrub_damage.labels(healed)
        for method in ("GET", "PROPFIND"):
            self._asked.broken.labels(method)
            self._asked.waited.labels(method)

    def count_damage(self, kind: str) -> None:
        """Count a request that failed because of what is stored."""
        self._asked.damage.labels(kind).inc()

    def count_scrubbed(self, blocks: int, size: int) -> None:
        """Count blocks that were read again, and their bytes."""
        self._care.scrubbed.inc(blocks)
        self._care.scrubbed_bytes.inc(size)

    def count_scrub_damage(self, *, healed: bool) -> None:
        """Count a block that was found damaged."""
        self._care.scrub_damage.labels("yes" if healed else "no").inc()

    def answer(self) -> Answer:
        """Answer with all metrics in the text format."""
        registry = self._registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
