"""A recording: a real ``davserver serve`` on the recording file system, and clients that use it.

The server is started on nothing, stopped, killed and started again between the phases, so that crash points fall into
the first start, into work, into clean ends and into recoveries.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.crash.actors import SHARED, Actor, History
from tests.support.crash.disk import Disk, Image, build
from tests.support.crash.judge import INLINE_BYTES, Moment
from tests.support.crash.oplog import Mark, Op, read_log
from tests.support.crash.requests import Mkcol
from tests.support.process import Server, until
from tests.support.programs import real_program, unavailable

ENVIRONMENT = {
    "DAVSERVER_COMMIT_IDLE_S": "0.5",  # so that crashes meet commits, too
    "DAVSERVER_INLINE_BYTES": str(INLINE_BYTES),
}
DATA = "data"
"""The data directory's name in the recorded directory."""


@dataclass(frozen=True)
class Recording:
    """The operations in order, the disk before the first, what the actors were answered in it and before it."""

    ops: list[Op]
    disk: Disk
    histories: list[History]
    actors: tuple[tuple[int, bool], ...]

    def moments(self) -> Iterator[Moment]:
        """Iterate over the places between operations, from before the first to behind the last."""
        actors = list(self.actors)
        moment = Moment(0, self.actors)
        yield moment
        for place, op in enumerate(self.ops, 1):
            if isinstance(op, Mark):
                number, event, request = op.text.split()
                actors[int(number)] = (int(request) + (event == "done"), event == "sent")
            moment = Moment(place, tuple(actors) if isinstance(op, Mark) else moment.actors)
            yield moment


class Marker:
    """Writes marks into the log. Threads: any."""

    def __init__(self, mount: Path) -> None:
        self._fd = os.open(mount / ".marks", os.O_WRONLY)
        self._lock = threading.Lock()

    def note(self, actor: int, event: str) -> None:
        """Write down what an actor does; on return it is in the log."""
        with self._lock:
            os.pwrite(self._fd, f"{actor} {event}".encode(), 0)  # not across a page, or it becomes two

    def close(self) -> None:
        """Let go of the mount."""
        os.close(self._fd)


@contextmanager
def mounted(directory: Path, log: Path, mount: Path) -> Iterator[None]:
    """Serve a directory at a mount point, and record; the log is whole when the block has ended.

    Needs root, ``/dev/fuse`` and libfuse, or ends the test by ``unavailable``.
    """
    unmount = real_program("fusermount3")
    if not Path("/dev/fuse").exists() or os.geteuid() != 0:
        unavailable("a recording file system needs root and /dev/fuse")
    command = [sys.executable, "-m", "tests.support.crash.recorder", str(directory), str(log), str(mount)]
    recorder = subprocess.Popen(command)
    try:
        until(lambda: os.path.ismount(mount) or recorder.poll() is not None)
        assert recorder.poll() is None, "the recording file system did not start"
        yield
    finally:
        if recorder.poll() is None:
            # Lazily: a reader that a failing test left behind must not keep the mount for ever.
            subprocess.run([unmount, "-u", "-z", mount], check=True)
        recorder.wait(60)
    assert recorder.returncode == 0


def record(folder: Path, *, actors: int, requests: int, phases: int, workers: int, seed: int) -> Recording:
    """Record ``phases`` lives of a server; in each, so many actors send so many requests at once."""
    directory, mount, log = folder / "behind", folder / "mount", folder / "log"
    for path in (directory, mount):
        path.mkdir(parents=True)
    disk = Disk.of(directory)
    with mounted(directory, log, mount):
        marker = Marker(mount)
        crew = [Actor(number, seed, marker.note) for number in range(actors + 1)]
        server = Server(mount / DATA, "--workers", str(workers), environment=ENVIRONMENT)
        try:
            for phase in range(phases):
                server.start()
                _live(server, crew, requests, first=phase == 0)
                if phase % 2:
                    server.kill()
                else:
                    server.stop()
        finally:
            server.kill()
            marker.close()
    return Recording(list(read_log(log)), disk, [actor.history for actor in crew], ((0, False),) * len(crew))


def record_recovery(folder: Path, image: Image, recording: Recording, moment: Moment) -> Recording:
    """Record what a server does with what a crash left: it starts, commits what it finds, and stops."""
    folder.mkdir(parents=True)
    directory, mount, log = folder / "behind", folder / "mount", folder / "log"
    build(image, directory)
    mount.mkdir()
    disk = Disk.of(directory)
    with mounted(directory, log, mount):
        server = Server(mount / DATA, environment=ENVIRONMENT)
        try:
            server.start()
            server.stop()
        finally:
            server.kill()
    return Recording(list(read_log(log)), disk, recording.histories, moment.actors)


def _live(server: Server, crew: Sequence[Actor], requests: int, *, first: bool) -> None:
    """Let all but the founder work at once."""
    founder, *workers = crew
    if first:
        with server.dav() as dav:
            for name in SHARED:
                founder.do(dav, Mkcol(name))

    def work(actor: Actor) -> None:
        with server.dav() as dav:
            if first:
                actor.move_in(dav)
            actor.work(dav, requests)

    with ThreadPoolExecutor(len(workers)) as pool:
        for run in [pool.submit(work, actor) for actor in workers]:
            run.result()
