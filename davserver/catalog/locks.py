"""Rows of write locks."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select, update

from davserver.catalog import schema
from davserver.catalog.model import Lock
from davserver.values import format_path, parse_path

_table = schema.locks


class Locks:
    """Reads and writes locks on one connection; expiry is the caller's to judge."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, collection_id: int) -> list[Lock]:
        """List the locks of a collection, expired ones too."""
        rows = self._connection.execute(select(_table).where(_table.c.collection_id == collection_id))
        return [Lock(**{**row, "path": parse_path(row["path"])}) for row in rows.mappings()]

    def add(self, lock: Lock) -> None:
        """Store a lock."""
        values = {column.name: getattr(lock, column.name) for column in _table.columns}
        values["path"] = format_path(lock.path)
        self._connection.execute(insert(_table).values(**values))

    def refresh(self, token: str, *, timeout_s: int, expires_ns: int) -> None:
        """Let a lock live until another time."""
        change = update(_table).where(_table.c.token == token)
        self._connection.execute(change.values(timeout_s=timeout_s, expires_ns=expires_ns))

    def remove(self, tokens: Iterable[str]) -> None:
        """Remove locks; unknown tokens are no error."""
        for token in tokens:
            self._connection.execute(delete(_table).where(_table.c.token == token))

    def expire(self, now_ns: int) -> None:
        """Remove the locks whose time is over."""
        self._connection.execute(delete(_table).where(_table.c.expires_ns <= now_ns))
