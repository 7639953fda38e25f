"""Group commit: many requests, one transaction.

Owns: who leads a batch, who waits, and how each learns what became of its job.
Never: what a job does or what a transaction is.
How: the first to come leads; it runs all that wait as one batch in its own thread, and who comes before the batch
begins joins it, for that may take long: another process may have its turn. Who comes later waits, and the first of them
leads the next batch. So a lone request pays no thread switch, and a crowd shares a sync.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
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


class Crew(Generic[C]):
    """The jobs of one batch, of which there may be more each time they are run. Threads: the leader's."""

    def __init__(self, join: Callable[[int], list[Job[C]]]) -> None:
        self._join = join
        self.jobs = join(0)

    def __iter__(self) -> Iterator[Job[C]]:
        """Iterate over the jobs, those that came meanwhile included.

        Those who come during the iteration do not join: with them served in step, nobody would compute while the disk
        syncs (one process, PUT of 4 KiB: a tenth less).
        """
        self.jobs += self._join(len(self.jobs))
        return iter(self.jobs)


class GroupCommit(Generic[C]):
    """Runs jobs in batches, one batch at a time. Threads: any."""

    def __init__(self, run: Callable[[Iterable[Job[C]]], None], *, largest_batch: int = 128) -> None:
        """``run`` runs each job once or more and makes the batch durable; what it raises is every job's error.

        Jobs may join each time it begins to iterate over them; it always has to come to the end.
        """
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
        crew = Crew[C](self._join)
        try:
            self._run(crew)
        except BaseException as error:
            # Also to a job that was refused: what it was refused for may be a change that was not made after all.
            for job in crew.jobs:
                job.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            self._hand_over(crew.jobs)

    def _join(self, taken: int) -> list[Job[C]]:
        """Take those who wait into a batch that has so many jobs already."""
        with self._lock:
            room = self._largest - taken
            joining = self._waiting[:room]
            del self._waiting[:room]
        return joining

    def _hand_over(self, batch: list[Job[C]]) -> None:
        for job in batch:
            job.done = True
            job.turn.release()
        with self._lock:
            if self._waiting:
                self._waiting[0].turn.release()
            else:
                self._led = False
