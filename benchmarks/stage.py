"""A server that was just started, and what a workload may do with it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.client import Client, Reply
from benchmarks.grounds import Material
from benchmarks.load import run as loads
from benchmarks.load.outcome import Outcome
from benchmarks.load.plans import Plan
from benchmarks.load.wire import Request
from benchmarks.machine import MIB
from benchmarks.peers.running import Running
from benchmarks.processes import cpu_s, forget_peak, memory_bytes

Figures = dict[str, float]
"""What one sample found: ``value``, and whatever else is known. Names end with their unit."""


class Stage:
    """One running server over one ground. Workloads see it as a tree whose root is ``target("")``."""

    def __init__(self, running: Running, material: Material) -> None:
        self._running = running
        self.sizes = material.sizes
        self.large = material.large

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._running.pid

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._running.site.port

    def target(self, path: str) -> str:
        """Return the path of a URL."""
        return self._running.peer.prefix + path

    def client(self) -> Client:
        """Make a client with a connection of its own."""
        return Client(self.port)

    def ask(self, request: Request, good: set[int]) -> Reply:
        """Send one request over a connection of its own. Errors: WrongAnswer."""
        with self.client() as client:
            return client.ask(request.method, request.target, good, headers=request.headers, body=request.body)

    def restart(self) -> None:
        """Let the server forget all that it has in memory."""
        self._running.stop()
        self._running.start()

    def memory_mib(self, field: str = "VmRSS") -> float:
        """Return the server's resident memory, or its peak (VmHWM)."""
        return memory_bytes(self.pid, field) / MIB

    @contextmanager
    def costs(self, figures: Figures) -> Iterator[None]:
        """Add what something cost: the server's processor time and memory, the time of the clock and of the client."""
        forget_peak(self.pid)
        cpu, own, start = cpu_s(self.pid), _own_s(), time.perf_counter()
        yield
        figures["seconds"] = time.perf_counter() - start
        figures["client_s"] = _own_s() - own
        figures["cpu_s"] = cpu_s(self.pid) - cpu
        figures["memory_mib"] = self.memory_mib()
        figures["peak_mib"] = self.memory_mib("VmHWM")

    def load(self, plan: Plan, *, connections: int | None = None) -> Figures:
        """Ask many times; the value is the rate. The caller has warmed the server up."""
        figures: Figures = {}
        count = connections or self.sizes.connections
        with self.costs(figures):
            outcome = loads.run(self.port, plan, connections=count, seconds=self.sizes.seconds)
        return figures | rate_figures(outcome, figures)

    def warm_up(self, plan: Plan, *, connections: int | None = None) -> None:
        """Ask for a moment without a clock."""
        count = connections or self.sizes.connections
        loads.warm_up(self.port, plan, connections=count, seconds=min(loads.WARM_UP_S, self.sizes.seconds))


def rate_figures(outcome: Outcome, costs: Mapping[str, float]) -> Figures:
    """Return what is known of a load; ``client_share`` is of one core: near 1, the client was the bottleneck."""
    return {
        "value": outcome.rate,
        "p50_s": outcome.p50_s,
        "p99_s": outcome.p99_s,
        "client_share": outcome.client_s / outcome.seconds,
        "cpu_per_request_s": costs["cpu_s"] / outcome.requests,
    }


def read_through(path: Path) -> None:
    """Have a file in the page cache."""
    with path.open("rb", buffering=0) as file:
        sink = bytearray(MIB)
        while file.readinto(sink):
            pass


def _own_s() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
