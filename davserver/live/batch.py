"""A batch: the collections that the edits of one transaction work on.

Owns: the working state of each, and taking back what a failed job did.
Never: what a job does (``edit``); begins or ends the transaction (``writer``).
Invariants: a job that raised leaves no trace; the next job of the batch sees all that the jobs before it did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from davserver.catalog.collections import Head
from davserver.catalog.database import Savepoint, Tables
from davserver.catalog.model import Collection, Entry, Lock
from davserver.errors import NotFound
from davserver.live.allowance import refuse_growth
from davserver.live.state import State, at_head


class Outrun(Exception):
    """Another process appended between our look and our append."""


@dataclass(slots=True)
class Working:
    """A collection as the batch has made it so far.

    ``row`` is what the database holds of it; ``entries`` are not there yet, nor is what was done to ``locks`` (None:
    not looked at), which were ``known_locks``.
    """

    state: State
    row: Collection
    entries: list[Entry] = field(default_factory=list)
    locks: tuple[Lock, ...] | None = None
    known_locks: tuple[Lock, ...] = ()

    @classmethod
    def of(cls, state: State) -> Working:
        """Begin to work on a state that the database holds."""
        return cls(state, state.row)

    def head(self) -> Head | None:
        """Return where the database has to move the counters of this collection, None if nowhere."""
        known, now = self.row, self.state.row.lock_seq
        if not self.entries and now == known.lock_seq:
            return None
        return Head(known.id, (known.head_seq, known.lock_seq), self.state.seq, now, self.state.root.bytes)


class _Saved(NamedTuple):
    """What a collection was before the job that is running, of which the batch knew nothing before if it was handed."""

    state: State
    length: int
    locks: tuple[Lock, ...] | None
    handed: bool = False


class Source(Protocol):
    """Brings collections up to date inside the batch's transaction."""

    def find(self, tables: Tables, name: str) -> State | None:
        """Return the collection of a name that is not in the trash."""

    def by_id(self, tables: Tables, collection_id: int) -> State | None:
        """Return the collection of a number, trashed or not."""

    def current(self, tables: Tables, row: Collection) -> State:
        """Return the collection of a row that was read in this transaction."""

    def locks(self, tables: Tables, row: Collection) -> tuple[Lock, ...]:
        """Return the locks of a row as it is committed."""


