"""What the tables name, and taking out of them what nobody needs any more.

Owns: where names of blocks and directory records stand; purging collections, records and texts.
Never: decides what is old (the caller gives the times), or looks at blocks.
Invariant: each statement that deletes looks again at what it rests on, inside the writers' queue: a record that was
added again is young, a text that a new version names stays, so does a collection that was restored or whose journal
another collection's entries need.
"""

from __future__ import annotations

from collections.abc import Collection as AnyOf
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select

from davserver.catalog import schema
from davserver.catalog.grafts import Graft, Grafts

_collections = schema.collections
_journal = schema.journal
_records = schema.records
_texts = schema.texts
_versions = schema.versions
_IS_UNNAMED = ~select(_versions.c.pdh).where(_versions.c.pdh == _texts.c.pdh, _versions.c.text).exists()
_AT_ONCE = 1000
_HASH_CHARS = 64
_OF_A_COLLECTION = (
    schema.grafts,
    schema.journal,
    schema.trails,
    schema.versions,
    schema.locks,
    schema.grants,
    schema.links,
)


class NamedRoot(NamedTuple):
    """A tree that a collection has or had; ``number`` is its version."""

    collection_id: int
    number: int
    root: str


class NamedEntry(NamedTuple):
    """A journal entry, without the content it carries."""

    collection_id: int
    seq: int
    header: bytes


class OldRecord(NamedTuple):
    """What deciding about a directory record takes."""

    hash: str
    added_ns: int
    size: int


class Garbage:
    """Reads names and deletes rows on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- what is named ------------------------------------------------------------------------------------------------

    def roots(self, without: AnyOf[int] = ()) -> Iterator[NamedRoot]:
        """Iterate over the root records of all versions, but for some collections'. A checkpoint's is among them."""
        query = select(_versions.c.collection_id, _versions.c.number, _versions.c.root)
        for row in self._connection.execute(query.where(_versions.c.collection_id.not_in(without))):
            yield NamedRoot(*row)
        bases = select(_collections.c.id, _collections.c.version, _collections.c.base_root)
        for row in self._connection.execute(bases.where(_collections.c.id.not_in(without))):
            if row.base_root is not None:
                yield NamedRoot(*row)

    def entries(self, without: AnyOf[int] = ()) -> Iterator[NamedEntry]:
        """Iterate over all journal entries, also those that a version holds and only another collection needs."""
        columns = (_journal.c.collection_id, _journal.c.seq, _journal.c.header)
        after = (-1, -1)
        while True:
            query = select(*columns).where(_after(after), _journal.c.collection_id.not_in(without)).limit(_AT_ONCE)
            rows = self._connection.execute(query.order_by(_journal.c.collection_id, _journal.c.seq)).all()
            yield from (NamedEntry(*row) for row in rows)
            if len(rows) < _AT_ONCE:
                return
            after = (rows[-1].collection_id, rows[-1].seq)

    def gaps(self) -> list[str]:
        """List the names of the collections whose journal lacks an entry that no version holds."""
        pending = select(func.count()).where(
            _journal.c.collection_id == _collections.c.id,
            _journal.c.seq > _collections.c.base_seq,
            _journal.c.seq <= _collections.c.head_seq,
        )
        torn = pending.scalar_subquery() != _collections.c.head_seq - _collections.c.base_seq
        return list(self._connection.execute(select(_collections.c.name).where(torn)).scalars())

    def texts(self, without: AnyOf[int] = ()) -> list[str]:
        """List the portable data hashes of the texts that versions keep."""
        query = select(_versions.c.pdh).distinct().where(_versions.c.text, _versions.c.collection_id.not_in(without))
        return list(self._connection.execute(query).scalars())

    # -- what can go --------------------------------------------------------------------------------------------------

    def purgeable(self, trashed_before_ns: int) -> list[list[int]]:
        """List the collections that are in the trash since before then, as groups that can only go together.

        Left out is one whose entries another collection needs that does not go itself.
        """
        query = select(_collections.c.id).where(_collections.c.trashed_ns < trashed_before_ns)
        going = set(self._connection.execute(query).scalars())
        grafts = self._needed() if going else []
        while needed := {graft.source_id for graft in grafts if graft.collection_id not in going} & going:
            going -= needed
        tangled = {key for graft in grafts for key in (graft.collection_id, graft.source_id)} & going
        return [[one] for one in sorted(going - tangled)] + ([sorted(tangled)] if tangled else [])

    def purge(self, group: Sequence[int], trashed_before_ns: int) -> bool:
        """Delete collections for good, with all that is theirs; False if one of them has to stay now.

        Their records and texts are not looked at: whoever has no name left is found by its own sweep.
        """
        if list(group) not in self.purgeable(trashed_before_ns):
            return False
        Grafts(self._connection).sweep(Grafts(self._connection).all())
        for table in _OF_A_COLLECTION:
            self._connection.execute(delete(table).where(table.c.collection_id.in_(group)))
        self._connection.execute(delete(_collections).where(_collections.c.id.in_(group)))
        return True

    def records_after(self, after: str) -> list[OldRecord]:
        """List some records in order of their hash, those after ``after``; none at the end.

        Left out are damaged ones that were set aside under another key.
        """
        columns = (_records.c.hash, _records.c.added_ns, func.length(_records.c.body))
        query = (
            select(*columns)
            .where(_records.c.hash > after, func.length(_records.c.hash) == _HASH_CHARS)
            .order_by(_records.c.hash)
            .limit(_AT_ONCE)
        )
        return [OldRecord(*row) for row in self._connection.execute(query)]

    def delete_records(self, hashes: Sequence[str], added_before_ns: int) -> int:
        """Delete records that were not added again since then; returns how many went."""
        statement = delete(_records).where(_records.c.hash.in_(hashes), _records.c.added_ns < added_before_ns)
        return self._connection.execute(statement).rowcount

    def unnamed_texts(self) -> list[str]:
        """List the texts that no version keeps, by portable data hash."""
        return list(self._connection.execute(select(_texts.c.pdh).where(_IS_UNNAMED)).scalars())

    def delete_text(self, pdh: str) -> bool:
        """Delete a text unless a version keeps it."""
        return bool(self._connection.execute(delete(_texts).where(_texts.c.pdh == pdh, _IS_UNNAMED)).rowcount)

    def _needed(self) -> list[Graft]:
        grafts = Grafts(self._connection)
        return [graft for graft in grafts.needed() if graft.collection_id != graft.source_id]


def _after(key: tuple[int, int]) -> ColumnElement[bool]:
    collection_id, seq = key
    beyond = (_journal.c.collection_id == collection_id) & (_journal.c.seq > seq)
    return or_(_journal.c.collection_id > collection_id, beyond)
