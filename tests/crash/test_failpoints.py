"""A server that dies at a labelled point, in the middle of the work of several clients, loses nothing it had answered.

``DAVSERVER_FAILPOINT_HITS``: each point kills when it is reached for the first time, for the second, up to so many.
With 1, the default, the points behind a statement are left out: in front of the next one it is the same.
"""

from __future__ import annotations

import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Put
from davserver.live.house import House
from davserver.upkeep.fsck import fsck
from tests.support.crash.actors import SHARED, Actor
from tests.support.crash.failpoints import collect_all, collect_until, serve_until
from tests.support.crash.judge import Moment, judge, opened, read
from tests.support.davclient import NO_ANSWER, Dav

HITS = int(os.environ.get("DAVSERVER_FAILPOINT_HITS", "1"))
LIMIT_S = 100.0
CLIENTS = 2
MOST_REQUESTS = 3000
"""Of each client. They end with the server; 500 were too few for a rename once in some hundred runs."""

STARTS = ("CREATE TABLE", "INSERT alembic_version", "INSERT settings", "make_directory", "sync_directory")
BLOCKS = ("create", "write", "set_mtime", "sync", "link", "unlink", "sync_directory", "make_directory")
TABLES = (
    "INSERT journal",
    "UPDATE collections.head_seq",
    "INSERT collections",
    "UPDATE collections.name",
    "UPDATE collections.trashed_ns",
    "INSERT locks",
    "DELETE locks",
    "INSERT uploads",
    "UPDATE uploads.token",
    "INSERT upload_parts",
    "DELETE upload_parts",
    "INSERT records",
    "INSERT versions",
    "INSERT trails",
    "UPDATE collections.version",
    "DELETE journal",
    "COMMIT",
)


COLLECTING = (
    "DELETE journal",
    "DELETE versions",
    "DELETE collections",
    "DELETE records",
    "unlink",
    "create",
    "rename",
    "COMMIT",
)


def around(names: tuple[str, ...]) -> list[str]:
    return [f"{when} {name}" for name in names for when in ("before", "after")]


def at(names: tuple[str, ...]) -> list[str]:
    return around(names) if HITS > 1 else [f"before {name}" for name in names]


class Life:
    """One server on a data directory, and the clients that use it until it dies."""

    def __init__(self, data: Path, context: ForkServerContext) -> None:
        self.data = data
        self._context = context
        self._seed = int.from_bytes(os.urandom(4))
        self._crew: list[Actor] = []
        self._noted: list[tuple[int, bool]] = []

    def hire(self) -> Actor:
        """Add a client; the first one is the founder, whose are the shared collections."""
        actor = Actor(len(self._crew), self._seed, self._note)
        self._crew.append(actor)
        self._noted.append((0, False))
        return actor

    def die_at(self, label: str, hit: int) -> None:
        """Start a server that dies at a point; let all clients but the founder use it until then."""
        ours, theirs = self._context.Pipe()
        counting = {"from_start": len(self._crew) == 1}
        server = self._context.Process(target=serve_until, args=(label, hit, self.data, theirs), kwargs=counting)
        server.start()
        theirs.close()
        try:
            url = address(ours)
            if url:
                with ThreadPoolExecutor() as pool:
                    for run in [pool.submit(work, actor, url) for actor in self._crew[1:]]:
                        run.result(LIMIT_S)
            server.join(LIMIT_S)
            assert server.exitcode == -signal.SIGKILL, f"it did not come {label} {hit} times, seed {self._seed}"
        finally:
            server.kill()
            server.join()

    def judge(self) -> list[str]:
        """Hold what is left against what was answered."""
        return judge(self.data, [actor.history for actor in self._crew], Moment(0, tuple(self._noted)))

    def _note(self, actor: int, event: str) -> None:
        kind, number = event.split()
        self._noted[actor] = (int(number) + (kind == "done"), kind == "sent")


