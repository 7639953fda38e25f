"""A batch: the collections that the edits of one transaction work on.

Owns: the working state of each, and taking back what a failed job did.
Never: what a job does (``edit``); begins or ends the transaction (``writer``).
Invariants: a job that raised leaves no trace; the next job of the batch sees all that the jobs before it did.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from davserver.catalog.collections import Head
from davserver.catalog.database import Savepoint, Tables
from davserver.catalog.model import Collection, Entry, Lock
from davserver.errors import NotFound
from davserver.live.allowance import refuse_growth
from davserver.live.state import State


class Outrun(Exception):
    """Another process appended between our look and our append."""


@dataclass(slots=True)
class Working:
    """A collection as the batch has made it so far; ``entries`` are not in the database yet."""

    state: State
    entries: list[Entry] = field(default_factory=list)


class Source(Protocol):
    """Brings collections up to date inside the batch's transaction."""

    def find(self, tables: Tables, name: str) -> State | None:
        """Return the collection of a name that is not in the trash."""

    def by_id(self, tables: Tables, collection_id: int) -> State | None:
        """Return the collection of a number, trashed or not."""

    def current(self, tables: Tables, row: Collection) -> State:
        """Return the collection of a row that was read in this transaction."""

    def locks(self, tables: Tables, row: Collection) -> list[Lock]:
        """Return the locks of a row as it is committed."""


class Batch:
    """The collections that the jobs of one transaction work on."""

    def __init__(self, tables: Tables, source: Source) -> None:
        """Work on what ``source`` knows, inside the transaction of ``tables``."""
        self.tables = tables
        self.changed: dict[int, Working] = {}
        self.names_changed = False
        self.rows_changed: set[int] = set()
        self._source = source
        self._saved: dict[int, tuple[State, int] | None] = {}
        self._savepoint: Savepoint | None = None
        self._trims: list[int] = []
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
            working = self.changed.setdefault(collection_id, Working(state))
        self._saved.setdefault(collection_id, (working.state, len(working.entries)))
        return working

    def adopt(self, state: State) -> Working:
        """Take the state of a collection that this job made as its working one."""
        working = self.changed[state.row.id] = Working(state)
        self._saved[state.row.id] = None
        return working

    def tail(self, collection_id: int, seq: int) -> list[Entry]:
        """Return the entries after ``seq``, those of this batch included."""
        own = self.working(collection_id).entries
        return [*self.tables.journal.after(collection_id, seq), *(entry for entry in own if entry.seq > seq)]

    def locks(self, collection_id: int) -> list[Lock]:
        """Return the collection's locks as this batch has made them, expired ones too."""
        working = self.changed.get(collection_id)
        if collection_id in self.rows_changed or working is None:
            return self.tables.locks.of(collection_id)
        return self._source.locks(self.tables, working.state.row)

    def trim(self, collection_id: int) -> None:
        """Drop the entries that the checkpoint holds when the batch is written: its own grafts may need them."""
        self._trims.append(collection_id)

    def directly(self) -> Tables:
        """Return the tables for a change in SQL, which is taken back too if the job fails."""
        if self._savepoint is None:
            self._savepoint = self.tables.savepoint()
        return self.tables

    def refuse_growth(self) -> None:
        """Raise QuotaExceeded if this job lets an account store more than it may."""
        now = {key: working.state for key, working in self.changed.items()}
        pairs = ((None if saved is None else saved[0], now[key]) for key, saved in self._saved.items())
        refuse_growth(self.tables, pairs, now)

    def keep(self) -> None:
        """End a job that went well."""
        if self._savepoint is not None:
            self._savepoint.commit()
        self._forget()

    def undo(self) -> None:
        """End a job that failed: everything is as it was before it."""
        del self._trims[self._kept_trims :]
        if self._savepoint is not None:
            self._savepoint.rollback()
        for collection_id, saved in self._saved.items():
            if saved is None:
                del self.changed[collection_id]
                continue
            working = self.changed[collection_id]
            working.state, length = saved
            del working.entries[length:]
        self._forget()

    def flush(self) -> None:
        """Write the journal entries; raises Outrun if another process was faster and the batch must run again."""
        entries = [(key, entry) for key, working in self.changed.items() for entry in working.entries]
        heads = [
            Head(key, working.state.row.head_seq, working.state.seq, working.state.root.bytes)
            for key, working in self.changed.items()
            if working.entries
        ]
        if not self.tables.collections.advance(heads):
            raise Outrun
        self.tables.journal.append(entries)
        for collection_id in self._trims:
            self.tables.journal.trim(collection_id)
        for working in self.changed.values():
            row = replace(working.state.row, head_seq=working.state.seq, bytes=working.state.root.bytes)
            working.state = replace(working.state, row=row)

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
