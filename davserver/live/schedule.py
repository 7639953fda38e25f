"""When to commit: the background thread that turns journals into versions.

Owns: the timers of the collections that changed, and back-pressure when content waits in memory.
Never: how a commit is made (``committing``).
Invariants: a failed commit loses nothing (the journal is the truth) and is tried again; its error is kept for health.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from davserver.errors import StoreUnavailable
from davserver.live.settings import CommitPolicy
from davserver.live.state import LiveCollection


@dataclass(slots=True)
class Pending:
    """A collection with changes that no version holds; times in seconds of a monotonic clock."""

    live: LiveCollection
    first_s: float
    last_s: float
    not_before_s: float = 0.0


def due_s(pending: Pending, policy: CommitPolicy) -> float:
    """Return when the collection is to be committed."""
    if pending.live.state.root.mem_bytes >= policy.pending_bytes:
        return pending.not_before_s
    by_age = pending.first_s + policy.age_s
    by_idleness = pending.last_s + policy.idle_s
    return max(min(by_age, by_idleness), pending.not_before_s)


class CommitSchedule:
    """Commits collections when their time has come. Threads: ``changed`` and ``admit`` from any."""

    def __init__(
        self,
        commit: Callable[[LiveCollection], object],
        pending_bytes: Callable[[], int],
        policy: CommitPolicy,
        *,
        memory_bytes: int,
        patience_s: float,
        report: Callable[[LiveCollection, BaseException], None],
        retry_s: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let ``report`` know of each commit that failed; ``pending_bytes`` sums what waits in memory."""
        self._commit = commit
        self._pending_bytes = pending_bytes
        self._policy = policy
        self._memory_bytes = memory_bytes
        self._patience_s = patience_s
        self._report = report
        self._retry_s = retry_s
        self._monotonic = monotonic
        self._pending: dict[int, Pending] = {}
        self._cost_s: dict[int, float] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="commit-schedule", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; a commit in progress is finished first."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def changed(self, live: LiveCollection) -> None:
        """Note that a collection has new journal entries."""
        now = self._monotonic()
        with self._changed:
            pending = self._pending.get(live.id)
            if pending is None:
                spaced = now + self._cost_s.get(live.id, 0.0) / self._policy.share
                self._pending[live.id] = Pending(live, now, now, min(spaced, now + 10 * self._policy.age_s))
                self._changed.notify_all()
                return
            pending.live = live
            pending.last_s = now
            if live.state.root.mem_bytes >= self._policy.pending_bytes:
                self._changed.notify_all()

    def admit(self) -> None:
        """Wait while too much content waits in memory for a commit; raises StoreUnavailable if that takes too long."""
        if self._thread is None or self._pending_bytes() <= self._memory_bytes:
            return
        with self._changed:
            for pending in self._pending.values():
                pending.first_s = pending.last_s = -1e9
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._pending_bytes() <= self._memory_bytes, self._patience_s):
                raise StoreUnavailable("too much content waits to be committed")

    def waiting(self) -> list[LiveCollection]:
        """List the collections that have changes to commit."""
        with self._changed:
            return [pending.live for pending in self._pending.values()]

    def _run(self) -> None:
        while True:
            with self._changed:
                pending = None if self._stopping else self._next()
                if self._stopping:  # looked at before the wait and after it: a stop during a commit wakes nobody
                    return
                if pending is None:
                    continue
                del self._pending[pending.live.id]
            self._commit_one(pending)
            with self._changed:
                self._changed.notify_all()

    def _next(self) -> Pending | None:
        """Return the collection whose time has come, or wait for news and return None."""
        first = min(self._pending.values(), key=lambda pending: due_s(pending, self._policy), default=None)
        wait_s = None if first is None else due_s(first, self._policy) - self._monotonic()
        if wait_s is None or wait_s > 0:
            self._changed.wait(wait_s)
            return None
        return first

    def _commit_one(self, pending: Pending) -> None:
        started = self._monotonic()
        try:
            self._commit(pending.live)
        except Exception as error:  # noqa: BLE001  (this thread has to live on, and the report says what it was)
            self._report(pending.live, error)
            with self._changed:
                again = self._pending.setdefault(pending.live.id, pending)
                again.not_before_s = self._monotonic() + self._retry_s
        else:
            self._cost_s[pending.live.id] = self._monotonic() - started
