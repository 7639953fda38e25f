"""What came of a load."""

from __future__ import annotations

import statistics
from array import array
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """Requests that were answered, and all rightly; ``client_s`` is the processor time of whoever asked.

    ``ends_s`` tells when each answer was whole, counted from the first request, where the client was our own.
    """

    requests: int
    seconds: float
    p50_s: float
    p99_s: float
    client_s: float
    ends_s: array[float] = field(default_factory=lambda: array("d"))

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def percentiles(latencies_s: array[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    if len(latencies_s) < 2:
        return (latencies_s[0], latencies_s[0]) if latencies_s else (0.0, 0.0)
    cuts = statistics.quantiles(latencies_s, n=100)
    return cuts[49], cuts[98]
