"""The open collections of a process, and how they stay current.

Owns: the cache of live collections; reading sides' and writing sides' way to the newest state.
Never: changes a collection.
How: a counter of the catalog tells in microseconds whether anything was committed since the last look; only then is
the collection's row read, and only what is missing is applied. The cache may drop any collection at any time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace

from davserver.catalog.database import Catalog, Tables
from davserver.catalog.model import Collection, Lock
from davserver.errors import NotFound
from davserver.live.directories import Directories
from davserver.live.replaying import on_checkpoint
from davserver.live.state import LiveCollection, State, catch_up, load


class Registry:
    """The live collections of one process. Threads: any."""

    def __init__(self, catalog: Catalog, directories: Directories, *, capacity: int) -> None:
        self._catalog = catalog
        self._directories = directories
        self._capacity = capacity
        self._open: OrderedDict[int, LiveCollection] = OrderedDict()
        self._lock = threading.Lock()
        self._read_names: tuple[int, dict[str, LiveCollection]] = (-1, {})
        self._write_names: dict[str, int] = {}
        self._writer_saw = -1

    # -- the reading side ---------------------------------------------------------------------------------------------

    def view(self, name: str) -> LiveCollection:
        """Return the collection of a name, current as of this call; raises NotFound."""
        seen = self._catalog.reader_sees()
        names = self._reader_names(seen)
        live = names.get(name)
        if live is None or live.reader_saw != seen:
            live = self._refresh(seen, name)
            names[name] = live
        return live

    def view_row(self, wanted: str) -> LiveCollection:
        """Return the collection of a uuid, trashed or not; raises NotFound."""
        with self._catalog.read() as tables:
            row = tables.collections.by_uuid(wanted)
            if row is None:
                raise NotFound(f"no collection {wanted}")
            return self._bring_up(tables, row)

    def lagging(self, collection_id: int) -> tuple[LiveCollection, Collection]:
        """Return a collection as it was last seen here, or as its checkpoint has it, and its row as it is now.

        For a commit, which brings it up to date in its own way. Raises NotFound.
        """
        with self._catalog.read() as tables:
            row = tables.collections.by_id(collection_id)
            if row is None:
                raise NotFound(f"no collection with id {collection_id}")
            return self.get(collection_id) or self.add(on_checkpoint(row, self._directories)), row

    def unsettled(self) -> list[LiveCollection]:
        """List the open collections of which the catalog has a newer checkpoint than their trees stand on.

        Only those are looked up that have content in memory, and only a new checkpoint makes one catch up.
        """
        with self._lock:
            found = list(self._open.values())
        holding = [live for live in found if live.state.root.mem_bytes and not live.state.is_behind]
        if holding:
            with self._catalog.read() as tables:
                for live in holding:
                    row = tables.collections.by_id(live.id)
                    if row is not None and row.base_seq != live.state.row.base_seq:
                        self._bring_up(tables, row)
        return [live for live in found if live.state.is_behind]

    def read_locks(self, live: LiveCollection) -> tuple[Collection, tuple[Lock, ...]] | None:
        """Return a collection's locks, expired ones too, and the row as of which they are; None if it was purged."""
        row = live.state.row
        known = live.known_locks(row)
        if known is not None:
            return row, known
        with self._catalog.read() as tables:
            fresh = tables.collections.by_id(row.id)
            return None if fresh is None else (fresh, live.locks(tables, fresh))

    def _refresh(self, seen: int, name: str) -> LiveCollection:
        with self._catalog.read() as tables:
            row = tables.collections.by_name(name)
            if row is None:
                raise NotFound(f"no collection named {name!r}")
            live = self._bring_up(tables, row)
        # ``seen`` was taken before the row was read: what was committed in between is looked at once more, not missed.
        live.reader_saw = seen
        return live

    def _bring_up(self, tables: Tables, row: Collection) -> LiveCollection:
        live = self.get(row.id)
        if live is None:
            return self.add(load(tables, row, self._directories))
        state = live.state
        if row.head_seq >= state.seq:
            live.publish(catch_up(tables, state, row, self._directories))
        return live

    def _reader_names(self, seen: int) -> dict[str, LiveCollection]:
        known = self._read_names  # a pair: a thread that looked earlier must not write its names among newer ones
        if known[0] != seen:
            known = self._read_names = (seen, {})
        return known[1]

    # -- the writing side, inside a write transaction -----------------------------------------------------------------

    def find(self, tables: Tables, name: str) -> State | None:
        """Return the current state of a live name."""
        seen = self._catalog.writer_sees()
        if self._writer_saw != seen:
            self._write_names = {}
            self._writer_saw = seen
        known = self._write_names.get(name)
        # By number: a live collection that has left the cache is brought up to date by nobody.
        live = None if known is None else self.get(known)
        if live is not None and live.writer_saw == seen:
            return live.state
        row = tables.collections.by_name(name)
        if row is None:
            return None
        self._write_names[name] = row.id
        return self.current(tables, row)

    def by_id(self, tables: Tables, collection_id: int) -> State | None:
        """Return the current state of a collection, trashed or not."""
        live = self.get(collection_id)
        if live is not None and live.writer_saw == self._catalog.writer_sees():
            return live.state
        row = tables.collections.by_id(collection_id)
        return None if row is None else self.current(tables, row)

    def current(self, tables: Tables, row: Collection) -> State:
        """Return the current state of a row that was read in this transaction."""
        live = self.get(row.id)
        if live is None:
            live = self.add(load(tables, row, self._directories))
        else:
            live.publish(catch_up(tables, live.state, row, self._directories))
        live.writer_saw = self._catalog.writer_sees()
        return live.state

    def locks(self, tables: Tables, row: Collection) -> tuple[Lock, ...]:
        """Return the locks of a committed row."""
        live = self.get(row.id)
        return tables.locks.of(row.id) if live is None else live.locks(tables, row)

    def forget_names(self) -> None:
        """Look names up again: a collection was made, renamed, trashed or restored."""
        self._write_names = {}

    # -- the cache ----------------------------------------------------------------------------------------------------

    def get(self, collection_id: int) -> LiveCollection | None:
        """Return an open collection."""
        with self._lock:
            live = self._open.get(collection_id)
            if live is not None:
                self._open.move_to_end(collection_id)
            return live

    def add(self, state: State) -> LiveCollection:
        """Open a collection, or publish a state of an open one; may close the one that was not used for longest.

        The state is durable: a tree that is all in records is opened from these, so that its memory is counted.
        """
        root = state.root
        if root.record is not None and root.holds_entries:
            stored = self._directories.load(root.record, files=root.files, bytes=root.bytes, attributes=root.attributes)
            state = replace(state, root=stored)
        with self._lock:
            live = self._open.get(state.row.id)
            if live is None:
                live = self._open[state.row.id] = LiveCollection(state)
                if len(self._open) > self._capacity:
                    self._close_one()
                return live
        live.publish(state)
        return live

    def _close_one(self) -> None:
        """Close the collection that was not used for longest; one with content in memory only if all have some."""
        idle = (key for key, live in self._open.items() if not live.state.root.mem_bytes)
        del self._open[next(idle, next(iter(self._open)))]

    def pending_bytes(self) -> int:
        """Sum up the content in memory that is in no block yet."""
        with self._lock:
            return sum(live.state.root.mem_bytes for live in self._open.values())
