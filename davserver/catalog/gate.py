"""One writer at a time among the processes that share an SQLite file.

Owns: the file lock taken before ``BEGIN IMMEDIATE``, and the number of turns in the same file (``counter``).
Why: SQLite's own busy handler sleeps in growing steps, so that two busy processes make each other wait for seconds;
a blocking file lock hands the turn over at once. Correctness does not rest on it: SQLite still orders the writers.
Invariant: nobody waits for ever for a process that was stopped or hangs while it had the turn.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Protocol

from davserver.catalog.counter import ChangeCounter
from davserver.errors import CatalogBusy, StoreUnavailable


class WriteGate(Protocol):
    """Admits one writing transaction at a time."""

    def enter(self) -> None:
        """Wait for the turn; not reentrant, and never called by two threads of a process at once.

        Raises CatalogBusy if others keep it for too long, StoreUnavailable if the gate itself fails.
        """

    def leave(self) -> None:
        """Give the turn away."""

    def settled(self) -> int | None:
        """Return a number that stays as it is as long as nobody has the turn, None if somebody has it."""

    def marks(self) -> int:
        """Return a number that grows with ``mark``, in any process."""

    def mark(self) -> None:
        """Tell all processes that accounts, tokens or grants changed; whoever has the turn, when that is durable.

        Raises StoreUnavailable if the gate itself fails.
        """

    def close(self) -> None:
        """Release what the gate holds."""


class FileGate:
    """A gate on a lock file beside the database; ``patience_s`` is how long ``enter`` waits."""

    def __init__(self, path: Path, patience_s: float) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._counter = ChangeCounter(self._descriptor)
        except OSError as error:
            raise _broken(error) from error
        self._patience_s = patience_s
        self._queue = _Queue(self._descriptor)

    def enter(self) -> None:
        """Take the turn."""
        self._lock()
        try:
            self._counter.begin()
        except OSError as error:
            self._unlock()
            raise _broken(error) from error

    def leave(self) -> None:
        """Give it away."""
        self._counter.end()
        self._unlock()

    def settled(self) -> int | None:
        """Read the number of turns."""
        return self._counter.settled()

    def marks(self) -> int:
        """Read the number of marks."""
        return self._counter.marks()

    def mark(self) -> None:
        """Write it."""
        try:
            self._counter.mark()
        except OSError as error:
            raise _broken(error) from error

    def close(self) -> None:
        """Close the lock file."""
        self._queue.close()
        self._counter.close()
        os.close(self._descriptor)

    def _lock(self) -> None:
        """Wait for the lock: at once where it is free, else in a thread, as no wait for a file lock ends by itself."""
        while self._queue.is_waiting or not self._is_free():
            outcome = self._queue.ask(self._patience_s)
            if outcome is _Outcome.WAITING:
                raise CatalogBusy("another process has been writing to the catalog for too long")
            if outcome is _Outcome.GRANTED:
                return

    def _unlock(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _is_free(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise _broken(error) from error
        return True


class _Outcome(Enum):
    WAITING = "waiting"
    GRANTED = "granted"
    LAPSED = "lapsed"


class _Queue:
    """The place of this process among those that wait for the lock: a thread, as soon as there was a first wait.

    A wait goes on when its asker has given up, and is the next one's then. Where processes take turns every
    millisecond, a thread for each wait would cost a tenth of it.
    Invariant: a lock that comes while nobody asks for it is given back at once (``LAPSED``).
    """

    def __init__(self, descriptor: int) -> None:
        self._lock_file = descriptor
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.is_waiting = False
        self._outcome = _Outcome.LAPSED
        self._is_asked = False
        self._is_closed = False
        self._failure: OSError | None = None

    def ask(self, patience_s: float) -> _Outcome:
        """Wait for the lock; raises StoreUnavailable if the lock file fails."""
        with self._changed:
            self._is_asked = True
            if not self.is_waiting:
                self._begin()
            self._changed.wait_for(lambda: self._outcome is not _Outcome.WAITING, patience_s)
            self._is_asked = False
            outcome, failure = self._outcome, self._failure
            self._failure = None
        if failure is not None:
            raise _broken(failure)
        return outcome

    def close(self) -> None:
        """Let the thread end, when it does not wait any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _begin(self) -> None:
        self.is_waiting, self._outcome = True, _Outcome.WAITING
        if self._thread is not None:
            self._changed.notify_all()
            return
        try:
            descriptor = os.dup(self._lock_file)  # the same lock, and the gate may be closed while this waits
        except OSError as error:
            self.is_waiting = False
            raise _broken(error) from error
        self._thread = threading.Thread(target=self._run, args=(descriptor,), name="catalog-gate", daemon=True)
        self._thread.start()

    def _run(self, descriptor: int) -> None:
        try:
            while self._is_wanted():
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                except OSError as error:
                    self._end(descriptor, _Outcome.LAPSED, error)
                else:
                    self._end(descriptor, _Outcome.GRANTED)
        finally:
            os.close(descriptor)

    def _is_wanted(self) -> bool:
        """Wait until somebody asks; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_waiting or self._is_closed)
            return self.is_waiting

    def _end(self, descriptor: int, outcome: _Outcome, failure: OSError | None = None) -> None:
        with self._changed:
            if outcome is _Outcome.GRANTED and not self._is_asked:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
                outcome = _Outcome.LAPSED
            self.is_waiting = False
            self._outcome, self._failure = outcome, failure
            self._changed.notify_all()


def _broken(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"the catalog's lock file fails: {error.strerror}", hint="look at the catalog's disk")


@contextmanager
def turn(gate: WriteGate) -> Iterator[None]:
    """Hold the gate for the length of a ``with`` block."""
    gate.enter()
    try:
        yield
    finally:
        gate.leave()
