"""SIGKILL at any moment of eight concurrent writers, again and again on the same data (invariants 1 and 2).

``DAVSERVER_KILL_ROUNDS`` sets the number of rounds. The seed of a failing run is in its message.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.process import Server, davserver, serving, until
from tests.support.writers import SHARED, Writer

ROUNDS = int(os.environ.get("DAVSERVER_KILL_ROUNDS", "10"))
WRITERS = 8
MOST_CHANGES = 400
"""The kill of a round comes after 1 to so many acknowledged changes."""

EAGER_COMMITS = {"DAVSERVER_COMMIT_IDLE_S": "0.1", "DAVSERVER_COMMIT_AGE_S": "0.3"}
"""So that kills meet commits, too."""


class Counter:
    """Counts the acknowledged changes of all writers."""

    def __init__(self) -> None:
        self.value = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.value += 1


@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * ROUNDS)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_kill_loses_nothing_acknowledged_and_leaves_nothing_half_done(tmp_path: Path, workers: int) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    counter = Counter()
    writers = [Writer(number, seed + number, counter) for number in range(WRITERS)]
    with serving(tmp_path / "data", "--workers", str(workers), environment=EAGER_COMMITS) as server:
        with server.dav() as dav:
            for collection in SHARED:
                dav.mkcol(collection)
            for writer in writers:
                writer.prepare(dav)
        for _ in range(ROUNDS):
            work_and_kill(server, writers, counter, moments.randint(1, MOST_CHANGES), server.kill)
            server.start()
            with server.dav() as dav:
                for writer in writers:
                    writer.check(dav)
            davserver(server.data, "fsck")
    assert counter.value >= ROUNDS


@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * ROUNDS)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_kill_of_the_housekeeper_is_noticed_by_nobody(tmp_path: Path, workers: int) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    counter = Counter()
    writers = [Writer(number, seed + number, counter) for number in range(WRITERS)]
    with serving(tmp_path / "data", "--workers", str(workers), environment=EAGER_COMMITS) as server:
        with server.dav() as dav:
            for collection in SHARED:
                dav.mkcol(collection)
            for writer in writers:
                writer.prepare(dav)
        for _ in range(ROUNDS):
            work_and_kill(server, writers, counter, moments.randint(1, MOST_CHANGES), server.kill_housekeeper)
            with server.dav() as dav:
                for writer in writers:
                    writer.check(dav)
            davserver(server.data, "fsck")
        until(lambda: server.housekeeper)
        server.stop()
        server.start()
        with server.dav() as dav:
            for writer in writers:
                writer.check(dav)


def work_and_kill(
    server: Server, writers: list[Writer], counter: Counter, changes: int, kill: Callable[[], None]
) -> None:
    """Let the writers work until so many changes are acknowledged; kill the server, or a part of it, under them."""
    stopped = threading.Event()
    start = counter.value
    with ThreadPoolExecutor(len(writers)) as pool:
        runs = [pool.submit(writer.work, server.url, stopped) for writer in writers]
        try:
            until(lambda: counter.value - start >= changes or all(run.done() for run in runs))
            kill()
        finally:
            stopped.set()
        for run in runs:
            run.result()
    failures = [writer.failure for writer in writers if writer.failure is not None]
    assert failures == [], "".join(server.complaints[-40:])
