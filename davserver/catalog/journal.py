"""The journal: durable, ordered changes that no version holds yet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, insert, select

from davserver.catalog import schema
from davserver.catalog.grafts import Grafts, trim
from davserver.catalog.model import Entry
from davserver.catalog.statement import Statement

_table = schema.journal
_insert = Statement(insert(_table))
_after = Statement(
    select(_table.c.seq, _table.c.header, _table.c.inline)
    .where(_table.c.collection_id == bindparam("wanted"), _table.c.seq > bindparam("after"))
    .order_by(_table.c.seq)
)
_between = Statement(
    select(_table.c.seq, _table.c.header, _table.c.inline)
    .where(
        _table.c.collection_id == bindparam("wanted"),
        _table.c.seq > bindparam("after"),
        _table.c.seq <= bindparam("last"),
    )
    .order_by(_table.c.seq)
)
_headers = select(_table.c.seq, _table.c.header).where(
    _table.c.collection_id == bindparam("wanted"), _table.c.seq > bindparam("after"), _table.c.seq <= bindparam("last")
)
_inline_bytes = select(func.sum(func.length(_table.c.inline))).where(
    _table.c.collection_id == bindparam("wanted"), _table.c.seq > bindparam("seq")
)
_base_seq = select(schema.collections.c.base_seq).where(schema.collections.c.id == bindparam("wanted"))
_committed = (
    select(_table.c.seq)
    .join(schema.collections, schema.collections.c.id == _table.c.collection_id)
    .where(_table.c.collection_id == bindparam("wanted"), _table.c.seq <= schema.collections.c.base_seq)
    .order_by(_table.c.seq)
)


class Journal:
    """Reads and writes journal entries on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.appended_bytes = 0
        """What this gateway has added, headers included."""

    def append(self, entries: Sequence[tuple[int, Entry]]) -> None:
        """Add entries, given with their collection's id; durable when the transaction ends well."""
        if entries:
            rows = [
                {"collection_id": collection_id, "seq": entry.seq, "header": entry.header, "inline": entry.inline}
                for collection_id, entry in entries
            ]
            _insert.run_all(self._connection, rows)
            self.appended_bytes += sum(len(entry.header) + len(entry.inline) for _, entry in entries)
            grafts = Grafts(self._connection)
            for collection_id, entry in entries:
                if entry.origin is not None:
                    grafts.add(collection_id, entry.seq, entry.origin)

    def after(self, collection_id: int, seq: int) -> list[Entry]:
        """Read the entries that follow ``seq``, in order."""
        return [Entry(*row) for row in _after.rows(self._connection, {"wanted": collection_id, "after": seq})]

    def between(self, collection_id: int, after: int, last: int) -> list[Entry]:
        """Read the entries after one up to another, in order."""
        return [Entry(*row) for row in _between.rows(self._connection, _part(collection_id, after, last))]

    def headers(self, collection_id: int, after: int, last: int) -> list[tuple[int, bytes]]:
        """Read (seq, header) of the entries after one up to another, in order, without the content they carry."""
        rows = self._connection.execute(_headers.order_by(_table.c.seq), _part(collection_id, after, last))
        return [(row.seq, row.header) for row in rows]

    def inline_bytes(self, collection_id: int, seq: int) -> int:
        """Add up the content that the entries after ``seq`` carry; it is not read for that."""
        return self._connection.execute(_inline_bytes, {"wanted": collection_id, "seq": seq}).scalar() or 0

    def committed(self, collection_id: int) -> list[int]:
        """List the entries that the collection's checkpoint holds and that were not dropped yet, in order."""
        return list(self._connection.execute(_committed, {"wanted": collection_id}).scalars())

    def trim(self, collection_id: int, up_to: int) -> None:
        """Drop entries up to one that the collection's checkpoint holds, but for those that grafts of others need."""
        gateway = Grafts(self._connection)
        grafts = gateway.all()
        if grafts:
            gateway.sweep(grafts)
            grafts = gateway.all()
        base_seq = self._connection.execute(_base_seq, {"wanted": collection_id}).scalar() or 0
        trim(self._connection, collection_id, min(base_seq, up_to), grafts)


def _part(collection_id: int, after: int, last: int) -> dict[str, int]:
    return {"wanted": collection_id, "after": after, "last": last}
