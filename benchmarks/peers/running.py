"""One server that runs, from its start to its end."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.peers.peer import Peer, Site

READY_S = 60.0
STOP_S = 30.0
_POLL_S = 0.01
_FIRST_REQUESTS = 8


class NotServing(Exception):
    """A server ended, or did not answer in time; the message has the end of what it said."""


def site_of(folder: Path) -> Site:
    """Make a place for a server: two folders that every user may write to, and a free port."""
    site = Site(folder / "root", folder / "work", free_port())
    for path in (folder, site.root, site.work):
        path.mkdir(exist_ok=True)
        path.chmod(0o777)
    return site


def free_port() -> int:
    """Return a port that nobody listened at a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Running:
    """A server in a session of its own, so that whatever it started can be ended with it. Use it as a context."""

    def __init__(self, peer: Peer, site: Site) -> None:
        self.peer = peer
        self.site = site
        self._log = site.work / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that was started; its workers are its children."""
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until every worker answers. Errors: NotServing."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("DAVSERVER_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.peer.configure(self.site),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.site.work,
                env=own | {"HOME": str(self.site.work)} | dict(self.peer.environment),
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise NotServing(f"{self.peer.name} does not serve: {self._log.read_text(errors='replace')[-500:]}")
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _answers(self) -> bool:
        """Ask several times, each over a connection of its own: a worker may listen long before it is ready."""
        try:
            for _ in range(_FIRST_REQUESTS):
                connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=READY_S)
                connection.request("GET", self.peer.prefix)
                connection.getresponse().read()
                connection.close()
        except (OSError, http.client.HTTPException):
            return False
        return True
