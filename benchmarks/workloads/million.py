"""A collection of a million files, of which a server that was just started knows nothing."""

from __future__ import annotations

from benchmarks.client import Client
from benchmarks.grounds import MANY, MILLION
from benchmarks.load.wire import Request, WrongAnswer
from benchmarks.machine import MIB
from benchmarks.manifests import folder_name
from benchmarks.stage import Figures, Stage
from benchmarks.targets import AtMost
from benchmarks.workloads.listings import propfind
from benchmarks.workloads.workload import Workload

_FILES = 1_000
_LOOKED_AT = 300


def look_around(stage: Stage) -> Figures:
    """The first listing of a folder, then of many; how much memory the files take before and after they were seen.

    What the server takes once, for its first GET and PROPFIND, it has taken in another collection before.
    """
    stage.ask(propfind(stage.target(""), "1"), {207})
    stage.ask(Request("GET", stage.target("small")), {200})
    files = stage.sizes.streams * _FILES
    idle_mib = stage.memory_mib()
    figures: Figures = {}
    with stage.client() as client, stage.costs(figures):
        first_s = _list(client, stage.sizes.streams // 2)
        opened_mib = stage.memory_mib()
        looked_at = min(_LOOKED_AT, stage.sizes.streams)
        for number in range(looked_at):
            _list(client, number)
    return figures | {
        "value": first_s,
        "bytes_unseen": max(opened_mib - idle_mib, 0) * MIB / files,
        "bytes_seen": max(figures["memory_mib"] - opened_mib, 0) * MIB / (looked_at * _FILES),
    }


def _list(client: Client, folder: int) -> float:
    """List one folder; return the seconds. The answer is as long as its files are many."""
    request = propfind(f"/{MILLION}/{folder_name(folder)}/", "1")
    reply = client.ask(request.method, request.target, {207}, headers=request.headers, body=request.body)
    if reply.content.count(b"getcontentlength") < _FILES:
        raise WrongAnswer("a listing is too short")
    return reply.seconds


WORKLOADS = (
    Workload(
        "million",
        "First listing of a folder of 1,000 among 1,000,000 files",
        "s",
        MANY,
        look_around,
        (
            AtMost(0.15, "s"),
            AtMost(80, "bytes", "bytes_unseen", "memory for each file not looked at"),
            AtMost(500, "bytes", "bytes_seen", "memory for each file looked at"),
        ),
        peers=(),
        ours=("davserver",),
    ),
)
