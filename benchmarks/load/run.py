"""Chooses the load generator."""

from __future__ import annotations

from benchmarks.load import raw, wrk
from benchmarks.load.outcome import Outcome
from benchmarks.load.plans import Plan

WARM_UP_S = 0.5


def run(port: int, plan: Plan, *, connections: int, seconds: float) -> Outcome:
    """Ask a server on loopback for some seconds. Errors: WrongAnswer, OSError."""
    ask = wrk.run if wrk.takes(plan, seconds) else raw.run
    return ask(port, plan, connections=connections, seconds=seconds)


def warm_up(port: int, plan: Plan, *, connections: int, seconds: float = WARM_UP_S) -> None:
    """Ask for a moment, from this process, and forget what came of it."""
    raw.ask(port, plan, connections, seconds)
