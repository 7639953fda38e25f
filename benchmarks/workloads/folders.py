"""A folder of 10,000 files, moved and deleted in one request."""

from __future__ import annotations

from benchmarks.grounds import WIDE_FOLDER
from benchmarks.load.plans import STORED
from benchmarks.load.wire import Request
from benchmarks.stage import Figures, Stage
from benchmarks.targets import AtMost, Times
from benchmarks.trees import name_of
from benchmarks.workloads.workload import FOLDER_SERVERS, Workload


def move_folder(stage: Stage) -> Figures:
    """MOVE within its parent; the first thing that the server is asked."""
    to = stage.target("moved/")
    there = {"Destination": f"http://127.0.0.1:{stage.port}{to}"}
    figures = _once(stage, Request("MOVE", stage.target("folder/"), there))
    stage.ask(Request("GET", f"{to}{name_of(stage.sizes.wide_folder - 1)}"), {200})
    return figures


def delete_folder(stage: Stage) -> Figures:
    """DELETE; the first thing that the server is asked."""
    return _once(stage, Request("DELETE", stage.target("folder/")))


def _once(stage: Stage, request: Request) -> Figures:
    """Send a request that ends the folder; make sure that it did."""
    figures: Figures = {}
    with stage.costs(figures):
        seconds = stage.ask(request, STORED).seconds
    stage.ask(Request("GET", stage.target(f"folder/{name_of(0)}")), {404})
    return figures | {"value": seconds}


WORKLOADS = (
    Workload(
        "move-folder",
        "MOVE of a folder of 10,000",
        "s",
        WIDE_FOLDER,
        move_folder,
        (AtMost(0.01, "s"),),
        peers=("apache", "rclone"),
        spends=True,
    ),
    Workload(
        "delete-folder",
        "DELETE of a folder of 10,000",
        "s",
        WIDE_FOLDER,
        delete_folder,
        (AtMost(0.01, "s"), Times(50, FOLDER_SERVERS)),
        spends=True,
    ),
)
