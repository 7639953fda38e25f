"""Run ``davserver serve`` as a process of its own, as a user would.

    with start(tmp_path / "data") as server:
        requests.put(server.url + "NAME/file", data=b"...")

or, with the fixture ``serve`` of ``tests/conftest.py``::

    def test_something(serve):
        server = serve()                         # a fresh data directory, port 0
        again = serve(server.data, "--workers", "2")
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

READY_S = 60.0
STOP_S = 60.0
_READY = re.compile(r"davserver \S+ serving (\S+)$")


class NotReady(AssertionError):
    """The server ended, or said nothing for too long, before it was ready."""


@dataclass
class Served:
    """A running server. ``url`` ends with a slash; for a unix socket it is ``unix:PATH``."""

    process: subprocess.Popen[str]
    data: Path
    url: str = ""
    output: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    @property
    def host(self) -> str:
        """The host to connect to."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port to connect to."""
        return urlsplit(self.url).port or 0

    @property
    def pid(self) -> int:
        """The process that was started: the parent of all others."""
        return self.process.pid

    @property
    def workers(self) -> list[int]:
        """The processes that serve requests."""
        return self._children("dav worker")

    @property
    def housekeeper(self) -> int:
        """The process that commits; 0 while none does."""
        return next(iter(self._children("dav housekeeper")), 0)

    def _children(self, name: str) -> list[int]:
        """List the children that call themselves so; one that ends meanwhile has no name."""
        found = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            for pid in (task / "children").read_text().split():
                with suppress(FileNotFoundError, ProcessLookupError):
                    if Path(f"/proc/{pid}/comm").read_text().rstrip() == name:
                        found.append(int(pid))
        return found

    @property
    def log(self) -> str:
        """What the server wrote to standard error so far."""
        return "".join(self.errors)

    def terminate(self) -> None:
        """Ask the server to stop; ``wait`` for it."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float = STOP_S) -> int:
        """Wait for the end; return the exit status."""
        status = self.process.wait(timeout_s)
        for reader in self.readers:
            reader.join(timeout_s)
        return status

    def stop(self) -> int:
        """Stop the server gracefully; return its exit status."""
        if self.process.poll() is None:
            self.terminate()
        return self.wait()

    def kill(self) -> None:
        """Kill the server as a power cut would, its workers too."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


def command(*arguments: str) -> list[str]:
    """Return a davserver command line that runs this checkout with this Python."""
    return [sys.executable, "-m", "davserver", *arguments]


def start(
    data: Path,
    *arguments: str,
    listen: str = "127.0.0.1:0",
    environ: Mapping[str, str] | None = None,
) -> Served:
    """Start a server and wait for its ready line. Errors: NotReady with what it said instead."""
    process = subprocess.Popen(
        command("serve", "--data", str(data), "--listen", listen, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environ() | dict(environ or {}),
        start_new_session=True,  # a group of its own, so that kill reaches the workers
    )
    served = Served(process, data)
    ready = threading.Event()
    served.readers = [
        threading.Thread(target=_read_output, args=(served, ready), daemon=True),
        threading.Thread(target=_read_errors, args=(served,), daemon=True),
    ]
    for reader in served.readers:
        reader.start()
    if not ready.wait(READY_S) or not served.url:
        served.kill()
        raise NotReady(f"status {process.returncode}\n{''.join(served.output)}\n{served.log}")
    return served


def run(*arguments: str, data: Path | None = None, **options: object) -> subprocess.CompletedProcess[str]:
    """Run one davserver command to its end, text in and out."""
    where = ("--data", str(data)) if data is not None else ()
    return subprocess.run(  # type: ignore[call-overload]
        command(*arguments, *where),
        capture_output=True,
        text=True,
        env=clean_environ(),
        timeout=STOP_S,
        check=False,
        **options,
    )


def clean_environ() -> dict[str, str]:
    """Return this process's environment without davserver's own variables."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DAVSERVER_")}


def _read_output(served: Served, ready: threading.Event) -> None:
    assert served.process.stdout is not None
    with served.process.stdout as stream:
        for line in stream:
            served.output.append(line)
            match = _READY.match(line.rstrip("\n"))
            if match:
                served.url = match[1]
                ready.set()
    ready.set()


def _read_errors(served: Served) -> None:
    assert served.process.stderr is not None
    with served.process.stderr as stream:
        for line in stream:
            served.errors.append(line)


Serve = Callable[..., Served]
