"""Growth curves: what a request costs in collections of a hundred files, and up to a million.

Folders hold a hundred files each, and it is always one folder that is asked about: what grows is what surrounds it.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.client import Client
from benchmarks.grounds import Ground, Grounds, Material
from benchmarks.load.plans import STORED
from benchmarks.load.wire import Request
from benchmarks.manifests import file_name, folder_name
from benchmarks.peers.everyone import DAVSERVER
from benchmarks.peers.running import Running
from benchmarks.stage import Figures, Stage
from benchmarks.trees import CollectionTree, Tree
from benchmarks.workloads.listings import propfind

COUNTS = (100, 1_000, 10_000, 100_000, 1_000_000)
QUICK_COUNTS = (100, 1_000)
COLLECTION = "grown"
_FILES = 100
_ASKED = 100
_SEED = 2026

Tell = Callable[[str], None]


def curves(counts: tuple[int, ...], grounds: Grounds, tell: Tell) -> Iterator[Figures]:
    """Yield the figures of one davserver worker for each size of a collection; ``files`` tells which."""
    for count in counts:
        tell(f"a collection of {count:,} files")
        ground = Ground(f"{COLLECTION}-{count}", partial(grow, count))
        site = grounds.site(DAVSERVER, ground)
        with Running(DAVSERVER, site) as running:
            yield point(Stage(running, grounds.material), count // _FILES)


def grow(count: int, tree: Tree, _material: Material) -> None:
    """Make the collection; and a small file in another one, for what a server does once."""
    assert isinstance(tree, CollectionTree), "curves are of davserver"
    tree.file("small", b"small")
    tree.collection(COLLECTION, count // _FILES, _FILES)


def point(stage: Stage, folders: int) -> Figures:
    """Measure in a server that has just been started, first what is cold."""
    stage.ask(propfind(stage.target(""), "1"), {207})
    stage.ask(Request("GET", stage.target("small")), {200})
    figures: Figures = {"files": folders * _FILES, "idle_mib": stage.memory_mib()}
    asked = f"/{COLLECTION}/{folder_name(folders // 2)}/"
    places = random.Random(_SEED)
    with stage.client() as client:
        figures["first_listing_s"] = _list(client, asked)
        figures["opened_mib"] = stage.memory_mib()
        figures["listing_s"] = statistics.median(_list(client, asked) for _ in range(_ASKED))
        figures["get_s"] = statistics.median(
            client.ask("GET", f"{asked}{file_name(places.randrange(_FILES))}", {200}).seconds for _ in range(_ASKED)
        )
        for folder in range(folders):
            _list(client, f"/{COLLECTION}/{folder_name(folder)}/")
        figures["seen_mib"] = stage.memory_mib()
        # Last: what is written is committed, and whoever commits takes memory that is not the collection's.
        body = bytes(stage.sizes.small)
        figures["put_s"] = statistics.median(
            client.ask("PUT", f"{asked}new-{number}", STORED, body=body).seconds for number in range(_ASKED)
        )
    return figures


def _list(client: Client, folder: str) -> float:
    request = propfind(folder, "1")
    return client.ask(request.method, folder, {207}, headers=request.headers, body=request.body).seconds
