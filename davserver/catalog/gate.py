"""One writer at a time among the processes that share an SQLite file.

Owns: the file lock taken before ``BEGIN IMMEDIATE``.
Why: SQLite's own busy handler sleeps in growing steps, so that two busy processes make each other wait for seconds;
a blocking file lock hands the turn over at once. Correctness does not rest on it: SQLite still orders the writers.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol


class WriteGate(Protocol):
    """Admits one writing transaction at a time."""

    def enter(self) -> None:
        """Wait for the turn; not reentrant, and never called by two threads of a process at once."""

    def leave(self) -> None:
        """Give the turn away."""

    def close(self) -> None:
        """Release what the gate holds."""


class FileGate:
    """A gate on a lock file beside the database."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def enter(self) -> None:
        """Wait for the lock."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def leave(self) -> None:
        """Release the lock."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the lock file."""
        os.close(self._descriptor)


@contextmanager
def turn(gate: WriteGate) -> Iterator[None]:
    """Hold the gate for the length of a ``with`` block."""
    gate.enter()
    try:
        yield
    finally:
        gate.leave()
