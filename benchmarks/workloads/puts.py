"""Small writes: new files, files under a lock, a hundred thousand files into one folder."""

from __future__ import annotations

from benchmarks.grounds import EMPTY
from benchmarks.load import raw
from benchmarks.load.plans import STORED, LockCycles, NewNames
from benchmarks.load.wire import Request, WrongAnswer
from benchmarks.stage import Figures, Stage, rate_figures
from benchmarks.targets import AtMost, Times
from benchmarks.workloads.workload import Workload

_CLIENTS_OF_LOCKS = 4
_REQUESTS_OF_A_CYCLE = 3
_PATIENCE_S = 1_800.0


def put_small(stage: Stage) -> Figures:
    """PUT of files with new names into one folder."""
    stage.warm_up(NewNames(stage.target("warm-"), stage.sizes.small))
    return stage.load(NewNames(stage.target("file-"), stage.sizes.small))


def lock_cycle(stage: Stage) -> Figures:
    """LOCK, PUT and UNLOCK by four clients, each with a file of its own."""
    with stage.client() as client:
        for number in range(_CLIENTS_OF_LOCKS):
            client.ask("PUT", stage.target(f"locked-{number}"), STORED, body=bytes(stage.sizes.small))
    plan = LockCycles(stage.target("locked-"), stage.sizes.small)
    figures = stage.load(plan, connections=_CLIENTS_OF_LOCKS)
    return figures | {"value": figures["value"] / _REQUESTS_OF_A_CYCLE}


def put_many(stage: Stage) -> Figures:
    """Very many files into one folder: what the last thousand take, of what the first thousand took."""
    connections, window = stage.sizes.connections, stage.sizes.window
    stage.warm_up(NewNames(stage.target("warm-"), stage.sizes.small))
    plan = NewNames(stage.target("file-"), stage.sizes.small, stage.sizes.puts // connections)
    figures: Figures = {}
    with stage.costs(figures):
        outcome = raw.run(stage.port, plan, connections=connections, seconds=_PATIENCE_S)
    if outcome.requests != stage.sizes.puts // connections * connections:
        raise WrongAnswer(f"only {outcome.requests} files were stored")
    stage.ask(Request("GET", stage.target("file-0-0")), {200})
    first_s = outcome.ends_s[window - 1]
    last_s = outcome.ends_s[-1] - outcome.ends_s[-window - 1]
    return figures | rate_figures(outcome, figures) | {"first_s": first_s, "last_s": last_s, "growth": last_s / first_s}


WORKLOADS = (
    Workload(
        "put-small",
        "PUT of 4 KiB, new names, 8 connections",
        "/s",
        EMPTY,
        put_small,
        (Times(1.0, ("apache",)), Times(0.9, ("rclone",))),
        spends=True,
    ),
    Workload(
        "lock-cycle",
        "LOCK, PUT, UNLOCK, 4 connections",
        "cycles/s",
        EMPTY,
        lock_cycle,
        (Times(0.5, ("rclone",)),),
        peers=("nginx", "rclone", "wsgidav"),
        spends=True,
    ),
    Workload(
        "put-many",
        "PUT of 100,000 files into one folder, 8 connections",
        "/s",
        EMPTY,
        put_many,
        (AtMost(1.1, "×", "growth", "last 1,000, of the first 1,000,"),),
        peers=(),
        spends=True,
    ),
)
