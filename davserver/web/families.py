"""The metric families, by what they are about.

Owns: names, texts and labels; what is counted when is ``metrics``' business.
"""

from __future__ import annotations

from bisect import bisect_left

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from davserver.blocks.metered import OPERATIONS
from davserver.web.cells import in_place

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0)


class Count(Counter):
    """A counter without what is not used here: exemplars, and the checks for them. Each request pays for it."""

    def _metric_init(self) -> None:
        super()._metric_init()
        self._value = in_place(self._value)

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002
        """Count, one that has its labels."""
        self._value.inc(amount)


class Durations(Histogram):
    """A histogram without what is not used here, as ``Count``."""

    def _metric_init(self) -> None:
        super()._metric_init()
        self._sum = in_place(self._sum)
        self._buckets = [in_place(bucket) for bucket in self._buckets]

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002
        """Count, one that has its labels."""
        self._sum.inc(amount)
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(1)


class OfRequests:
    """What became of requests."""

    def __init__(self, registry: CollectorRegistry) -> None:
        by, of_method = ("method", "status"), ("method",)
        self.requests = Count("davserver_requests", "Requests answered.", by, registry=registry)
        self.broken = Counter("davserver_responses_broken", "Responses cut off.", of_method, registry=registry)
        self.sent = Count("davserver_response_bytes", "Bytes of response bodies.", of_method, registry=registry)
        self.seconds = Durations(
            "davserver_request_seconds",
            "Time from a request's head to its response's end.",
            of_method,
            buckets=_SECONDS,
            registry=registry,
        )
        self.waited = Counter(
            "davserver_client_wait_seconds",
            "Of the time of requests, what went into waiting for clients.",
            of_method,
            registry=registry,
        )
        self.faults = Counter(
            "davserver_faults",
            "Requests that met a failure of the server's, by its kind.",
            ("kind",),
            registry=registry,
        )
        self.damage = Counter("davserver_damage", "Requests that met damage.", ("kind",), registry=registry)
        self.queue = Gauge(
            "davserver_queued_requests",
            "Requests that wait for a thread.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.turned_away = Counter("davserver_turned_away", "Requests refused for a full queue.", registry=registry)


class OfStore:
    """What is stored, and how long that takes. ``blocks``: calls, bytes and seconds by operation."""

    def __init__(self, registry: CollectorRegistry) -> None:
        by = ("operation",)
        calls = Count("davserver_block_operations", "Blocks, or slices of them, asked for.", by, registry=registry)
        size = Count("davserver_block_bytes", "Bytes of those.", by, registry=registry)
        seconds = Count("davserver_block_seconds", "Time the block store took for them.", by, registry=registry)
        self.blocks = {name: (calls.labels(name), size.labels(name), seconds.labels(name)) for name in OPERATIONS}
        self.remembered = Counter("davserver_cache_hits", "Blocks that were in memory instead.", registry=registry)
        self.remembered_bytes = Counter("davserver_cache_hit_bytes", "Bytes of those.", registry=registry)
        self.commits = Histogram(
            "davserver_commit_seconds", "Time of a background commit.", buckets=_SECONDS, registry=registry
        )
        self.commit_failures = Counter(
            "davserver_commit_failures", "Background commits that failed and are tried again.", registry=registry
        )
        self.collections = _of_now("davserver_collections", "Collections, those in the trash left out.", registry)
        self.waiting = _of_now("davserver_waiting_entries", "Entries of journals that no version holds yet.", registry)
        self.free = _of_now("davserver_free_bytes", "Space left for the catalog.", registry)
        self.trouble = Gauge(
            "davserver_trouble",
            "1 where a part cannot do its work, as the process sees it that answers; see /_/health/ready.",
            ("part",),
            registry=registry,
            multiprocess_mode="mostrecent",
        )


class OfCare:
    """What the scrub and garbage collection did."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.scrubbed = Counter("davserver_scrubbed_blocks", "Blocks read again.", registry=registry)
        self.scrubbed_bytes = Counter("davserver_scrubbed_bytes", "Bytes read again.", registry=registry)
        self.scrub_damage = Counter(
            "davserver_scrub_damage", "Damaged blocks that were found.", ("healed",), registry=registry
        )
        self.runs = Counter("davserver_gc_runs", "Garbage collections by this server.", registry=registry)
        self.failed_runs = Counter("davserver_gc_failures", "Those that could not be made.", registry=registry)
        self.trashed = Counter("davserver_gc_trashed_blocks", "Blocks put into the trash.", registry=registry)
        self.trashed_bytes = Counter("davserver_gc_trashed_bytes", "Bytes of those blocks.", registry=registry)
        self.last = Gauge(
            "davserver_gc_last_run_timestamp_seconds",
            "When the last one began.",
            registry=registry,
            multiprocess_mode="max",
        )


def _of_now(name: str, text: str, registry: CollectorRegistry) -> Gauge:
    """Make a gauge that whoever answers has just set."""
    return Gauge(name, text, registry=registry, multiprocess_mode="mostrecent")
