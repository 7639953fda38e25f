"""Whether the database itself is whole, whatever its rows mean.

Owns: the database's own check of its pages, and rows that belong to no collection.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from davserver.catalog import schema

_SHOWN = 20
_OF_COLLECTIONS = (
    schema.journal,
    schema.grafts,
    schema.versions,
    schema.trails,
    schema.grants,
    schema.locks,
)


class Integrity:
    """Looks at the database on one connection; changes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def problems(self) -> list[str]:
        """Return what SQLite says of its pages and indexes, [] if all is well; PostgreSQL checks by itself."""
        if self._connection.dialect.name != "sqlite":
            return []
        said = [str(row[0]) for row in self._connection.exec_driver_sql(f"PRAGMA integrity_check({_SHOWN})")]
        return [] if said == ["ok"] else said

    def dangling(self) -> Iterator[tuple[str, int, int]]:
        """Yield (table, collection id, number of rows) for rows of collections that do not exist."""
        known = select(schema.collections.c.id)
        for table in _OF_COLLECTIONS:
            key = table.c.collection_id
            query = select(key, func.count()).where(key.not_in(known)).group_by(key).order_by(key)
            for row in self._connection.execute(query):
                yield table.name, row[0], row[1]
