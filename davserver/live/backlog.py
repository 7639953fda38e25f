"""The backlog: which collections have changes that no version holds, as the catalog tells.

Costs a look at shared memory while nothing changes, else a query over the collections and one over the new entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from davserver.catalog.database import Catalog, Tables
from davserver.catalog.model import Uncommitted


class Waiting(NamedTuple):
    """What waits in a collection: up to which entry, and how many bytes of content are in no block yet."""

    seq: int
    bytes: int


class Backlog:
    """Asks one catalog. Threads: one at a time."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._seen = -1
        self._bases: dict[int, int] = {}
        self._waiting: dict[int, Waiting] = {}

    def __call__(self) -> Mapping[int, Waiting]:
        """Return what waits, by the collection's number."""
        seen = self._catalog.reader_sees()  # before the tables: what is committed in between is looked at once more
        if seen != self._seen:
            with self._catalog.read() as tables:
                rows = tables.collections.uncommitted()
                self._waiting = {row.id: self._measured(tables, row) for row in rows}
                self._bases = {row.id: row.base_seq for row in rows}
            self._seen = seen
        return self._waiting

    def _measured(self, tables: Tables, row: Uncommitted) -> Waiting:
        """Add up the content of the entries, of which most were added up before."""
        known = Waiting(row.base_seq, 0)
        if self._bases.get(row.id) == row.base_seq:
            known = self._waiting[row.id]
        if row.head_seq == known.seq:
            return known
        return Waiting(row.head_seq, known.bytes + tables.journal.inline_bytes(row.id, known.seq))
