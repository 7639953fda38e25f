"""SIGKILL of ``repack`` and ``prune`` beside a server that is written to and read."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.davclient import Dav
from tests.support.process import davserver, serving, until
from tests.support.serving import clean_environ, command

EAGER_COMMITS = {"DAVSERVER_COMMIT_IDLE_S": "0.3", "DAVSERVER_COMMIT_AGE_S": "0.6"}
FILES = 20
KILLS = 2
PACE_S = 0.05
"""Each change is soon a version and a block, which fsck reads."""


class Busy:
    """Somebody who writes and reads files all the time, and knows what has to be in them."""

    def __init__(self, dav: Dav) -> None:
        self._dav = dav
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.content = {f"f{number}": b"" for number in range(FILES)}
        self.failures: list[BaseException] = []
        for name in self.content:
            self._write(name, 0)

    def __enter__(self) -> Busy:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._stopped.set()
        self._thread.join()

    def check(self) -> None:
        """Hold each file against what was written last."""
        for name, content in self.content.items():
            assert self._dav.get(f"/c/{name}") == content

    def _work(self) -> None:
        moments = random.Random(1)
        try:
            for number in range(1, 1 << 30):
                if self._stopped.wait(PACE_S):
                    return
                self._write(moments.choice(list(self.content)), number)
                name = moments.choice(list(self.content))
                assert self._dav.get(f"/c/{name}") == self.content[name]
        except BaseException as failure:
            self.failures.append(failure)
            raise

    def _write(self, name: str, number: int) -> None:
        content = f"{name} {number} ".encode() * 2000
        self._dav.put(f"/c/{name}", content)
        self.content[name] = content


def killed(data: Path, moment: Callable[[], object], *arguments: str) -> None:
    """Start a command and kill it at a moment, or let it end if it is faster."""
    process = subprocess.Popen(
        command(*arguments, "--data", str(data)),
        env=clean_environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: process.poll() is not None or moment())
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()


def after(looks: int) -> Callable[[], bool]:
    """Return a moment that comes after so many looks."""
    left = iter(range(looks))
    return lambda: next(left, None) is None


@pytest.mark.slow
def test_a_kill_of_repack_or_prune_is_noticed_by_nobody(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    with serving(tmp_path / "data", "--workers", "2", environment=EAGER_COMMITS) as server, server.dav() as dav:
        dav.mkcol("/c")
        busy = Busy(dav)
        with busy:
            for _ in range(KILLS):
                killed(server.data, after(moments.randrange(150)), "repack", "c")
            davserver(server.data, "retention", "c", "--last", "2")
            for _ in range(KILLS):
                killed(server.data, after(moments.randrange(100)), "prune", "c")
        assert busy.failures == []
        davserver(server.data, "repack", "c")
        davserver(server.data, "prune", "c")
        busy.check()
        server.stop()
        server.start()
        busy.check()
        davserver(server.data, "fsck")
