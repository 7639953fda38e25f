"""The one way to change anything: batches of edits, each in a durable transaction.

Owns: running a batch again when another process was faster, publishing what became durable.
Invariants: readers see a change only after it is on disk; an error leaves trees, journal and locks as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from davserver.catalog.database import Catalog
from davserver.errors import CatalogBusy
from davserver.live.batch import Batch, Outrun
from davserver.live.edit import Edit
from davserver.live.group import GroupCommit, Job
from davserver.live.registry import Registry
from davserver.values import Clock

T = TypeVar("T")

_ATTEMPTS = 20


class Writer:
    """Runs edits. Threads: any."""

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        *,
        clock: Clock,
        new_uuid: Callable[[], str],
    ) -> None:
        self._catalog = catalog
        self._registry = registry
        self._clock = clock
        self._new_uuid = new_uuid
        self._group: GroupCommit[Edit] = GroupCommit(self._run)

    def edit(self, fn: Callable[[Edit], T]) -> T:
        """Run a function inside the group commit and return its result; all it did is durable then.

        The function may be run more than once; it must have no effect but through its Edit. Raises what it raised
        (then nothing of it was done), QuotaExceeded, StoreFull, CatalogBusy or StoreUnavailable.
        """

        def within_limits(edit: Edit) -> T:
            result = fn(edit)
            edit.refuse_growth()
            return result

        return self._group.submit(within_limits)

    def _run(self, jobs: Iterable[Job[Edit]]) -> None:
        for _ in range(_ATTEMPTS):
            if self._attempt(jobs):
                return
        raise CatalogBusy("other processes were faster each time")

    def _attempt(self, jobs: Iterable[Job[Edit]]) -> bool:
        try:
            with self._catalog.write() as tables:
                batch = Batch(tables, self._registry)
                edit = Edit(batch, int(self._clock() * 1e9), self._new_uuid)
                for job in jobs:
                    if job.run(edit):
                        batch.keep()
                    else:
                        tables.check()  # where the database failed, the jobs before this one are gone, too
                        batch.undo()
                batch.flush()
        except Outrun:
            return False
        self._publish(batch)
        return True

    def _publish(self, batch: Batch) -> None:
        if batch.names_changed:
            self._registry.forget_names()
        for working in batch.changed.values():
            live = self._registry.add(working.state)
            if working.locks is not None:
                live.know_locks(working.state.row, working.locks)
