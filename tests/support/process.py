"""A server that is killed and comes back at its address, and commands beside it: what the acceptance tests need.

Builds on ``serving``; nothing of davserver's inside is imported here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.davclient import Dav
from tests.support.serving import Served, clean_environ, command, start

POLL_S = 0.01


def davserver(data: Path, *arguments: str, timeout_s: float = 300.0) -> str:
    """Run a command on a data directory; return what it printed. Raises AssertionError if it fails."""
    done = subprocess.run(
        command(*arguments, "--data", str(data)),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=clean_environ(),
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"davserver {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def until(condition: Callable[[], object], *, limit_s: float = 60.0) -> None:
    """Ask again and again until the condition holds; raises AssertionError when the time is over."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s} s: {condition}")
        time.sleep(POLL_S)


class Server:
    """One ``davserver serve`` after the other on the same data, at the same address."""

    def __init__(self, data: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self._options = options
        self._environment = environment
        self._port = 0
        self._served: Served | None = None
        self.complaints: list[str] = []
        """What the servers said that is not a line of routine: the first place to look when a test fails."""

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process that was started; its workers are its children."""
        assert self._served is not None, "the server does not run"
        return self._served.pid

    @property
    def log(self) -> str:
        """What the running server wrote to standard error so far."""
        assert self._served is not None, "the server does not run"
        return self._served.log

    def dav(self) -> Dav:
        """Make a client with a connection of its own."""
        return Dav(self.url)

    def start(self) -> None:
        """Start, and wait until it serves; the first start chooses the port."""
        listen = f"127.0.0.1:{self._port}"
        self._served = start(self.data, *self._options, listen=listen, environ=self._environment)
        self._port = self._served.port

    def stop(self) -> None:
        """Stop as an operator does (SIGTERM), and expect a clean end."""
        if self._served is not None:
            status = self._served.stop()
            self._ended(self._served)
            assert status == 0, f"the server ended with status {status}\n{''.join(self.complaints[-40:])}"

    def kill(self) -> None:
        """End every process of the server at once, as a power cut does."""
        if self._served is not None:
            self._served.kill()
            self._ended(self._served)

    @property
    def housekeeper(self) -> int:
        """The process that commits; 0 while none does."""
        assert self._served is not None, "the server does not run"
        return self._served.housekeeper

    def kill_housekeeper(self) -> None:
        """End the process that commits, wherever it is; the server starts another one."""
        until(lambda: self.housekeeper)
        os.kill(self.housekeeper, signal.SIGKILL)

    def _ended(self, served: Served) -> None:
        self.complaints += [line for line in served.errors if '"level": "info"' not in line]
        self._served = None


@contextmanager
def serving(data: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve a data directory for the length of a test; the end of a test is a clean stop, that of a failure a kill."""
    server = Server(data, *options, environment=environment)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        server.kill()
