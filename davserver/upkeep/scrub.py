"""Scrub: every block of the store is read again within a period, slowly, and for ever.

Owns: which block is next, how fast, what is done about damage, and the memory of it all (one row of the catalog, so
that a restart goes on where the last process was).
Never: a thread or a sleep of its own; who runs it calls ``step`` when the time has come that the last one returned.
Processes: any number may step the same scrub; a file lock gives each block to one of them.
Limit: it reads what the store has. Blocks that are missing, and damage to the catalog, are found by readers and fsck.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from davserver.blocks.store import StoredBlock
from davserver.errors import BlockCorrupt, BlockError, BlockMissing, StoreUnavailable
from davserver.live.house import House
from davserver.upkeep.blockcheck import rescue_of
from davserver.upkeep.places import Damage, trees_of
from davserver.upkeep.report import Place
from davserver.values import Clock, Locator

SETTING = "scrub"
LONGEST_WAIT_S = 3600.0
BUSY_WAIT_S = 10.0
TROUBLE_WAIT_S = 60.0
BATCH_BLOCKS = 64
BATCH_BYTES = 16 << 20
SHARE = 0.9
"""A round is planned to take this part of its period, so that a few restarts do not break the promise."""


class Teller(Protocol):
    """Is told what a scrub does."""

    def checked(self, blocks: int, size: int) -> None:
        """Count blocks that were read, and their bytes."""

    def damaged(self, locator: str, reason: str, places: tuple[Place, ...], healed: str | None) -> None:
        """Hear of a damaged block, the files it hits, and from where it was healed (None: it was not)."""

    def finished(self, started_s: float, finished_s: float, blocks: int) -> None:
        """Hear of the end of a round."""

    def troubled(self, error: StoreUnavailable) -> None:
        """Hear that the store cannot be read now; the same block is tried again later."""


@dataclass(slots=True)
class State:
    """How far the scrub is; ``damaged`` is what is known to be damaged now, with the reason. Times: seconds UTC."""

    started_s: float = 0.0
    finished_s: float = 0.0
    position: str = ""
    blocks: int = 0
    bytes: int = 0
    total_bytes: int = 0
    healed: int = 0
    damaged: dict[str, str] = field(default_factory=dict)

    @property
    def is_resting(self) -> bool:
        """Whether the round is over."""
        return self.finished_s >= self.started_s


class Turn:
    """The right to scrub, one process at a time: a lock file. Not reentrant."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def taken(self, *, wait: bool) -> Iterator[bool]:
        """Hold it for a block; False, unless told to wait, if another process has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _lock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)


def _lock(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation)
    except BlockingIOError:
        return False
    return True


class Scrub:
    """One store's scrub. ``pause`` waits for some seconds, and raises to end a step in the middle of a block."""

    def __init__(
        self,
        house: House,
        turn: Turn,
        teller: Teller,
        *,
        period_s: float,
        bytes_per_s: int,
        clock: Clock,
        pause: Callable[[float], None],
    ) -> None:
        self._house = house
        self._turn = turn
        self._teller = teller
        self._period_s = period_s
        self._bytes_per_s = bytes_per_s
        self._clock = clock
        self._pause = pause

    def step(self) -> float:
        """Read the next few blocks; returns the seconds to wait before the next step."""
        with self._turn.taken(wait=False) as mine:
            if not mine:
                return BUSY_WAIT_S
            state = load_state(self._house)
            try:
                return self._step(state)
            except StoreUnavailable as error:
                self._teller.troubled(error)
                return TROUBLE_WAIT_S

    def run(self, progress: Callable[[int, int], None]) -> State:
        """Read all blocks now, from the first to the last; returns what is known then. Waits for its turn."""
        with self._turn.taken(wait=True):
            state = self._begin(load_state(self._house))
            while not state.is_resting:
                progress(state.bytes, state.total_bytes)
                self._read_on(state)
            progress(state.bytes, state.bytes)
            return state

    def _step(self, state: State) -> float:
        if state.is_resting:
            self._look_again(state)
            due_s = state.started_s + self._period_s
            if state.started_s and self._clock() < due_s:
                return min(due_s - self._clock(), LONGEST_WAIT_S)
            self._begin(state)
        wait_s = self._wait_s(state)
        if wait_s > 0:
            return wait_s
        self._read_on(state)
        return 0.0 if state.is_resting else self._wait_s(state)

    def _wait_s(self, state: State) -> float:
        """Return how long the round can wait: so long that it ends shortly before its time is over."""
        share = min(1.0, state.bytes / max(state.total_bytes, 1))
        due_s = state.started_s + SHARE * self._period_s * share
        return min(max(0.0, due_s - self._clock()), LONGEST_WAIT_S)

    def _begin(self, state: State) -> State:
        state.position, state.blocks, state.bytes = "", 0, 0
        state.total_bytes = sum(block.size for block in self._house.blocks.index())
        state.started_s = self._clock()
        state.finished_s = 0.0
        save_state(self._house, state)
        return state

    def _read_on(self, state: State) -> None:
        before = state.blocks, state.bytes
        batch = self._next(state.position)
        try:
            for block in batch:
                self._check(state, block.locator)
                state.position = block.md5
                state.blocks += 1
                state.bytes += block.size
            if not batch:
                state.finished_s = max(self._clock(), state.started_s)
                self._teller.finished(state.started_s, state.finished_s, state.blocks)
        finally:
            self._teller.checked(state.blocks - before[0], state.bytes - before[1])
            save_state(self._house, state)

    def _next(self, position: str) -> list[StoredBlock]:
        """Return the next few blocks after a position."""
        batch: list[StoredBlock] = []
        size = 0
        for block in islice(self._house.blocks.index(after=position), BATCH_BLOCKS):
            if batch and size + block.size > BATCH_BYTES:
                break
            batch.append(block)
            size += block.size
        return batch

    def _check(self, state: State, locator: Locator) -> None:
        try:
            self._house.blocks.verify(locator, self._pace)
        except BlockMissing:
            return  # trashed since it was listed
        except BlockCorrupt as error:
            self._handle(state, locator, error.reason)
        except StoreUnavailable as error:
            if not _is_of_the_medium(error):
                raise
            self._handle(state, locator, error.message)
        else:
            state.damaged.pop(str(locator), None)

    def _handle(self, state: State, locator: Locator, reason: str) -> None:
        healed = heal(self._house, locator)
        is_news = str(locator) not in state.damaged
        if healed is None:
            state.damaged[str(locator)] = reason
        else:
            state.damaged.pop(str(locator), None)
            state.healed += 1
        if is_news or healed is not None:
            self._teller.damaged(str(locator), reason, places_of(self._house, locator), healed)

    def _look_again(self, state: State) -> None:
        """Forget what was healed, by a PUT of the same content or by hand, or is needed by nobody any more."""
        known = dict(state.damaged)
        for text in known:
            locator = Locator.parse(text)
            self._check(state, locator)
            if text in state.damaged and not places_of(self._house, locator):
                del state.damaged[text]
        if known != state.damaged:
            save_state(self._house, state)

    def _pace(self, count: int) -> None:
        self._pause(count / self._bytes_per_s)


def heal(house: House, locator: Locator) -> str | None:
    """Bring a damaged block back: from the trash, or from this process's memory; returns from where."""
    rescue = rescue_of(house)
    source = None if rescue is None else rescue.bring_back(locator)
    if source is not None:
        return source
    try:
        data = house.blocks.read(locator, 0, locator.size)
    except (BlockError, StoreUnavailable):
        return None
    house.blocks.put(data)
    return "memory"


def places_of(house: House, locator: Locator) -> tuple[Place, ...]:
    """List the files that a block is in."""
    hits = Damage(house.directories, {locator}, set()).find(trees_of(house))
    return hits[str(locator)].places() if str(locator) in hits else ()


def load_state(house: House) -> State:
    """Read how far the scrub is."""
    with house.read_catalog() as tables:
        text = tables.settings.get(SETTING)
    return State() if text is None else State(**json.loads(text))


def save_state(house: House, state: State) -> None:
    """Keep how far the scrub is, for the next step of any process."""
    text = json.dumps(asdict(state))
    house.edit(lambda edit: edit.tables().settings.set(SETTING, text))


def _is_of_the_medium(error: StoreUnavailable) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EIO
