"""Eight writers at work on a server that is killed under them, or a part of it, and what they know of their changes.

``DAVSERVER_KILL_ROUNDS`` sets the number of rounds. The seed of a failing run is in its message.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.support.process import Server, until
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


class Work:
    """Writers at work on a server, and the moments at which something of it is killed."""

    def __init__(self, server: Server) -> None:
        seed = random.SystemRandom().getrandbits(32)
        print(f"seed {seed}")
        self.counter = Counter()
        self._server = server
        self._moments = random.Random(seed)
        self._writers = [Writer(number, seed + number, self.counter) for number in range(WRITERS)]
        with server.dav() as dav:
            for collection in SHARED:
                dav.mkcol(collection)
            for writer in self._writers:
                writer.prepare(dav)

    def go_on_until(self, kill: Callable[[], None]) -> None:
        """Let the writers work until some changes are acknowledged; kill the server, or a part of it, under them."""
        stopped = threading.Event()
        changes = self.counter.value + self._moments.randint(1, MOST_CHANGES)
        with ThreadPoolExecutor(len(self._writers)) as pool:
            runs = [pool.submit(writer.work, self._server.url, stopped) for writer in self._writers]
            try:
                until(lambda: self.counter.value >= changes or all(run.done() for run in runs))
                kill()
            finally:
                stopped.set()
            for run in runs:
                run.result()
        failures = [writer.failure for writer in self._writers if writer.failure is not None]
        assert failures == [], "".join(self._server.complaints[-40:])

    def check(self) -> None:
        """Compare what is there with what was acknowledged."""
        with self._server.dav() as dav:
            for writer in self._writers:
                writer.check(dav)
