"""Small requests over kept connections: GET, HEAD and PROPFIND of one file."""

from __future__ import annotations

from benchmarks.grounds import SMALL
from benchmarks.load.plans import Repeat
from benchmarks.load.wire import Request
from benchmarks.stage import Figures, Stage
from benchmarks.targets import Times, TwoWorkers
from benchmarks.workloads.listings import propfind
from benchmarks.workloads.workload import Workload


def get_small(stage: Stage) -> Figures:
    """GET of one file."""
    return _again(stage, Request("GET", stage.target("small")), 200, stage.sizes.small)


def head_small(stage: Stage) -> Figures:
    """HEAD of it."""
    return _again(stage, Request("HEAD", stage.target("small")), 200, 0)


def propfind_small(stage: Stage) -> Figures:
    """PROPFIND of it."""
    request = propfind(stage.target("small"), "0")
    length = stage.ask(request, {207}).length
    return _again(stage, request, 207, length)


def _again(stage: Stage, request: Request, status: int, length: int) -> Figures:
    plan = Repeat(request, status, length)
    stage.warm_up(plan)
    return stage.load(plan)


WORKLOADS = (
    Workload(
        "get-small",
        "GET of 4 KiB, 8 connections",
        "/s",
        SMALL,
        get_small,
        (Times(2, ("rclone",)), Times(0.8, ("apache",)), Times(8, ("wsgidav",)), TwoWorkers(1.6)),
    ),
    Workload(
        "head-small",
        "HEAD of 4 KiB, 8 connections",
        "/s",
        SMALL,
        head_small,
        (Times(0.7, ("rclone",)), Times(8, ("wsgidav",))),
        peers=("rclone", "wsgidav"),
    ),
    Workload(
        "propfind-small",
        "PROPFIND of one file, 8 connections",
        "/s",
        SMALL,
        propfind_small,
        (Times(0.7, ("rclone",)), Times(8, ("wsgidav",))),
        peers=("apache", "rclone", "wsgidav"),
    ),
)
