"""A file of 1 GiB: sent, fetched, fetched in pieces, copied."""

from __future__ import annotations

import os
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.grounds import EMPTY, LARGE
from benchmarks.load.plans import STORED, RandomRanges
from benchmarks.load.wire import Request, WrongAnswer
from benchmarks.machine import MIB, md5_mib_s
from benchmarks.stage import Figures, Stage, read_through
from benchmarks.targets import AtMost, Times, TimesOwn
from benchmarks.workloads.workload import Workload

_SEED = 2026
_BUDGET_MIB = 1024


def get_large(stage: Stage) -> Figures:
    """GET of all of it, by a client that only counts."""
    size, sink = stage.sizes.large, bytearray(MIB)
    first_s = _first_read(stage)
    figures: Figures = {"first_read_s": first_s}
    with stage.client() as client, stage.costs(figures):
        reply = client.ask("GET", stage.target("large"), {200}, sink=sink)
    if reply.length != size:
        raise WrongAnswer(f"{reply.length} of {size} bytes came")
    share = figures["client_s"] / figures["seconds"]
    return figures | {"value": size / MIB / reply.seconds, "client_share": share}


def get_ranges(stage: Stage) -> Figures:
    """GET of 64 KiB anywhere in it."""
    _first_read(stage)
    plan = RandomRanges(stage.target("large"), stage.sizes.large, stage.sizes.range, _SEED)
    stage.warm_up(plan)
    return stage.load(plan)


def put_large(stage: Stage) -> Figures:
    """PUT of it, with content that the server never had."""
    return _upload(stage, [stage.large.renew()])


def put_large_twice(stage: Stage) -> Figures:
    """PUT of two at once."""
    return _upload(stage, [stage.large.renew(), stage.large.second.renew()])


def _upload(stage: Stage, sources: list[Path]) -> Figures:
    """Send files, each over a connection of its own; what they take from the disk is in the page cache, and synced."""
    for source in sources:
        read_through(source)
    os.sync()
    figures: Figures = {"md5_mib_s": md5_mib_s()}
    clients = [stage.client() for _ in sources]
    targets = [stage.target(f"large-{number}") for number in range(len(sources))]
    with ThreadPoolExecutor(len(sources)) as pool, stage.costs(figures):
        list(pool.map(lambda client, *sent: client.put_file(*sent), clients, targets, sources))
    for client in clients:
        client.close()
    for target, source in zip(targets, sources, strict=True):
        _check_end(stage, target, source)
    share = figures["client_s"] / figures["seconds"]
    return figures | {"value": stage.sizes.large * len(sources) / MIB / figures["seconds"], "client_share": share}


def copy_large(stage: Stage) -> Figures:
    """COPY of it by a server that was just started; and again, when it is warm."""
    seconds = []
    figures: Figures = {}
    with stage.client() as client, stage.costs(figures):
        for number in range(1 + stage.sizes.again):
            to = stage.target(f"copy-{number}")
            there = {"Destination": f"http://127.0.0.1:{stage.port}{to}"}
            seconds.append(client.ask("COPY", stage.target("large"), STORED, headers=there).seconds)
            if seconds[0] > 0.1:
                break  # who moves the bytes moves them again each time
    for number in range(len(seconds)):
        _check_end(stage, stage.target(f"copy-{number}"), None)
        stage.ask(Request("DELETE", stage.target(f"copy-{number}")), STORED)
    return figures | {"value": seconds[0], "again_s": statistics.median(seconds[1:] or seconds)}


def _first_read(stage: Stage) -> float:
    """Read the file once, and return the seconds: what a server does once, and the disk, are not what is measured."""
    with stage.client() as client:
        return client.ask("GET", stage.target("large"), {200}, sink=bytearray(MIB)).seconds


def _check_end(stage: Stage, target: str, source: Path | None) -> None:
    """Raise WrongAnswer unless the last bytes are there, and (with a source) are those that were sent."""
    length = stage.sizes.large
    asked = Request("GET", target, {"Range": f"bytes={length - MIB}-{length - 1}"})
    content = stage.ask(asked, {206}).content
    if len(content) != MIB:
        raise WrongAnswer(f"{len(content)} of the last {MIB} bytes came")
    if source is not None:
        with source.open("rb") as file:
            file.seek(length - MIB)
            if content != file.read():
                raise WrongAnswer("the file is not what was sent")


_MD5 = "MD5 on one core"
_MEMORY = AtMost(_BUDGET_MIB, "MiB", "peak_mib", "peak memory")

WORKLOADS = (
    Workload(
        "get-large",
        "GET of 1 GiB",
        "MiB/s",
        LARGE,
        get_large,
        (Times(0.9, ("nginx",)),),
        peers=("apache", "nginx", "rclone"),
    ),
    Workload(
        "get-ranges",
        "GET of random 64 KiB of 1 GiB, 8 connections",
        "/s",
        LARGE,
        get_ranges,
        (Times(5, ("rclone",)), Times(0.6, ("apache",))),
        peers=("apache", "nginx", "rclone"),
    ),
    Workload(
        "put-large",
        "PUT of 1 GiB",
        "MiB/s",
        EMPTY,
        put_large,
        (TimesOwn(0.9, "md5_mib_s", _MD5), Times(2.5, ("rclone",)), Times(2.5, ("apache",)), _MEMORY),
        peers=("apache", "rclone"),
        spends=True,
    ),
    Workload(
        "put-large-twice",
        "PUT of 1 GiB, two at once",
        "MiB/s",
        EMPTY,
        put_large_twice,
        (TimesOwn(1.3, "md5_mib_s", _MD5), _MEMORY),
        peers=(),
        spends=True,
    ),
    Workload(
        "copy-large",
        "COPY of 1 GiB",
        "s",
        LARGE,
        copy_large,
        (AtMost(0.005, "s"), Times(100, ("apache",)), Times(100, ("rclone",)), Times(100, ("wsgidav",))),
        peers=("apache", "rclone", "wsgidav"),
    ),
)
