"""Replaying aside: a tree that lags behind its journal catches up in short steps.

Owns: reading a bounded part of the journal at a time, each in a look of its own.
Never: publishes what it makes; the trees of open collections are brought up at once, inside one look (``state``).
Why steps: between two of them whoever asked may rest, so that requests come first, or pack what the step brought, so
that the content of a long journal is never in memory at once.
Invariants: every state it returns is checkpoint + entries up to its ``seq``.
"""

from __future__ import annotations

from typing import NamedTuple

from davserver.catalog.database import Catalog, Tables
from davserver.catalog.model import Collection, Entry
from davserver.errors import NotFound
from davserver.live.directories import Directories
from davserver.live.grafting import EntryReader
from davserver.live.state import State, replay, torn


class Step(NamedTuple):
    """A state, and how many entries it still lacks; 0 also if there is a newer checkpoint than it stands on."""

    state: State
    missing: int


class Replayer:
    """Replays for one catch-up. Threads: one at a time."""

    def __init__(self, catalog: Catalog, directories: Directories) -> None:
        self._catalog = catalog
        self._tables: Tables | None = None
        # Trees of grafts are kept from step to step: they are values, whenever they were read.
        self._reader = EntryReader(directories, self._tail)

    def step(self, state: State, most: int) -> Step:
        """Apply the next entries, ``most`` at most; raises NotFound if purged, JournalCorrupt if some are missing."""
        with self._catalog.read() as tables:
            row = tables.collections.by_id(state.row.id)
            if row is None:
                raise NotFound(f"collection {state.row.uuid} is gone")
            if row.base_seq != state.stands_on:
                return Step(state, 0)
            last = min(state.seq + most, row.head_seq)
            # Inside the look: an entry that is trimmed afterwards holds no other collection's journal any more.
            self._tables = tables
            state = replay(state, tables.journal.between(row.id, state.seq, last), self._reader)
        if state.seq < last:
            raise torn(row, f"it ends at entry {state.seq}, its head is {row.head_seq}")
        return Step(state, row.head_seq - last)

    def _tail(self, collection_id: int, seq: int) -> list[Entry]:
        assert self._tables is not None  # noqa: S101  (asked only inside a step)
        return self._tables.journal.after(collection_id, seq)


def on_checkpoint(row: Collection, directories: Directories) -> State:
    """Return a collection as its checkpoint has it, without what came since."""
    return State(row, directories.root(row.base_root), row.base_seq, row.base_seq)
