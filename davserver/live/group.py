"""Group commit: many requests, one transaction.

Owns: who leads a batch, who waits, and how each learns what became of its job.
Never: what a job does or what a transaction is.
How: the first to come leads; it takes all that wait into one batch and runs it in its own thread. Who comes meanwhile
waits, and the first of them leads the next batch. So a lone request pays no thread switch, and a crowd shares a sync.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

C = TypeVar("C")
T = TypeVar("T")


class Job(Generic[C]):
    """One request's part of a batch: a function, then its result or its error."""

    __slots__ = ("done", "error", "fn", "result", "turn")

    def __init__(self, fn: Callable[[C], Any]) -> None:
        self.fn = fn
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False
        # A bare lock, held until it is this job's turn to lead or to go: an Event takes five times as long.
        self.turn = threading.Lock()
        self.turn.acquire()

    def run(self, context: C) -> bool:
        """Call the function; True if it returned, False if it raised (the error is kept for its requester)."""
        self.error = None
        try:
            self.result = self.fn(context)
        except Exception as error:  # noqa: BLE001  (raised again in the requester's thread)
            self.error = error
            return False
        return True


class GroupCommit(Generic[C]):
    """Runs jobs in batches, one batch at a time. Threads: any."""

    def __init__(self, run: Callable[[Sequence[Job[C]]], None], *, largest_batch: int = 128) -> None:
        """``run`` runs each job once or more and makes the batch durable; what it raises is every job's error."""
        self._run = run
        self._largest = largest_batch
        self._lock = threading.Lock()
        self._waiting: list[Job[C]] = []
        self._led = False

    def submit(self, fn: Callable[[C], T]) -> T:
        """Run ``fn`` in some batch and return its result when that is durable; raises what it raised."""
        job = Job[C](fn)
        with self._lock:
            self._waiting.append(job)
            leads = not self._led
            self._led = True
        if not leads:
            job.turn.acquire()
        if not job.done:
            self._lead()
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def _lead(self) -> None:
        with self._lock:
            batch = self._waiting[: self._largest]
            del self._waiting[: self._largest]
        try:
            self._run(batch)
        except BaseException as error:
            # Also to a job that was refused: what it was refused for may be a change that was not made after all.
            for job in batch:
                job.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            self._hand_over(batch)

    def _hand_over(self, batch: list[Job[C]]) -> None:
        for job in batch:
            job.done = True
            job.turn.release()
        with self._lock:
            if self._waiting:
                self._waiting[0].turn.release()
            else:
                self._led = False
