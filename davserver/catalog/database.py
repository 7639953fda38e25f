"""The catalog's database: connections, transactions, the change counter.

Owns: how a transaction begins and ends, what is durable when, and the order of writers.
Never: what a row means (see the gateways beside this file).
Invariants: a write transaction that ended without an error is on disk (SQLite: WAL, ``synchronous=FULL``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from davserver.catalog.accounts import COUNTER_QUERY, Access
from davserver.catalog.collections import Collections
from davserver.catalog.failures import translated
from davserver.catalog.gate import FileGate, WriteGate, turn
from davserver.catalog.journal import Journal
from davserver.catalog.locks import Locks
from davserver.catalog.migrations.upgrade import upgrade
from davserver.catalog.settings import Settings
from davserver.catalog.trails import Trails
from davserver.catalog.uploads import Uploads
from davserver.catalog.versions import Records, Texts, Versions
from davserver.errors import ConfigError

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA cache_size=-16000",
)
_BUSY_TIMEOUT_S = 30.0


class Savepoint(Protocol):
    """A point inside a transaction."""

    def commit(self) -> None:
        """Keep what followed, if the transaction ends well."""

    def rollback(self) -> None:
        """Take back what followed."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The gateways to all tables on one connection, inside one transaction."""

    connection: Connection
    collections: Collections
    journal: Journal
    versions: Versions
    trails: Trails
    records: Records
    texts: Texts
    locks: Locks
    settings: Settings
    uploads: Uploads
    access: Access

    def savepoint(self) -> Savepoint:
        """Mark this point of the transaction, to keep or to take back what follows."""
        return self.connection.begin_nested()

    @classmethod
    def on(cls, connection: Connection) -> Tables:
        """Open the gateways on a connection."""
        return cls(
            connection,
            Collections(connection),
            Journal(connection),
            Versions(connection),
            Trails(connection),
            Records(connection),
            Texts(connection),
            Locks(connection),
            Settings(connection),
            Uploads(connection),
            Access(connection),
        )


class Catalog:
    """A database of collections.

    Threads: ``read`` from any number of threads; ``write`` from one thread at a time (the leader of the group
    commit). Processes: any number on one database; a write waits for the others' at the gate.
    Errors: StoreFull, CatalogBusy, StoreUnavailable; a transaction that raised has changed nothing.
    """

    def __init__(self, engine: Engine, gate: WriteGate) -> None:
        self._engine = engine
        self._gate = gate
        with translated():
            self._writer = Tables.on(engine.connect().execution_options(writes=True))
            self._watcher = engine.connect()
        self._watching = threading.Lock()
        self._access_seen = -1
        self._access_changes = 0

    @contextmanager
    def write(self) -> Iterator[Tables]:
        """Run a write transaction: alone among all writers, durable when the block ends without an error."""
        with turn(self._gate), translated(), self._writer.connection.begin():
            yield self._writer

    @contextmanager
    def read(self) -> Iterator[Tables]:
        """Run a read transaction: one consistent state of all tables."""
        with translated(), self._engine.connect() as connection, connection.begin():
            yield Tables.on(connection)

    def writer_sees(self) -> int:
        """Return a number that changes when anything but ``write`` of this object committed; call it inside one."""
        return _data_version(self._writer.connection)

    def reader_sees(self) -> int:
        """Return a number that changes whenever any connection committed (a few microseconds)."""
        with self._watching, translated():
            return _data_version(self._watcher)

    def access_changes(self) -> int:
        """Return a number that changes when accounts, tokens or grants did, in any process (a few microseconds)."""
        with self._watching, translated():
            seen = _data_version(self._watcher)
            if seen != self._access_seen:
                rows = _directly(self._watcher, COUNTER_QUERY)
                self._access_changes = int(rows[0][0]) if rows else 0
                self._access_seen = seen
            return self._access_changes

    def close(self) -> None:
        """Close all connections."""
        self._writer.connection.close()
        self._watcher.close()
        self._engine.dispose()
        self._gate.close()


def open_catalog(url: str) -> Catalog:
    """Open the database at an SQLAlchemy URL, bring its tables up to date; raises ConfigError for a bad URL."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError("catalog", f"not a database URL: {url!r}", hint="sqlite:////path/to/catalog.db") from error
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    raise ConfigError(
        "catalog", f"no driver for {parsed.get_backend_name()!r} databases", hint="use sqlite:////path/to/catalog.db"
    )


def _open_sqlite(url: URL) -> Catalog:
    if not url.database or url.database == ":memory:":
        raise ConfigError("catalog", "an SQLite catalog needs a file", hint="sqlite:////path/to/catalog.db")
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    gate = FileGate(path.with_name(path.name + ".lock"))
    # The driver's own transaction control is off: BEGIN is ours to choose.
    arguments = {"check_same_thread": False, "isolation_level": None, "timeout": _BUSY_TIMEOUT_S}
    engine = create_engine(url, connect_args=arguments, pool_size=8, max_overflow=120)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    with turn(gate), translated():
        upgrade(engine)
    return Catalog(engine, gate)


def _configure_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _data_version(connection: Connection) -> int:
    return int(_directly(connection, "PRAGMA data_version")[0][0])


def _directly(connection: Connection, query: str) -> list[Any]:
    # The driver's cursor: SQLAlchemy would open a transaction, which holds back checkpoints and hides changes.
    cursor = connection.connection.cursor()
    try:
        cursor.execute(query)
        return list(cursor.fetchall())
    finally:
        cursor.close()