def put(house: House, collection: str, name: str, data: bytes) -> None:
    with house.upload(len(data)) as upload:
        upload.write(data)
        node = upload.finish(lambda etag: Attributes(etag=etag))
    house.edit(lambda edit: edit.apply(edit.view(collection).info.id, Put((name,), node)))


def contents(house: House) -> list[tuple[str, bytes | None]]:
    return [
        (f"{collection.name} {path}", read(house, node))
        for collection in house.collections()
        for path, node in tree.walk(house.view(collection.name).root)
    ]


def address(ready) -> str:
    """Return the address a server tells when it is ready; nothing if it dies before."""
    try:
        assert ready.poll(LIMIT_S)
        return ready.recv().split()[3]
    except EOFError:
        return ""


def work(actor: Actor, url: str) -> None:
    """Use a server until it is gone."""
    try:
        with Dav(url) as dav:
            actor.move_in(dav)
            actor.work(dav, MOST_REQUESTS)
    except NO_ANSWER:
        return


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    """Start servers by forking from a process that has all modules loaded."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.support.crash.failpoints", "davserver.server.compose", "alembic.command"])
    return context


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data directory with the shared collections, to be copied."""
    data = tmp_path_factory.mktemp("founded") / "data"
    with opened(data) as house:
        for name in SHARED:
            house.edit(lambda edit, name=name: edit.create_collection(name))
    return data


@pytest.mark.parametrize("hit", range(1, HITS + 1))
@pytest.mark.parametrize("label", dict.fromkeys([*around(BLOCKS), *at(TABLES), "after COMMIT", "before reply"]))
def test_nothing_answered_is_lost_and_nothing_is_half_done(
    tmp_path: Path, founded: Path, context: ForkServerContext, label: str, hit: int
) -> None:
    life = Life(Path(shutil.copytree(founded, tmp_path / "data")), context)
    founder = life.hire()
    for name in SHARED:
        founder.history.states[0] = founder.history.states[0].with_folder(name)
    for _ in range(CLIENTS):
        life.hire()
    life.die_at(label, hit)
    assert life.judge() == []


@pytest.mark.parametrize("label", at(STARTS))
def test_a_first_start_that_dies_leaves_something_to_start_from(
    tmp_path: Path, context: ForkServerContext, label: str
) -> None:
    life = Life(tmp_path / "data", context)
    life.hire()
    life.die_at(label, 1)
    assert life.judge() == []


@pytest.fixture(scope="module")
def littered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data directory with a collection, one that is in the trash, and a block that nobody names."""
    data = tmp_path_factory.mktemp("littered") / "data"
    with opened(data) as house:
        for name in (SHARED[0], "going"):
            house.edit(lambda edit, name=name: edit.create_collection(name))
            put(house, name, "in a version", os.urandom(40_000))
            house.commit(name)
            put(house, name, "in the journal", b"small" + name.encode())
        house.edit(lambda edit: edit.trash_collection(edit.view("going").info.id))
        house.blocks.put(os.urandom(30_000))
    return data


@pytest.mark.parametrize(
    ("label", "keep_s"),
    [*((label, 0.0) for label in at(COLLECTING)), *((label, 1000.0) for label in around(("rename",)))],
)
def test_a_collection_of_garbage_that_dies_takes_nothing_with_it_and_is_done_by_the_next(
    tmp_path: Path, littered: Path, context: ForkServerContext, label: str, keep_s: float
) -> None:
    data = Path(shutil.copytree(littered, tmp_path / "data"))
    with opened(data) as house:
        expected = contents(house)
    collector = context.Process(target=collect_until, args=(label, data, keep_s))
    collector.start()
    collector.join(LIMIT_S)
    assert collector.exitcode == -signal.SIGKILL
    for run in ("the one that died", "the next"):
        with opened(data) as house:
            assert contents(house) == expected, run
            assert fsck(house).errors == [], run
        last = collect_all(data, keep_s)
    assert (last.garbage, last.records, last.purged) == (0, 0, [])
