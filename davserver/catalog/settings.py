"""Facts about this installation: some are set once, some follow what happens."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from davserver.catalog import schema

_table = schema.settings


class Settings:
    """Reads and writes the installation's facts on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> str | None:
        """Read a fact."""
        return self._connection.execute(select(_table.c.value).where(_table.c.key == key)).scalar()

    def set_once(self, key: str, value: str) -> str:
        """Store a fact unless it is there; return the one that holds."""
        present = self.get(key)
        if present is not None:
            return present
        self._connection.execute(insert(_table).values(key=key, value=value))
        return value

    def set(self, key: str, value: str) -> None:
        """Store a fact, in place of what it was."""
        if self.set_once(key, value) != value:
            self._connection.execute(update(_table).where(_table.c.key == key).values(value=value))
