"""Rows of write locks."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, insert, select

from davserver.catalog import schema
from davserver.catalog.model import Lock
from davserver.catalog.statement import Statement
from davserver.values import format_path, parse_path

_table = schema.locks
_names = [column.name for column in _table.columns]
_of = Statement(select(_table).where(_table.c.collection_id == bindparam("wanted")))
_insert = Statement(insert(_table))
_delete = Statement(delete(_table).where(_table.c.token == bindparam("wanted")))


class Locks:
    """Reads and writes locks on one connection; expiry is the caller's to judge."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, collection_id: int) -> tuple[Lock, ...]:
        """List the locks of a collection, expired ones too."""
        rows = _of.rows(self._connection, {"wanted": collection_id})
        return tuple(_lock(dict(zip(_names, row, strict=True))) for row in rows)

    def add(self, locks: Iterable[Lock]) -> None:
        """Store locks."""
        _insert.run_all(self._connection, (_values(lock) for lock in locks))

    def remove(self, tokens: Iterable[str]) -> None:
        """Remove locks; unknown tokens are no error."""
        _delete.run_all(self._connection, ({"wanted": token} for token in tokens))

    def expire(self, now_ns: int) -> None:
        """Remove the locks whose time is over, of all collections."""
        self._connection.execute(delete(_table).where(_table.c.expires_ns <= now_ns))


def _values(lock: Lock) -> dict[str, object]:
    return {**{name: getattr(lock, name) for name in _names}, "path": format_path(lock.path)}


def _lock(values: dict[str, object]) -> Lock:
    made = {"path": parse_path(str(values["path"])), "exclusive": bool(values["exclusive"])}
    return Lock(**{**values, **made, "infinite": bool(values["infinite"])})  # type: ignore[arg-type]  # of the columns
