"""The journal: durable, ordered changes that no version holds yet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from davserver.catalog import schema
from davserver.catalog.model import Entry

_table = schema.journal
_after = (
    select(_table.c.seq, _table.c.header, _table.c.inline)
    .where(_table.c.collection_id == bindparam("wanted"), _table.c.seq > bindparam("seq"))
    .order_by(_table.c.seq)
)
_trim = delete(_table).where(_table.c.collection_id == bindparam("wanted"), _table.c.seq <= bindparam("seq"))
_pending = select(_table.c.collection_id).distinct()


class Journal:
    """Reads and writes journal entries on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, entries: Sequence[tuple[int, Entry]]) -> None:
        """Add entries, given with their collection's id; durable when the transaction ends well."""
        if entries:
            rows = [
                {"collection_id": collection_id, "seq": entry.seq, "header": entry.header, "inline": entry.inline}
                for collection_id, entry in entries
            ]
            self._connection.execute(insert(_table), rows)

    def after(self, collection_id: int, seq: int) -> list[Entry]:
        """Read the entries that follow ``seq``, in order."""
        rows = self._connection.execute(_after, {"wanted": collection_id, "seq": seq})
        return [Entry(row.seq, row.header, row.inline) for row in rows]

    def trim(self, collection_id: int, seq: int) -> None:
        """Drop the entries up to ``seq``: a version holds them."""
        self._connection.execute(_trim, {"wanted": collection_id, "seq": seq})

    def pending(self) -> list[int]:
        """List the collections that have entries."""
        return list(self._connection.execute(_pending).scalars())
