"""Sums over the tables, for statistics.

Never: loads a tree or reads content; each sum is one statement over rows or an index.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, select

from davserver.catalog import schema

_versions = schema.versions
_journal = schema.journal
_collections = schema.collections


@dataclass(frozen=True, slots=True)
class Tally:
    """What a collection has: versions, the bytes of all of them, changes in no version, the content those carry."""

    versions: int = 0
    version_bytes: int = 0
    pending: int = 0
    pending_bytes: int = 0


class Tallies:
    """Adds up on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_collections(self, only: int | None = None) -> dict[int, Tally]:
        """Return what each collection has, or only one, by number; those with neither versions nor changes lack."""
        key = _versions.c.collection_id
        counts = select(key, func.count(), func.coalesce(func.sum(_versions.c.bytes), 0)).group_by(key)
        pending = (
            select(_journal.c.collection_id, func.count(), func.coalesce(func.sum(func.length(_journal.c.inline)), 0))
            .join(_collections, _collections.c.id == _journal.c.collection_id)
            .where(_journal.c.seq > _collections.c.base_seq)
            .group_by(_journal.c.collection_id)
        )
        if only is not None:
            counts = counts.where(key == only)
            pending = pending.where(_journal.c.collection_id == only)
        found = {row[0]: Tally(row[1], row[2]) for row in self._connection.execute(counts)}
        for number, count, size in self._connection.execute(pending):
            found[number] = replace(found.get(number, Tally()), pending=count, pending_bytes=size)
        return found

    def records(self) -> tuple[int, int]:
        """Return how many directory records there are, and their bytes."""
        body = schema.records.c.body
        row = self._connection.execute(select(func.count(), func.coalesce(func.sum(func.length(body)), 0))).one()
        return row[0], row[1]
