"""The caretaker: a thread of a server that removes old versions and collects garbage from time to time.

Owns: when a run is due, and that of all processes one does it.
Never: which versions go (``retention``), what garbage is (``gc``).
How: the time of the last run is in the catalog, and a run is made under a lock that all processes share; who comes
second looks at the time again. A run that fails, or finds another at work, is tried again later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from davserver.errors import AlreadyAtWork, DavserverError
from davserver.upkeep.gc import Yard, collect
from davserver.upkeep.harvest import Harvest, Policy
from davserver.upkeep.owner import claim, owner_of
from davserver.upkeep.pruning import prune_all
from davserver.upkeep.retention import Rules

_FIRST_S = 600.0
"""A server that starts has other things to do first."""
_RETRY_S = 3600.0


class Told(Protocol):
    """Hears of what became of a run."""

    def collected(self, harvest: Harvest) -> None:
        """Hear of a run that ended."""

    def pruned(self, removed: Mapping[str, int]) -> None:
        """Hear how many versions were removed, by collection; before what only they named is collected."""

    def failed(self, error: Exception) -> None:
        """Hear why a run could not be made; it will be tried again."""


class Interrupted(Exception):
    """The server stops."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds: between runs (0: none by itself), before the first of a process, and after one that failed."""

    period_s: float
    first_s: float = _FIRST_S
    retry_s: float = _RETRY_S


class Caretaker:
    """Call ``start``, and ``stop`` before the process ends. Opens its own way to the data when it starts."""

    def __init__(
        self, open_yard: Callable[[], Yard], policy: Policy, rules: Rules, schedule: Schedule, told: Told
    ) -> None:
        self._open_yard = open_yard
        self._policy = policy
        self._rules = rules
        self._schedule = schedule
        self._told = told
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)

    def start(self) -> None:
        """Begin to look after the store."""
        self._thread.start()

    def stop(self) -> None:
        """End; a run in progress ends at its next step."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        schedule = self._schedule
        wait_s = max(self._attempt(may_collect=False), min(schedule.first_s, schedule.period_s))
        while schedule.period_s and not self._stopping.wait(wait_s):
            wait_s = self._attempt(may_collect=True)

    def _attempt(self, *, may_collect: bool) -> float:
        """Claim the store, and make a run if one is due; returns the seconds until it is worth to look again."""
        schedule = self._schedule
        try:
            yard = self._open_yard()
            try:
                owner = owner_of(yard.catalog, yard.random_bytes)
                claim(owner, yard.blocks)
                left_s = schedule.period_s - (yard.clock() - (owner.last_ns or 0) / 1e9)
                if may_collect and left_s <= 0:
                    self._told.pruned(prune_all(yard.catalog, self._rules, self._look_up))
                    self._told.collected(collect(yard, self._policy, progress=self._pause))
                    left_s = schedule.period_s
            finally:
                yard.close()
        except Interrupted:
            return 0.0
        except AlreadyAtWork:
            return min(schedule.retry_s, schedule.period_s)
        except (DavserverError, OSError) as error:
            self._told.failed(error)
            return min(schedule.retry_s, schedule.period_s)
        return max(left_s, 0.0)

    def _pause(self, _what: str, _done: int, _total: int) -> None:
        self._look_up()

    def _look_up(self) -> None:
        if self._stopping.is_set():
            raise Interrupted
