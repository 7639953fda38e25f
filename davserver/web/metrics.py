"""Metrics for Prometheus.

Owns: the request metrics of this process, or of all workers together when they share a directory
(``PROMETHEUS_MULTIPROC_DIR``, set by the parent before it forks).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from davserver.blocks.metered import OPERATIONS
from davserver.live.house import PARTS
from davserver.web.responses import Answer

_METHODS = frozenset(
    [
        *("OPTIONS", "HEAD", "GET", "PUT", "POST", "PATCH", "DELETE", "MKCOL", "COPY", "MOVE"),
        *("PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "REPORT", "SEARCH"),
    ],
)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0)


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


class _Count(Counter):
    """A counter without what is not used here: exemplars, and the checks for them. Each request pays for it."""

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002
        """Count, one that has its labels."""
        self._value.inc(amount)


class _Durations(Histogram):
    """A histogram without what is not used here, as ``_Count``."""

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002
        """Count, one that has its labels."""
        self._sum.inc(amount)
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(1)


def _block_counts(registry: CollectorRegistry) -> dict[str, tuple[Counter, Counter, Counter]]:
    """Make the counters of the block store, by operation: calls, bytes, seconds."""
    by = ("operation",)
    calls = Counter("davserver_block_operations", "Blocks, or slices of them, asked for.", by, registry=registry)
    size = Counter("davserver_block_bytes", "Bytes of those.", by, registry=registry)
    seconds = Counter("davserver_block_seconds", "Time the block store took for them.", by, registry=registry)
    return {name: (calls.labels(name), size.labels(name), seconds.labels(name)) for name in OPERATIONS}


class Metrics:
    """The metrics of a server. Threads: any."""

    def __init__(self, *, shared: bool) -> None:
        self._registry = CollectorRegistry()
        self._shared = shared
        self._known: dict[tuple[str, int], tuple[_Count, _Count, _Durations]] = {}
        by = ("method", "status")
        registry = self._registry
        self._requests = _Count("davserver_requests", "Requests answered.", by, registry=registry)
        self._broken = Counter("davserver_responses_broken", "Responses cut off.", ("method",), registry=registry)
        self._damage = Counter("davserver_damage", "Requests that met damage.", ("kind",), registry=registry)
        self._scrubbed = Counter("davserver_scrubbed_blocks", "Blocks read again.", registry=registry)
        self._scrubbed_bytes = Counter("davserver_scrubbed_bytes", "Bytes read again.", registry=registry)
        self._scrub_damage = Counter(
            "davserver_scrub_damage", "Damaged blocks that were found.", ("healed",), registry=registry
        )
        self._sent = _Count("davserver_response_bytes", "Bytes of response bodies.", ("method",), registry=registry)
        self._seconds = _Durations(
            "davserver_request_seconds",
            "Time from a request's head to its response's end.",
            ("method",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._waited = Counter(
            "davserver_client_wait_seconds",
            "Of the time of requests, what went into waiting for clients.",
            ("method",),
            registry=registry,
        )
        self._queue = Gauge(
            "davserver_queued_requests",
            "Requests that wait for a thread.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._turned_away = Counter("davserver_turned_away", "Requests refused for a full queue.", registry=registry)
        self._block_counts = _block_counts(registry)
        self._commits = Histogram(
            "davserver_commit_seconds", "Time of a background commit.", buckets=_SECONDS, registry=registry
        )
        self._collections, self._waiting, self._free = (
            Gauge(name, text, registry=registry, multiprocess_mode="mostrecent")
            for name, text in (
                ("davserver_collections", "Collections, those in the trash left out."),
                ("davserver_waiting_entries", "Entries of journals that no version holds yet."),
                ("davserver_free_bytes", "Space left for the catalog."),
            )
        )
        self._runs = Counter("davserver_gc_runs", "Garbage collections by this server.", registry=registry)
        self._failed_runs = Counter("davserver_gc_failures", "Those that could not be made.", registry=registry)
        self._trashed = Counter("davserver_gc_trashed_blocks", "Blocks put into the trash.", registry=registry)
        self._trashed_bytes = Counter("davserver_gc_trashed_bytes", "Bytes of those blocks.", registry=registry)
        self._last = Gauge(
            "davserver_gc_last_run_timestamp_seconds",
            "When the last one began.",
            registry=registry,
            multiprocess_mode="max",
        )
        self._faults = Counter(
            "davserver_faults",
            "Requests that met a failure of the server's, by its kind.",
            ("kind",),
            registry=registry,
        )
        self._commit_failures = Counter(
            "davserver_commit_failures", "Background commits that failed and are tried again.", registry=registry
        )
        self._trouble = Gauge(
            "davserver_trouble",
            "1 where a part cannot do its work, as the process sees it that answers; see /_/health/ready.",
            ("part",),
            registry=registry,
            multiprocess_mode="mostrecent",
        )

    def collected(self, harvest: Harvested) -> None:
        """Count what a garbage collection of this process took away."""
        self._runs.inc()
        self._last.set(harvest.started_ns / 1e9)
        self._trashed.inc(harvest.trashed)
        self._trashed_bytes.inc(harvest.trashed_bytes)

    def collection_failed(self) -> None:
        """Count a garbage collection that could not be made."""
        self._failed_runs.inc()

    def observe(self, exchange: Measured) -> None:
        """Count an exchange; unknown methods share one label, so that clients cannot fill the memory."""
        method = exchange.method if exchange.method in _METHODS else "OTHER"
        requests, sent, seconds = self._of(method, exchange.status)
        requests.inc()
        sent.inc(exchange.bytes_sent)
        seconds.observe(exchange.duration_s)
        if exchange.broken:
            self._broken.labels(method).inc()
        if exchange.fault:
            self._faults.labels(exchange.fault).inc()
        if exchange.waited_s:
            self._waited.labels(method).inc(exchange.waited_s)

    def moved(self, operation: str, size: int, seconds: float) -> None:
        """Count what the block store was asked for."""
        blocks, size_sum, seconds_sum = self._block_counts[operation]
        blocks.inc()
        size_sum.inc(size)
        seconds_sum.inc(seconds)

    def committed(self, seconds: float) -> None:
        """Count a background commit."""
        self._commits.observe(seconds)

    def queued(self, requests: int) -> None:
        """Show how many requests wait for a thread of this process."""
        self._queue.set(requests)

    def turned_away(self) -> None:
        """Count a request for which there was no room in the queue."""
        self._turned_away.inc()

    def show_store(self, collections: int, waiting_entries: int, free_bytes: int) -> None:
        """Show what the catalog tells now."""
        self._collections.set(collections)
        self._waiting.set(waiting_entries)
        self._free.set(free_bytes)

    def _of(self, method: str, status: int) -> tuple[_Count, _Count, _Durations]:
        """Return what counts these; looked up once, which the library does with locks and texts each time."""
        known = self._known.get((method, status))
        if known is None:
            requests = self._requests.labels(method, str(status))
            known = requests, self._sent.labels(method), self._seconds.labels(method)
            self._known[method, status] = known
        return known

    def count_commit_failure(self) -> None:
        """Count a background commit that failed."""
        self._commit_failures.inc()

    def show_trouble(self, parts: Collection[str]) -> None:
        """Show which parts cannot do their work now."""
        for part in PARTS:
            self._trouble.labels(part).set(part in parts)

    def expect_damage(self, kinds: Iterable[str]) -> None:
        """Show 0 of these kinds: a counter that appears with its first event rises by nothing."""
        for kind in kinds:
            self._damage.labels(kind)
        for healed in ("yes", "no"):
            self._scrub_damage.labels(healed)

    def count_damage(self, kind: str) -> None:
        """Count a request that failed because of what is stored."""
        self._damage.labels(kind).inc()

    def count_scrubbed(self, blocks: int, size: int) -> None:
        """Count blocks that were read again, and their bytes."""
        self._scrubbed.inc(blocks)
        self._scrubbed_bytes.inc(size)

    def count_scrub_damage(self, *, healed: bool) -> None:
        """Count a block that was found damaged."""
        self._scrub_damage.labels("yes" if healed else "no").inc()

    def answer(self) -> Answer:
        """Answer with all metrics in the text format."""
        registry = self._registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
