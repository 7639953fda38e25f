"""When to commit: the background thread that turns journals into versions.

Owns: the timers of the collections that changed, whichever process changed them.
Never: how a commit is made (``committing``), or what waits (``backlog``).
How: it asks the catalog what waits, a look at shared memory while nothing changes. So it hears of everything, also of
what commands and other servers append, and nothing that anyone would have to tell it can be lost.
Invariants: a failed commit loses nothing (the journal is the truth) and is tried again; its error is kept for health.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from davserver.errors import CatalogCorrupt, DavserverError
from davserver.live.backlog import Waiting
from davserver.live.keeper import Troubles
from davserver.live.settings import CommitPolicy

_DAMAGED_RETRY_S = 600.0
"""What is damaged stays so until somebody repairs it; the log need not tell it every few seconds."""


@dataclass(slots=True)
class Pending:
    """A collection with changes that no version holds; times in seconds of a monotonic clock.

    ``cost_s`` is what its last commit took. ``not_before_s`` is when one that failed is tried again.
    """

    waiting: Waiting
    first_s: float
    last_s: float
    cost_s: float = 0.0
    not_before_s: float = 0.0


def due_s(pending: Pending, policy: CommitPolicy) -> float:
    """Return when the collection is to be committed."""
    if pending.waiting.bytes >= policy.pending_bytes:
        return pending.not_before_s
    by_age = pending.first_s + policy.age_s
    by_idleness = pending.last_s + policy.idle_s
    spaced = pending.first_s + min(pending.cost_s / policy.share, 10 * policy.age_s)
    return max(min(by_age, by_idleness), spaced, pending.not_before_s)


class CommitSchedule:
    """Commits collections when their time has come. Threads: ``hurry`` and ``troubles`` from any."""

    def __init__(
        self,
        backlog: Callable[[], Mapping[int, Waiting]],
        commit: Callable[[int], object],
        policy: CommitPolicy,
        *,
        memory_bytes: int,
        report: Callable[[int, BaseException], None],
        committed: Callable[[float], None] = lambda _seconds: None,
        poll_s: float | None = None,
        retry_s: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Commit what ``backlog`` shows by its number; let ``report`` know of each commit that failed.

        ``committed`` hears how many seconds each of the others took. More than ``memory_bytes`` in all are committed at
        once, whatever their collections' times.
        """
        self._backlog = backlog
        self._commit = commit
        self._policy = policy
        self._memory_bytes = memory_bytes
        self._report = report
        self._committed = committed
        self._poll_s = policy.poll_s if poll_s is None else poll_s
        self._retry_s = retry_s
        self._monotonic = monotonic
        self._pending: dict[int, Pending] = {}
        self._cost_s: dict[int, float] = {}
        self._errors: dict[int, BaseException] = {}
        self._hurried = False
        self._stopping = False
        self._news = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which first commits what an earlier process left in the journal, when it is due."""
        self._thread = threading.Thread(target=self._run, name="commit-schedule", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; a commit in progress is finished first."""
        self._stopping = True
        self._news.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def hurry(self) -> None:
        """Commit all that waits as soon as possible: somebody is short of memory."""
        self._hurried = True
        self._news.set()

    def troubles(self) -> Troubles:
        """Say which commits did not go well yet."""
        errors = list(self._errors.values())
        damaged = [error for error in errors if isinstance(error, CatalogCorrupt)]
        return Troubles(tuple(str(error) for error in errors if error not in damaged), len(damaged))

    def finish(self) -> None:
        """Commit all that waits, once, after ``stop``; a failure is reported and stops no other."""
        try:
            waiting = list(self._backlog())
        except DavserverError as error:
            self._report(0, error)
            return
        for key in waiting:
            self._commit_one(key)

    def _run(self) -> None:
        while not self._stopping:
            key = self._next()
            if key is None:
                self._news.wait(self._poll_s)
                self._news.clear()
            else:
                self._commit_one(key)

    def _next(self) -> int | None:
        """Return the collection that is due for longest."""
        now = self._monotonic()
        if not self._look(now):
            return None
        hurried = sum(pending.waiting.bytes for pending in self._pending.values()) > self._memory_bytes or self._hurried
        self._hurried = False
        if hurried:
            for pending in self._pending.values():
                pending.first_s = pending.last_s = -1e9
        key = min(self._pending, key=lambda key: due_s(self._pending[key], self._policy), default=None)
        return None if key is None or due_s(self._pending[key], self._policy) > now else key

    def _look(self, now: float) -> bool:
        """Bring the timers up to date; False if the catalog cannot be asked now, which its own health tells."""
        try:
            backlog = self._backlog()
        except DavserverError:
            return False
        for key in self._pending.keys() - backlog.keys():
            self._forget(key)
        for key, waiting in backlog.items():
            pending = self._pending.get(key)
            if pending is None:
                self._pending[key] = Pending(waiting, now, now, self._cost_s.get(key, 0.0))
            elif pending.waiting != waiting:
                pending.waiting, pending.last_s = waiting, now
        return True

    def _commit_one(self, key: int) -> None:
        started = self._monotonic()
        try:
            self._commit(key)
        except Exception as error:  # noqa: BLE001  (this thread has to live on, and the report says what it was)
            self._errors[key] = error
            self._report(key, error)
            if key in self._pending:
                wait_s = _DAMAGED_RETRY_S if isinstance(error, CatalogCorrupt) else self._retry_s
                self._pending[key].not_before_s = self._monotonic() + wait_s
        else:
            self._forget(key)
            self._cost_s[key] = self._monotonic() - started
            self._committed(self._cost_s[key])

    def _forget(self, key: int) -> None:
        """Forget a collection of which nothing waits: it was committed, here or elsewhere, or purged."""
        self._pending.pop(key, None)
        self._errors.pop(key, None)
