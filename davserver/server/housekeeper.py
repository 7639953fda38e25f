"""The housekeeper: the process of a server that commits, collects garbage and reads blocks again.

Owns: the life of that process, from its start to the last commit.
Never: serves a request.
Why it is a process: a commit computes for seconds, and Python runs one thread at a time; beside it in one process,
requests were seven times slower (ADR 17).
Invariants: it may be killed at any moment, since whatever it does is a transaction of the catalog or garbage; its
parent starts another one. It outlives the workers, and ends when nobody is left that could write.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from select import select

import structlog

from davserver.config import Settings
from davserver.errors import DavserverError
from davserver.server.board import Board
from davserver.server.opening import gc_policy, open_house, open_yard, retention_rules
from davserver.server.process import HURRY
from davserver.server.scrubbing import Scrubber
from davserver.trouble import log_fault
from davserver.upkeep.caretaker import Caretaker, Schedule
from davserver.upkeep.harvest import Harvest
from davserver.web.metrics import Metrics

_log = structlog.get_logger("davserver.housekeeper")
_LOOK_S = 0.1
"""How often the board is looked at."""
NICE = 5
"""Requests come first where cores are short; but it has to keep up with those who write, so not by much."""


def keep_house(settings: Settings, board: Board, needed_fd: int) -> None:
    """Do the work of a housekeeper until the other ends of a pipe are closed: by the parent and by all workers.

    Threads: must be called in the main thread, which does nothing but wait. Errors: as ``open_house``.
    """
    signal.signal(HURRY, lambda _number, _frame: _leave())
    os.nice(NICE)
    metrics = Metrics(shared=True)

    def report_commit(name: str, error: BaseException) -> None:
        metrics.count_commit_failure()
        log_fault(_log, "commit failed, it will be tried again", error, collection=name)

    house = open_house(settings, report=report_commit, committed=metrics.committed, meter=metrics)
    house.start()
    closing: list[Callable[[], None]] = []
    if settings.scrub_period_days:
        scrubber = Scrubber(settings, house, metrics)
        scrubber.start()
        closing.append(scrubber.stop)
    caretaker = Caretaker(
        partial(open_yard, settings),
        gc_policy(settings),
        retention_rules(settings),
        Schedule(settings.gc_period_s),
        _Teller(metrics),
    )
    caretaker.start()
    closing += [caretaker.stop, house.close]
    while not select([needed_fd], [], [], _LOOK_S)[0]:  # nobody writes there: it can be read when it has ended
        board.publish(house.troubles())
        if board.is_hurried():
            house.hurry()
    for close in closing:
        close()


def _leave() -> None:
    """End in the middle of a commit: what it would have held is in the journal."""
    _log.warning("left in a hurry: what is not committed will be after the next start")
    os._exit(0)


class _Teller:
    """Tells the log and the metrics of garbage collections."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collected(self, harvest: Harvest) -> None:
        """Log and count a run."""
        self._metrics.collected(harvest)
        gone = {"blocks": harvest.trashed, "bytes": harvest.trashed_bytes, "collections": len(harvest.purged)}
        _log.info("garbage collected", of=harvest.blocks, records=harvest.records, restored=harvest.restored, **gone)

    def pruned(self, removed: Mapping[str, int]) -> None:
        """Log what was removed."""
        for name, count in removed.items():
            _log.info("versions removed", collection=name, versions=count)

    def failed(self, error: Exception) -> None:
        """Log and count a run that could not be made."""
        self._metrics.collection_failed()
        hint = error.hint if isinstance(error, DavserverError) else ""
        _log.error("garbage could not be collected", reason=str(error), hint=hint)
