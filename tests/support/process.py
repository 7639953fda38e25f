"""davserver as an outsider runs it: the command line, a process, an address. Nothing of its inside is imported here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from tests.support.davclient import Dav

START_S = 30.0
STOP_S = 60.0
POLL_S = 0.02
COMMAND = (sys.executable, "-m", "davserver")


def davserver(data: Path, *arguments: str, timeout_s: float = 300.0) -> str:
    """Run a command on a data directory; return what it printed. Raises AssertionError if it fails."""
    done = run_davserver(data, *arguments, timeout_s=timeout_s)
    if done.returncode != 0:
        raise AssertionError(f"davserver {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def run_davserver(data: Path, *arguments: str, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
    """Run a command on a data directory, whatever its status will be."""
    return subprocess.run(
        [*COMMAND, *arguments, "--data", str(data)], capture_output=True, text=True, timeout=timeout_s, check=False
    )


def until(condition: Callable[[], object], *, limit_s: float = 60.0) -> None:
    """Ask again and again until the condition holds; raises AssertionError when the time is over."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s} s: {condition}")
        time.sleep(POLL_S)


class Server:
    """One ``davserver serve``, which keeps its address over restarts. All its processes are one process group."""

    def __init__(self, data: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self._options = options
        self._environment = {**os.environ, **(environment or {})}
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = data.with_name(f"{data.name}.log")

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process that was started."""
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def dav(self) -> Dav:
        """Make a client with a connection of its own."""
        return Dav(self.url)

    def start(self) -> None:
        """Start, and wait until it serves."""
        listen = f"127.0.0.1:{self._port}"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, "serve", "--data", str(self.data), "--listen", listen, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self._environment,
            )
        until(self._answers, limit_s=START_S)

    def stop(self) -> None:
        """Stop as an operator does (SIGTERM), and expect a clean end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            status = self._process.wait(STOP_S)
        finally:
            self.kill()
        assert status == 0, f"the server ended with status {status}\n{self.log_tail()}"

    def kill(self) -> None:
        """End every process of the server at once, as a power cut does."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):  # it may have ended already
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def log_tail(self) -> str:
        """Return the last lines of what the server said."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-40:])

    def _answers(self) -> bool:
        assert self._process is not None
        status = self._process.poll()
        assert status is None, f"the server ended with status {status}\n{self.log_tail()}"
        try:
            return requests.get(f"{self.url}/_/health/ready", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False


@contextmanager
def serving(data: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve a data directory for the length of a test; the end of a test is a clean stop, that of a failure a kill."""
    data.mkdir(parents=True, exist_ok=True)
    server = Server(data, *options, environment=environment)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
