"""A live collection in memory: the tree and its position in the journal.

Owns: loading a collection, catching up with what other processes appended, publishing a newer state.
Never: makes a change (``edit``) or a version (``committing``).
Invariants: a state is a value; ``tree = checkpoint + journal entries up to seq``; a published state is never older
than the one before it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

from davserver.catalog.database import Tables
from davserver.catalog.model import Collection, Entry, Lock
from davserver.collection.change import apply
from davserver.collection.dirnode import DirNode
from davserver.errors import CatalogCorrupt, DavserverError, JournalCorrupt, StoreUnavailable
from davserver.live.directories import Directories
from davserver.live.grafting import EntryReader
from davserver.live.views import View


@dataclass(frozen=True, slots=True)
class State:
    """A collection's row, its tree, and the sequence of the newest change in that tree.

    ``stands_on`` is the ``base_seq`` of the checkpoint that the tree was built on. Once a commit of another process has
    moved that of the row, the tree is as true as before, but what it holds in memory is in blocks now (``adopting``).
    """

    row: Collection
    root: DirNode
    seq: int
    stands_on: int = 0

    @property
    def is_behind(self) -> bool:
        """Whether there is a newer checkpoint than the one the tree stands on."""
        return self.stands_on != self.row.base_seq

    def view(self) -> View:
        """Return what a reader sees."""
        return View(self.row, self.root, self.seq)


def load(tables: Tables, row: Collection, directories: Directories) -> State:
    """Build the state of a row from its checkpoint and its journal, in the transaction the row was read in."""
    base = State(row, directories.root(row.base_root), row.base_seq, row.base_seq)
    reader = EntryReader(directories, tables.journal.after)
    return at_head(replay(base, tables.journal.after(row.id, row.base_seq), reader))


def catch_up(tables: Tables, state: State, row: Collection, directories: Directories) -> State:
    """Bring a state to a newer row, in the transaction the row was read in; costs what the missing entries cost.

    A commit by another process of entries that are in the tree already changes nothing in it: no request pays for
    loading the checkpoint (``adopting`` does that aside). Any other new checkpoint is loaded (lazily), and so is one
    after a repack: the blocks that the tree names may go.
    """
    is_committed = state.row.base_seq < row.base_seq <= state.seq and state.row.repacks == row.repacks
    if not is_committed and (row.base_seq, row.base_root) != (state.row.base_seq, state.row.base_root):
        return load(tables, row, directories)
    if row.head_seq > state.seq:
        reader = EntryReader(directories, tables.journal.after)
        return at_head(replay(replace(state, row=row), tables.journal.after(row.id, state.seq), reader))
    return replace(state, row=row)


def replay(state: State, entries: Iterable[Entry], reader: EntryReader) -> State:
    """Apply journal entries in order; raises JournalCorrupt where one is missing or cannot be applied."""
    root, seq = state.root, state.seq
    for entry in entries:
        if entry.seq != seq + 1:
            raise torn(state.row, f"entry {seq + 1} is missing before entry {entry.seq}")
        change = reader.change(entry)
        try:
            root = apply(root, change)
        except (CatalogCorrupt, StoreUnavailable):
            raise
        except DavserverError as error:  # it was applied once, so this is not the tree that it was made for
            raise torn(state.row, f"entry {entry.seq} cannot be applied: {error.message}") from error
        seq = entry.seq
    return replace(state, root=root, seq=seq)


def at_head(state: State) -> State:
    """Refuse a tree that lacks changes which were acknowledged, or has some that its row knows nothing of."""
    if state.seq != state.row.head_seq:
        raise torn(state.row, f"it ends at entry {state.seq}, its head is {state.row.head_seq}")
    return state


def torn(row: Collection, reason: str) -> JournalCorrupt:
    """Return the error of a journal that is not whole."""
    return JournalCorrupt(f"the journal of {row.name!r}: {reason}", hint="run davserver fsck")


class LiveCollection:
    """One open collection of this process: its newest known state and its locks.

    ``reader_saw`` and ``writer_saw`` are the catalog's change counters at which the state was known to be current.
    """

    def __init__(self, state: State) -> None:
        self.id = state.row.id
        self.reader_saw = -1
        self.writer_saw = -1
        self.committing = threading.Lock()
        self._state = state
        self._locks: tuple[int, tuple[Lock, ...]] | None = None
        self._publishing = threading.Lock()

    @property
    def state(self) -> State:
        """The newest published state."""
        return self._state

    def publish(self, state: State) -> State:
        """Make a state the one readers see, unless a newer one is there; return the one they see."""
        with self._publishing:
            if _age(state) >= _age(self._state):
                self._state = state
            return self._state

    def known_locks(self, row: Collection) -> tuple[Lock, ...] | None:
        """Return the locks as of the row's ``lock_seq`` if they are in memory."""
        known = self._locks
        return known[1] if known is not None and known[0] == row.lock_seq else None

    def know_locks(self, row: Collection, locks: tuple[Lock, ...]) -> None:
        """Remember the locks as of a row that is committed."""
        self._locks = (row.lock_seq, locks)

    def locks(self, tables: Tables, row: Collection) -> tuple[Lock, ...]:
        """Return the locks as of a row, from memory or in the transaction that the row was read in."""
        locks = self.known_locks(row)
        if locks is None:
            locks = tables.locks.of(row.id)
            self.know_locks(row, locks)
        return locks


def _age(state: State) -> int:
    # Each of these only grows, and every transaction that touches a collection makes one of them grow.
    row = state.row
    return state.seq + row.version + row.base_seq + row.lock_seq
