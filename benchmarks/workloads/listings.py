"""Listings: PROPFIND with Depth 1 of folders of a thousand, of ten thousand, of 150,000 files."""

from __future__ import annotations

import re
import statistics

from benchmarks.grounds import CROWD, FOLDER, WIDE_FOLDER
from benchmarks.load.plans import Repeat
from benchmarks.load.wire import Request, WrongAnswer
from benchmarks.stage import Figures, Stage
from benchmarks.targets import C_SERVERS, AtMost, Times
from benchmarks.trees import name_of
from benchmarks.workloads.workload import Workload

_BODY = (
    b'<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/>'
    b"<D:getcontentlength/><D:getlastmodified/><D:getetag/></D:prop></D:propfind>"
)
_RESPONSE = re.compile(rb"<(?:\w+:)?response[ >]")


def propfind(target: str, depth: str) -> Request:
    """Ask for what a client that synchronizes folders wants to know."""
    return Request("PROPFIND", target, {"Depth": depth, "Content-Type": "application/xml"}, _BODY)


def list_folder(stage: Stage) -> Figures:
    """A folder of a thousand, by several clients at once."""
    request = propfind(stage.target("folder/"), "1")
    length = _checked_length(stage, request, stage.sizes.folder)
    plan = Repeat(request, 207, length)
    stage.warm_up(plan)
    return stage.load(plan)


def list_wide_folder(stage: Stage) -> Figures:
    """A folder of ten thousand, by one client: the first time, and the median of some more."""
    request = propfind(stage.target("folder/"), "1")
    figures: Figures = {}
    with stage.costs(figures), stage.client() as client:
        replies = [
            client.ask(request.method, request.target, {207}, headers=request.headers, body=request.body)
            for _ in range(1 + stage.sizes.again)
        ]
    _check(replies[0].content, stage.sizes.wide_folder)
    again_s = statistics.median(reply.seconds for reply in replies[1:])
    return figures | {"value": again_s, "first_s": replies[0].seconds}


def list_crowd(stage: Stage) -> Figures:
    """150,000 files: the first byte from a server that knows nothing of them; the peak once the folder is loaded."""
    request = propfind(stage.target("folder/"), "1")
    first_byte_s = _crowd_reply(stage, request)
    stage.restart()
    stage.ask(Request("GET", stage.target(f"folder/{name_of(0)}")), {200})
    loaded_mib = stage.memory_mib()
    figures: Figures = {}
    with stage.costs(figures):
        _crowd_reply(stage, request)
    return figures | {
        "value": figures["seconds"],
        "first_byte_s": first_byte_s,
        "loaded_mib": loaded_mib,
        "peak_share": figures["peak_mib"] / loaded_mib,
    }


def _crowd_reply(stage: Stage, request: Request) -> float:
    """List and count; return when the first byte came."""
    reply = stage.ask(request, {207})
    _check(reply.content, stage.sizes.crowd)
    return reply.first_s


def _checked_length(stage: Stage, request: Request, files: int) -> int:
    reply = stage.ask(request, {207})
    _check(reply.content, files)
    return reply.length


def _check(content: bytes, files: int) -> None:
    """Raise WrongAnswer unless a listing has the folder and all its files."""
    found = sum(1 for _ in _RESPONSE.finditer(content))
    if found != files + 1:
        raise WrongAnswer(f"a listing of {found} instead of {files + 1}")


_FASTER = (Times(5, ("rclone",)), Times(1.5, C_SERVERS))

WORKLOADS = (
    Workload(
        "list-folder",
        "PROPFIND of a folder of 1,000, 8 connections",
        "/s",
        FOLDER,
        list_folder,
        _FASTER,
        peers=("apache", "nginx", "lighttpd", "rclone"),  # WsgiDAV's server needs seconds for the first answer
    ),
    Workload(
        "list-wide-folder",
        "PROPFIND of a folder of 10,000",
        "s",
        WIDE_FOLDER,
        list_wide_folder,
        _FASTER,
        peers=("apache", "nginx", "lighttpd", "rclone"),
    ),
    Workload(
        "list-crowd",
        "PROPFIND of a folder of 150,000",
        "s",
        CROWD,
        list_crowd,
        (
            AtMost(1.0, "s", "first_byte_s", "first byte"),
            AtMost(1.5, "×", "peak_share", "peak memory, of that with it loaded,"),
        ),
        peers=(),
    ),
)