class Batch:
    """The collections that the jobs of one transaction work on."""

    def __init__(self, tables: Tables, source: Source) -> None:
        """Work on what ``source`` knows, inside the transaction of ``tables``."""
        self.tables = tables
        self.changed: dict[int, Working] = {}
        self.names_changed = False
        self._source = source
        self._saved: dict[int, _Saved | None] = {}
        self._savepoint: Savepoint | None = None
        self._trims: list[tuple[int, int]] = []
        self._kept_trims = 0

    def by_name(self, name: str) -> State:
        """Find a collection by name, as this batch has made it; raises NotFound."""
        if self.names_changed:
            state = self._of_row(self.tables.collections.by_name(name))
        else:
            # A row that this batch has changed is not for the source: what it names is not committed yet.
            state = self._changed_of_name(name) or self._source.find(self.tables, name)
        if state is None:
            raise NotFound(f"no collection named {name!r}")
        return state

    def by_uuid(self, uuid: str) -> State:
        """Find a collection by uuid, trashed or not; raises NotFound."""
        state = self._of_row(self.tables.collections.by_uuid(uuid))
        if state is None:
            raise NotFound(f"no collection {uuid}")
        return state

    def working(self, collection_id: int) -> Working:
        """Return the collection's working state, remembering what it was before this job."""
        working = self.changed.get(collection_id)
        if working is None:
            state = self._source.by_id(self.tables, collection_id)
            if state is None:
                raise NotFound(f"no collection with id {collection_id}")
            working = self.changed.setdefault(collection_id, Working.of(state))
        if collection_id not in self._saved:
            self._saved[collection_id] = _Saved(working.state, len(working.entries), working.locks)
        return working

    def row(self, collection_id: int) -> Collection:
        """Return the collection's row as this batch has made it, whatever tree of it is in memory; raises NotFound."""
        working = self.changed.get(collection_id)
        row = self.tables.collections.by_id(collection_id) if working is None else working.state.row
        if row is None:
            raise NotFound(f"no collection with id {collection_id}")
        return row

    def hand(self, state: State) -> Working:
        """Let a tree that is at the collection's head, as ``tail`` tells, be worked on.

        So the one in memory is not brought up to date, which may take long where it lags behind.
        """
        collection_id = state.row.id
        if collection_id not in self.changed:
            row = self.row(collection_id)
            working = self.changed[collection_id] = Working.of(at_head(replace(state, row=row)))
            self._saved[collection_id] = _Saved(working.state, 0, None, handed=True)
            return working
        working = self.working(collection_id)
        working.state = replace(working.state, root=state.root)
        return working

    def adopt(self, state: State) -> Working:
        """Take the state of a collection that this job made as its working one."""
        working = self.changed[state.row.id] = Working.of(state)
        working.locks = ()
        self._saved[state.row.id] = None
        return working

    def tail(self, collection_id: int, seq: int) -> list[Entry]:
        """Return the entries after ``seq``, those of this batch included."""
        working = self.changed.get(collection_id)
        own = [] if working is None else working.entries
        return [*self.tables.journal.after(collection_id, seq), *(entry for entry in own if entry.seq > seq)]

    def locks(self, collection_id: int) -> tuple[Lock, ...]:
        """Return the collection's locks as this batch has made them, expired ones too."""
        working = self.working(collection_id)
        if working.locks is None:
            working.locks = working.known_locks = self._source.locks(self.tables, working.row)
        return working.locks

    def set_locks(self, collection_id: int, locks: Iterable[Lock]) -> None:
        """Let a collection have these locks; ``locks`` was asked before."""
        self.working(collection_id).locks = tuple(locks)
        self.count(collection_id)

    def count(self, collection_id: int) -> None:
        """Count one change of a collection's locks, name or place, so that other processes read them again."""
        working = self.working(collection_id)
        row = working.state.row
        working.state = replace(working.state, row=replace(row, lock_seq=row.lock_seq + 1))

    def trim(self, collection_id: int, up_to: int) -> None:
        """Drop entries that the checkpoint holds, when the batch is written: its own grafts may need them."""
        self._trims.append((collection_id, up_to))

    def directly(self) -> Tables:
        """Return the tables for a change in SQL, which is taken back too if the job fails."""
        if self._savepoint is None:
            self._savepoint = self.tables.savepoint()
        return self.tables

    def refuse_growth(self) -> None:
        """Raise QuotaExceeded if this job lets an account store more than it may."""
        now = {key: working.state for key, working in self.changed.items()}
        pairs = ((None if saved is None else saved.state, now[key]) for key, saved in self._saved.items())
        refuse_growth(self.tables, pairs, now)

    def keep(self) -> None:
        """End a job that went well."""
        if self._savepoint is not None:
            self._savepoint.keep()
        self._forget()

    def undo(self) -> None:
        """End a job that failed: everything is as it was before it."""
        del self._trims[self._kept_trims :]
        if self._savepoint is not None:
            self._savepoint.undo()
        for collection_id, saved in self._saved.items():
            if saved is None or saved.handed:
                del self.changed[collection_id]
                continue
            working = self.changed[collection_id]
            working.state = saved.state
            del working.entries[saved.length :]
            working.locks = saved.locks  # None, where this job was the first that looked
        self._forget()

    def flush(self) -> None:
        """Write what is not in the database yet; raises Outrun if another process was faster and the batch must rerun.

        A job's own SQL stands there already; nobody but the batch moves the counters of a collection.
        """
        heads = [head for working in self.changed.values() if (head := working.head()) is not None]
        if not self.tables.collections.advance(heads):
            raise Outrun
        self.tables.journal.append([(key, entry) for key, working in self.changed.items() for entry in working.entries])
        for working in self.changed.values():
            self._write_locks(working)
        for collection_id, up_to in self._trims:
            self.tables.journal.trim(collection_id, up_to)
        for working in self.changed.values():
            row = replace(working.state.row, head_seq=working.state.seq, bytes=working.state.root.bytes)
            working.state = replace(working.state, row=row)

    def _write_locks(self, working: Working) -> None:
        known, now = working.known_locks, working.locks
        if now is None or now is known:
            return
        # By identity: thousands of locks that stay as they are cost next to nothing.
        before, after = set(map(id, known)), set(map(id, now))
        if after != before:
            self.tables.locks.remove(lock.token for lock in known if id(lock) not in after)
            self.tables.locks.add(lock for lock in now if id(lock) not in before)

    def _changed_of_name(self, name: str) -> State | None:
        states = (working.state for working in self.changed.values())
        return next((state for state in states if state.row.name == name and state.row.trashed_ns is None), None)

    def _of_row(self, row: Collection | None) -> State | None:
        if row is None:
            return None
        working = self.changed.get(row.id)
        return working.state if working else self._source.current(self.tables, row)

    def _forget(self) -> None:
        self._savepoint = None
        self._saved.clear()
        self._kept_trims = len(self._trims)
