"""Real faults under a real server: disks that fill, vanish, turn read-only; a database that others hold; no descriptor.

Each time: clean answers while the fault lasts, reads go on where they can, and all is well when it is over, without a
restart; everything that was acknowledged is whole, which fsck confirms; and the log tells it in lines, not in pages.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.live.house import House
from davserver.upkeep.fsck import fsck
from tests.support.disks import small_disk
from tests.support.process import until
from tests.support.serving import Served, start
from tests.support.site import Answer, Client

MIB = 1 << 20
LARGE = 300_000
BUSY_S = 0.3


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount 16 MiB, 6 of them taken by a file ``ballast``, to be removed when space is to be had again."""
    with small_disk(tmp_path / "disk", 16 * MIB) as disk:
        (disk / "ballast").write_bytes(bytes(6 * MIB))
        yield disk


class Tried:
    """A running server, and what it acknowledged."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.stored: dict[str, bytes] = {}
        self.expect(201, "MKCOL", "/c/")

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Connect; each request has its own connection, as some answers end theirs."""
        client = Client(self.served.host, self.served.port)
        try:
            yield client
        finally:
            client.connection.close()

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        with self.client() as client:
            return client.send(method, path, body, headers)

    def expect(self, status: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        answer = self.send(method, path, body, **headers)
        assert answer.status == status, f"{method} {path}: {answer}\n{self.served.log[-2000:]}"
        return answer

    def put(self, name: str, size: int) -> Answer:
        """Store a file of its own content; remember it if that was acknowledged."""
        data = os.urandom(size)
        answer = self.send("PUT", f"/c/{name}", data)
        if answer.status in {201, 204}:
            self.stored[name] = data
        return answer

    def fill(self, size: int) -> Answer:
        """Store files until one is refused; return the refusal."""
        for number in range(1000):
            answer = self.put(f"fill{size}-{number}", size)
            if answer.status != 201:
                return answer
        raise AssertionError("the disk never filled")

    def check(self) -> None:
        """Read everything that was acknowledged."""
        for name, data in self.stored.items():
            assert self.expect(200, "GET", f"/c/{name}").body == data
        listed = self.expect(207, "PROPFIND", "/c/", Depth="1").body
        assert listed.count(b"<D:response>") == len(self.stored) + 1

    def recovered(self, name: str, size: int) -> None:
        """Expect that all is well again."""
        assert self.put(name, size).status in {201, 204}
        assert self.ready() == {}
        self.check()

    def ready(self) -> dict[str, Any]:
        """Return which parts are in trouble."""
        answer = self.send("GET", "/_/health/ready")
        parts: dict[str, Any] = json.loads(answer.body).get("parts", {})
        assert answer.status == (503 if parts else 200)
        return parts

    def end(self) -> None:
        """Stop the server and look at all it left; its log tells each fault in a line with the request's id."""
        assert self.served.stop() == 0
        lines = [line for line in self.served.errors if "request failed" in line]
        assert lines
        assert all("request_id" in line and '"reason"' in line for line in lines)
        assert "Traceback" not in self.served.log
        # In this process: starting one takes longer than looking.
        house = House(open_catalog(f"sqlite:///{self.catalog}"), open_store(self.blocks))
        try:
            assert fsck(house).errors == []
        finally:
            house.close()

    @property
    def catalog(self) -> Path:
        return self.served.data / "catalog.db"

    @property
    def blocks(self) -> Path:
        return self.served.data / "blocks"


def settings(**changed: object) -> dict[str, str]:
    """Return an environment; settings are given by their variables' names without the prefix."""
    given = {"LIMITS_RESERVE_BYTES": 0, "LIMITS_BUSY_S": BUSY_S, "INLINE_BYTES": 1000, "COMMIT_IDLE_S": 3600} | changed
    return {f"DAVSERVER_{name}": str(value) for name, value in given.items()}


@pytest.fixture
def tried(serve: Callable[..., Served], tmp_path: Path) -> Callable[..., Tried]:
    """Start a server of its own for a test."""
    return lambda data=None, **changed: Tried(serve(data or tmp_path / "data", environ=settings(**changed)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    """Start one server that has to survive all tests that ask for it, and is looked at when it did."""
    with start(tmp_path_factory.mktemp("faults") / "data", environ=settings()) as served:
        tried = Tried(served)
        assert tried.put("before", LARGE).status == 201
        yield tried
        tried.check()
        tried.end()


def assert_unavailable(answer: Answer) -> None:
    assert answer.status == 503, answer.body
    assert int(answer.headers["Retry-After"]) > 0
    assert b"try again in" in answer.body


def assert_full(answer: Answer) -> None:
    assert answer.status == 507, answer.body
    assert int(answer.headers["Retry-After"]) > 0
    assert b"sufficient-disk-space" in answer.body
    assert b"can be read and deleted" in answer.body


def test_a_disk_that_fills_to_the_last_byte(tried: Callable[..., Tried], disk: Path) -> None:
    server = tried(disk / "data")
    assert_full(server.fill(LARGE))
    server.check()
    (disk / "ballast").unlink()
    server.recovered("later", LARGE)
    server.end()


def test_with_a_reserve_a_full_disk_can_be_tidied(tried: Callable[..., Tried], disk: Path) -> None:
    server = tried(disk / "data", LIMITS_RESERVE_BYTES=2 * MIB)
    assert server.put("small", 100).status == 201
    assert_full(server.fill(LARGE))
    (disk / "more").write_bytes(bytes(MIB))  # what others do on this disk takes it below the reserve
    assert_full(server.put("tiny", 1))
    assert set(server.ready()) == {"space"}
    metrics = server.expect(200, "GET", "/_/metrics").body
    assert b'davserver_trouble{part="space"} 1.0' in metrics
    assert b'davserver_faults_total{kind="StoreFull"} 2.0' in metrics
    server.expect(201, "MOVE", "/c/small", Destination="/c/moved")
    server.stored["moved"] = server.stored.pop("small")
    server.expect(200, "POST", "/_/api/collections/c/commit")
    gone = next(iter(server.stored))
    server.expect(204, "DELETE", f"/c/{gone}")
    del server.stored[gone]
    server.check()
    (disk / "ballast").unlink()
    server.recovered("later", LARGE)
    server.end()


def test_the_catalogs_disk_fills(tried: Callable[..., Tried], disk: Path) -> None:
    server = tried(CATALOG=f"sqlite:///{disk}/catalog.db", INLINE_BYTES=100_000)
    assert_full(server.fill(99_000))
    server.check()
    (disk / "ballast").unlink()
    server.recovered("later", 99_000)
    assert server.served.stop() == 0
    assert "Traceback" not in server.served.log


def test_the_disk_of_blocks_fills_and_turns_read_only(tried: Callable[..., Tried], disk: Path) -> None:
    server = tried(BLOCKS=f"file://{disk}/blocks")
    assert_full(server.fill(LARGE))
    assert server.put("small", 100).status == 201
    (disk / "ballast").unlink()
    server.recovered("later", LARGE)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert_unavailable(server.put("meanwhile", LARGE))
    server.check()
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    server.recovered("meanwhile", LARGE)


def test_every_worker_tells_of_commits_that_the_housekeeper_cannot_make(
    tried: Callable[..., Tried], disk: Path
) -> None:
    server = tried(BLOCKS=f"file://{disk}/blocks", COMMIT_IDLE_S=0.1, COMMIT_AGE_S=0.1, WORKERS=2)
    assert_full(server.fill(LARGE))
    with (disk / "rest").open("wb") as rest, suppress(OSError):
        while True:
            rest.write(bytes(MIB))
    assert server.put("small", 100).status == 201  # it is in the journal, on another disk
    until(lambda: all("commits" in server.ready() for _ in range(8)))
    assert b"\ndavserver_commit_failures_total 0.0" not in server.expect(200, "GET", "/_/metrics").body
    for name in ("ballast", "rest"):
        (disk / name).unlink()
    until(lambda: server.ready() == {})
    server.recovered("later", 100)


@pytest.mark.parametrize("kind", ["IMMEDIATE", "EXCLUSIVE"])
def test_another_process_holds_the_catalog(server: Tried, kind: str) -> None:
    other = sqlite3.connect(server.catalog, isolation_level=None)
    other.execute(f"BEGIN {kind}")
    for attempt in (server.put("small", 100), server.put("large", LARGE), server.send("DELETE", "/c/before")):
        assert_unavailable(attempt)
    server.check()
    other.execute("ROLLBACK")
    other.close()
    server.recovered("small", 100)


@pytest.mark.parametrize("name", ["catalog.db", "catalog.db-wal", "blocks"])
def test_what_is_moved_away_is_missed_and_not_made_anew(server: Tried, name: str) -> None:
    place = server.served.data / name
    aside = place.with_name("aside")
    place.rename(aside)
    assert_unavailable(server.put("meanwhile", LARGE))
    assert list(server.ready()) == ["blocks" if name == "blocks" else "catalog"]
    assert not place.exists()
    aside.rename(place)
    server.recovered("meanwhile", LARGE)


def test_a_catalog_that_was_replaced_is_not_written_to(server: Tried) -> None:
    own = server.catalog.with_name("own")
    server.catalog.rename(own)
    server.catalog.write_bytes(own.read_bytes())
    assert_unavailable(server.put("meanwhile", 100))
    assert "replaced" in server.ready()["catalog"]
    until(lambda: "start the server again" in server.served.log)
    own.rename(server.catalog)
    server.recovered("meanwhile", 100)


def test_no_descriptor_is_left(server: Tried) -> None:
    [pid] = server.served.workers
    with server.client() as client:
        client.expect(200, "GET", "/_/health/live")  # the connection is there before
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
        lowest_free = min(set(range(len(used) + 1)) - used)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
        try:
            assert_unavailable(client.send("PUT", "/c/meanwhile", os.urandom(LARGE)))
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    until(lambda: server.put("meanwhile", LARGE).status in {201, 204})
    server.recovered("meanwhile", LARGE)
