"""The scrub of a serving process: a thread with the lowest priority, its log lines and its counts.

Owns: the thread. It ends within a second when asked to, in the middle of a block too: that one is read again.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from typing import Protocol

import structlog

from davserver.config import Settings
from davserver.errors import DavserverError, StoreUnavailable
from davserver.live.house import House
from davserver.upkeep.report import Place
from davserver.upkeep.scrub import TROUBLE_WAIT_S, Scrub, Turn

_log = structlog.get_logger("davserver.scrub")
_SHOWN = 20
_FIRST_WAIT_S = 30.0
_DAY_S = 86_400.0


class Counts(Protocol):
    """Where a scrub is counted."""

    def count_scrubbed(self, blocks: int, size: int) -> None:
        """Count blocks that were read."""

    def count_scrub_damage(self, *, healed: bool) -> None:
        """Count a damaged block."""


class LogTeller:
    """Tells log and metrics what a scrub does."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def checked(self, blocks: int, size: int) -> None:
        """Count."""
        self._counts.count_scrubbed(blocks, size)

    def damaged(self, locator: str, reason: str, places: tuple[Place, ...], healed: str | None) -> None:
        """Write one line, with the first files that are hit."""
        self._counts.count_scrub_damage(healed=healed is not None)
        files = [f"{place.collection}/{place.path}" for place in places]
        fields = {"block": locator, "reason": reason, "files": files[:_SHOWN], "more_files": len(files[_SHOWN:])}
        if healed is None:
            _log.error("a block is damaged", hint="davserver fsck --lost-files lists what to restore", **fields)
        else:
            _log.warning("a damaged block was healed", healed_from=healed, **fields)

    def finished(self, started_s: float, finished_s: float, blocks: int) -> None:
        """Write one line a round."""
        _log.info("every block was read", blocks=blocks, days=round((finished_s - started_s) / _DAY_S, 2))

    def troubled(self, error: StoreUnavailable) -> None:
        """Write one line."""
        _log.warning("blocks cannot be read now", reason=error.message, again_in_s=TROUBLE_WAIT_S)


class Stopped(Exception):
    """The scrub was asked to end while it read a block."""


class Scrubber:
    """The thread. Call ``start`` once, ``stop`` before the house is closed."""

    def __init__(self, settings: Settings, house: House, counts: Counts, first_wait_s: float = _FIRST_WAIT_S) -> None:
        """Wait a little before the first step: a server that starts has better things to do."""
        self._first_wait_s = first_wait_s
        self._stopping = threading.Event()
        self._scrub = Scrub(
            house,
            Turn(settings.data / "scrub.lock"),
            LogTeller(counts),
            period_s=settings.scrub_period_days * _DAY_S,
            bytes_per_s=settings.scrub_bytes_per_s,
            clock=time.time,
            pause=self._pause,
        )
        self._thread = threading.Thread(target=self._run, name="scrub", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        _yield_to_others()
        wait_s = self._first_wait_s
        with suppress(Stopped):
            while not self._stopping.wait(wait_s):
                wait_s = self._step()

    def _step(self) -> float:
        try:
            return self._scrub.step()
        except DavserverError as error:
            _log.error("scrubbing failed, it will be tried again", reason=error.message)
            return TROUBLE_WAIT_S

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Stopped


def _yield_to_others() -> None:
    """Give this thread the lowest priority; Linux derives that of its disk reads from it."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
