"""Where the processes of a server count together.

Owns: a directory of the server's own, in memory where there is such a place; what servers that were killed left
beside it; which files a process counts in (the metrics library's, one for each kind of metric).
Invariants: a file has all its space from the beginning: where a page cannot be had once it is written, the process
that counts is killed (SIGBUS). A process that takes another's place goes on with its numbers, so there are never more
files than for all processes that ran at once. A directory is locked as long as a process of its server lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import values

from davserver.errors import StoreFull

_PREFIX = "davserver-tallies-"
_SPACE = {
    "counter": 256 << 10,
    "histogram": 256 << 10,
    "gauge_livesum": 64 << 10,
    "gauge_max": 64 << 10,
    "gauge_mostrecent": 64 << 10,
}
"""By kind, for each process: of counters, twice what all methods with two dozen statuses each take."""


def usual_places() -> list[Path]:
    """Return where a server may count: in memory first.

    On a disk, each fsync of the catalog writes the counters out, too, and a request that counts waits for that.
    """
    return [Path("/dev/shm"), Path(tempfile.gettempdir())]  # noqa: S108  (a directory of our own is made in it)


class Tallies:
    """The directory, and who counts in which of its files. Threads: the parent's one."""

    def __init__(self, directory: Path, lock_fd: int) -> None:
        self._directory = directory
        self._lock_fd = lock_fd
        self._takers: dict[int, int] = {}

    @classmethod
    def open(cls, places: Iterable[Path], processes: int) -> Tallies:
        """Make the directory in the first of some places that has room for so many processes. Errors: StoreFull."""
        tried = []
        for place in places:
            try:
                _sweep(place)
                tallies = cls(*_made(place))
            except OSError as error:
                tried.append(f"{place}: {error.strerror}")
                continue
            try:
                for number in range(processes):
                    tallies._allocate(number)
            except OSError as error:
                tallies.remove()
                tried.append(f"{place}: {error.strerror}")
                continue
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(tallies._directory)  # where the library looks for it
            return tallies
        raise StoreFull(
            f"there is no place for the counters of the metrics ({'; '.join(tried)})",
            hint=f"they take {sum(_SPACE.values()) >> 10} KiB for each process",
        )

    def take(self) -> int:
        """Return the lowest number that no living process counts under, its files ready. Errors: StoreFull."""
        taken = {number for pid, number in self._takers.items() if _lives(pid)}
        number = next(number for number in range(len(taken) + 1) if number not in taken)
        try:
            self._allocate(number)
        except OSError as error:
            raise StoreFull(f"no room for the counters of another process: {error.strerror}") from error
        return number

    def belongs(self, number: int, pid: int) -> None:
        """Note who counts under a number: a child, which lives until it is waited for."""
        self._takers = {known: its for known, its in self._takers.items() if its != number}
        self._takers[pid] = number

    @staticmethod
    def enter(number: int) -> None:
        """Have this process count under a number; before it makes its first metric."""
        values.ValueClass = values.MultiProcessValue(process_identifier=lambda: number)  # type: ignore[no-untyped-call]

    def remove(self) -> None:
        """Take the directory away."""
        shutil.rmtree(self._directory, ignore_errors=True)
        os.close(self._lock_fd)

    def _allocate(self, number: int) -> None:
        for kind, space in _SPACE.items():
            fd = os.open(self._directory / f"{kind}_{number}.db", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, space)
            finally:
                os.close(fd)


def _made(place: Path) -> tuple[Path, int]:
    """Make and lock a directory; one that another server swept before it was locked is made again."""
    while True:
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        fd = _locked(directory)
        if fd is not None:
            if directory.exists():
                return directory, fd
            os.close(fd)


def _sweep(place: Path) -> None:
    """Remove what was left by servers of this user that ended without a word."""
    for directory in place.glob(_PREFIX + "*"):
        with contextlib.suppress(FileNotFoundError, PermissionError):  # another server sweeps, or it is another user's
            fd = _locked(directory)
            if fd is not None:
                shutil.rmtree(directory, ignore_errors=True)
                os.close(fd)


def _locked(directory: Path) -> int | None:
    """Lock a directory for as long as the descriptor, or one inherited from it, is open; None if somebody has it."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
