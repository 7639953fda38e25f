"""Grafts: journal entries that cannot be read without another collection's entries.

Owns: which entries are needed although a version of their own collection holds them.
Why: a folder that was just uploaded moves to another collection in one short entry, which says where in the other
journal the folder stands, instead of writing all of it out again.
Invariant: an entry is kept as long as any entry that is not committed leads to it, over any number of grafts; rings of
grafts (two collections that took from each other) are found to be needed by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, between, delete, insert, not_, select

from davserver.catalog import schema
from davserver.collection.change import Origin

_table = schema.grafts
_journal = schema.journal
_collections = schema.collections


@dataclass(frozen=True, slots=True)
class Graft:
    """Entry ``seq`` of a collection needs the entries of another one after ``source_base_seq`` up to ``source_seq``."""

    collection_id: int
    seq: int
    source_id: int
    source_base_seq: int
    source_seq: int

    def needs(self, other: Graft) -> bool:
        """Tell whether the entry of another graft is among those that this one needs."""
        return other.collection_id == self.source_id and self.source_base_seq < other.seq <= self.source_seq


def needed(grafts: Iterable[Graft], committed: Mapping[int, int]) -> set[Graft]:
    """Return the grafts that entries not committed lead to; ``committed`` is each collection's base sequence."""
    rest = set(grafts)
    found = {graft for graft in rest if graft.seq > committed[graft.collection_id]}
    frontier = found
    while frontier:
        rest -= frontier
        frontier = {graft for graft in rest if any(other.needs(graft) for other in frontier)}
        found |= frontier
    return found


class Grafts:
    """Reads and writes grafts on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, collection_id: int, seq: int, origin: Origin) -> None:
        """Note what an entry needs."""
        self._connection.execute(
            insert(_table).values(
                collection_id=collection_id,
                seq=seq,
                source_id=origin.collection_id,
                source_base_seq=origin.base_seq,
                source_seq=origin.seq,
            )
        )

    def all(self) -> list[Graft]:
        """List the grafts."""
        return [Graft(*row) for row in self._connection.execute(select(_table))]

    def drop(self, collection_id: int, seq: int) -> None:
        """Forget one graft."""
        where = (_table.c.collection_id == collection_id, _table.c.seq == seq)
        self._connection.execute(delete(_table).where(*where))

    def needed(self) -> set[Graft]:
        """Return the grafts that entries not committed lead to."""
        grafts = self.all()
        return needed(grafts, self._committed(grafts))

    def sweep(self, grafts: Iterable[Graft]) -> None:
        """Drop the grafts that nobody needs any more, and the committed entries that were kept for them."""
        grafts = set(grafts)
        committed = self._committed(grafts)
        kept = needed(grafts, committed)
        for graft in grafts - kept:
            self._connection.execute(
                delete(_table).where(_table.c.collection_id == graft.collection_id, _table.c.seq == graft.seq)
            )
        for collection_id, base_seq in committed.items():
            trim(self._connection, collection_id, base_seq, kept)

    def _committed(self, grafts: Iterable[Graft]) -> dict[int, int]:
        """Return the base sequences of the collections involved."""
        involved = {key for graft in grafts for key in (graft.collection_id, graft.source_id)}
        rows = self._connection.execute(
            select(_collections.c.id, _collections.c.base_seq).where(_collections.c.id.in_(involved))
        )
        return {row.id: row.base_seq for row in rows}


def trim(connection: Connection, collection_id: int, seq: int, kept: Iterable[Graft]) -> None:
    """Drop a collection's entries up to ``seq``, but for those that a graft needs."""
    spared: list[ColumnElement[bool]] = [
        not_(between(_journal.c.seq, graft.source_base_seq + 1, graft.source_seq))
        for graft in kept
        if graft.source_id == collection_id
    ]
    connection.execute(
        delete(_journal).where(and_(_journal.c.collection_id == collection_id, _journal.c.seq <= seq, *spared))
    )
