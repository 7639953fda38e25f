"""The catalog's database: connections, transactions, the change counter.

Owns: how a transaction begins and ends, what is durable when, and the order of writers.
Never: what a row means (see the gateways beside this file).
Invariants: a write transaction that ended without an error is on disk (SQLite: WAL, ``synchronous=FULL``). One that
raised was taken back, or its end is not known (its COMMIT failed): then ``writer_sees`` tells to read everything again.
A transaction in which a statement failed is never committed: SQLite may have taken back what came before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError

from davserver.blocks.fs import RealFs
from davserver.catalog.accounts import COUNTER_QUERY, Access
from davserver.catalog.alone import alone
from davserver.catalog.audit import Audit
from davserver.catalog.checkpoints import AFTER_BYTES, Checkpoints
from davserver.catalog.collections import Collections
from davserver.catalog.failures import SYNC_CODES, code_of, meaning_of, mend, spoil, spoilt_by, translated
from davserver.catalog.garbage import Garbage
from davserver.catalog.gate import FileGate, WriteGate, turn
from davserver.catalog.journal import Journal
from davserver.catalog.links import Links
from davserver.catalog.locks import Locks
from davserver.catalog.migrations.upgrade import upgrade
from davserver.catalog.settings import Settings
from davserver.catalog.sqlite import BEGIN_WRITE, Files, make_engine, path_of
from davserver.catalog.statement import directly
from davserver.catalog.trails import Trails
from davserver.catalog.uploads import Uploads
from davserver.catalog.versions import Records, Texts, Versions
from davserver.errors import ConfigError, StoreUnavailable
from davserver.printable import printable_url

BUSY_S = 30.0
"""How long a transaction waits for those of other processes."""

ASK_S = 1.0
"""How long the gate's word is taken: what other programs write into the database past the gate is seen after that."""


class _Access(NamedTuple):
    """The counter of changes of accounts, tokens and grants as of so many marks at the gate; see ``_Seen``."""

    marks: int
    changes: int
    until_s: float


class _Seen(NamedTuple):
    """The database's version as of so many turns at the gate, and until when that is believed."""

    turns: int | None
    version: int
    until_s: float


class Savepoint:
    """A point inside a transaction; the one that was set last ends first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        directly(connection, "SAVEPOINT job")

    def keep(self) -> None:
        """Keep what followed, if the transaction ends well."""
        directly(self._connection, "RELEASE SAVEPOINT job")

    def undo(self) -> None:
        """Take back what followed."""
        directly(self._connection, "ROLLBACK TO SAVEPOINT job")
        directly(self._connection, "RELEASE SAVEPOINT job")


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
    links: Links
    audit: Audit
    garbage: Garbage

    def savepoint(self) -> Savepoint:
        """Mark this point of the transaction, to keep or to take back what follows."""
        return Savepoint(self.connection)

    def check(self) -> None:
        """Raise what a statement of this transaction failed with, in the house's terms: it cannot be committed."""
        failure = spoilt_by(self.connection)
        if failure is not None:
            raise meaning_of(failure) from failure

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
            Links(connection),
            Audit(connection),
            Garbage(connection),
        )


class Catalog:
    """A database of collections.

    Threads: ``read`` from any number of threads; ``write`` from one thread at a time (the leader of the group
    commit). Processes: any number on one database; a write waits for the others' at the gate.
    Errors: StoreFull, CatalogBusy, StoreUnavailable, CatalogCorrupt.
    """

    def __init__(
        self,
        engine: Engine,
        gate: WriteGate,
        files: Files,
        alone: Callable[[str], AbstractContextManager[None]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        copy_after_bytes: int = AFTER_BYTES,
    ) -> None:
        """``alone`` holds a lock among all processes for a task of that name; raises AlreadyAtWork.

        ``copy_after_bytes``: how much is added to the log before it is copied (see ``checkpoints``).
        """
        self.alone = alone
        self._engine = engine
        self._monotonic = monotonic
        self._gate = gate
        self._files = files
        event.listen(engine, "handle_error", _note_failure)
        with translated():
            self._writer: Tables | None = self._open_writer()
            self._watcher = engine.connect()
        files.remember_log()
        self._watching = threading.Lock()
        self._sync_failure = ""
        self._failed_writes = 0
        self._checkpoints = Checkpoints(self._connect_aside, self._note_sync_failure, after_bytes=copy_after_bytes)
        self._writer_sees = -1
        self._seen = _Seen(None, -1, 0.0)
        self._access = _Access(-1, 0, 0.0)

    @contextmanager
    def write(self) -> Iterator[Tables]:
        """Run a write transaction: alone among all writers, durable when the block ends without an error.

        An error may mean that nobody knows whether the transaction is on disk: what is in memory of the catalog has
        to be read again then, and ``writer_sees`` says so.
        """
        self._refuse_after_failure()
        with turn(self._gate), translated():
            self._files.check()
            writer = self._writer = self._writer or self._open_writer()
            try:
                writer.access.has_changed = False
                before_bytes = writer.journal.appended_bytes
                directly(writer.connection, BEGIN_WRITE)
                # Nobody else can commit from here on, so one look is enough.
                self._writer_sees = (self._failed_writes << 32) + _data_version(writer.connection)
                yield writer
                writer.check()
                _commit(writer.connection)
                if writer.access.has_changed:
                    self._gate.mark()
            except BaseException as error:
                self._abandon(writer, error)
                raise
            self._checkpoints.committed(writer.connection, writer.journal.appended_bytes - before_bytes)

    @contextmanager
    def read(self) -> Iterator[Tables]:
        """Run a read transaction: one consistent state of all tables."""
        with translated(), self._engine.connect() as connection, connection.begin():
            yield Tables.on(connection)

    def writer_sees(self) -> int:
        """Return a number that changes when another connection committed, or ``write`` failed; call it inside one."""
        if self._writer is None:
            raise RuntimeError("not inside a write transaction")
        return self._writer_sees

    def reader_sees(self) -> int:
        """Return a number that changes whenever any connection committed (a microsecond, if none did)."""
        turns = self._gate.settled()  # before the database is asked: what ends in between is asked for again
        now_s = self._monotonic()
        known = self._seen
        if turns is not None and turns == known.turns and now_s < known.until_s:
            return known.version
        with self._watching, translated():
            version = _data_version(self._watcher)
        self._seen = _Seen(turns, version, now_s + ASK_S)
        return version

    def access_changes(self) -> int:
        """Return a number that changes when accounts, tokens or grants did, in any process.

        Cost: a microsecond, if they did not, whatever else was written.
        """
        marks = self._gate.marks()  # before the database is asked: what ends in between is asked for again
        now_s = self._monotonic()
        known = self._access
        if marks == known.marks and now_s < known.until_s:
            return known.changes
        with self._watching, translated():
            rows = directly(self._watcher, COUNTER_QUERY).fetchall()
        changes = int(rows[0][0]) if rows else 0
        self._access = _Access(marks, changes, now_s + ASK_S)
        return changes

    def check_ready(self) -> None:
        """Raise what stands in the way of the next transaction, as far as that can be known without one."""
        self._refuse_after_failure()
        self._files.check()
        with self.read() as tables:
            tables.settings.get("cluster_id")

    def free_bytes(self) -> int:
        """Return how much more fits where the catalog grows."""
        return self._files.free_bytes()

    def copy_to(self, path: Path) -> None:
        """Write one consistent state of the database into a file that does not exist yet, without what is free in it.

        Nobody waits for it: it reads as any reader does. Durability: nothing is synced.
        """
        path.touch(mode=0o600, exist_ok=False)  # SQLite takes an empty file, and would make one that others can read
        with translated(), self._engine.connect() as connection:
            directly(connection, "VACUUM INTO ?", (str(path),)).close()

    def close(self) -> None:
        """Close all connections."""
        self._checkpoints.close()
        if self._writer is not None:
            self._writer.connection.close()
        self._watcher.close()
        self._engine.dispose()
        self._gate.close()

    def _open_writer(self) -> Tables:
        connection = self._engine.connect().execution_options(writes=True)
        mend(connection)  # of a reader that had this connection before
        return Tables.on(connection)

    def _abandon(self, writer: Tables, error: BaseException) -> None:
        """Let the next transaction begin on another connection, whatever state this one is in.

        A failed fsync is remembered: the kernel may have dropped what it could not write, and call the next one good.
        """
        self._failed_writes += 1
        self._writer = None
        self._note_sync_failure(spoilt_by(writer.connection) or error)
        with suppress(
            Exception
        ):  # whatever it says: a connection that is closed keeps no lock, once nothing runs on it
            writer.connection.connection.rollback()
        writer.connection.invalidate()
        writer.connection.close()

    def _connect_aside(self) -> Connection:
        self._files.check()
        return self._engine.connect()

    def _note_sync_failure(self, failure: BaseException) -> None:
        """Take no writes any more after a failed fsync; any other failure is the next transaction's to meet."""
        if code_of(failure) in SYNC_CODES:
            self._sync_failure = str(meaning_of(failure))

    def _refuse_after_failure(self) -> None:
        if self._sync_failure:
            raise StoreUnavailable(
                f"the catalog takes no writes since an fsync failed: {self._sync_failure}",
                hint="look at the kernel's log and the disk, run davserver fsck, then start again",
            )


def open_catalog(url: str, *, busy_s: float = BUSY_S, copy_after_bytes: int = AFTER_BYTES) -> Catalog:
    """Open the database at an SQLAlchemy URL, bring its tables up to date.

    ``busy_s`` is how long a transaction waits for other processes, ``copy_after_bytes`` how much is added to the log
    before it is copied. Errors: ConfigError for a bad URL; as ``Catalog``.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        reason = f"not a database URL: {printable_url(url)!r}"
        raise ConfigError("catalog", reason, hint="sqlite:////path/to/catalog.db") from error
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, busy_s, copy_after_bytes)
    raise ConfigError(
        "catalog", f"no driver for {parsed.get_backend_name()!r} databases", hint="use sqlite:////path/to/catalog.db"
    )


def _open_sqlite(url: URL, busy_s: float, copy_after_bytes: int) -> Catalog:
    path = path_of(url)
    files = Files(path, RealFs())
    gate = FileGate(path.with_name(path.name + ".lock"), busy_s)
    engine = make_engine(url, files, busy_s)
    with turn(gate), translated():
        upgrade(engine)
    return Catalog(engine, gate, files, partial(alone, path), copy_after_bytes=copy_after_bytes)


def _note_failure(context: ExceptionContext) -> None:
    """Remember what failed in a statement that SQLAlchemy ran."""
    if context.connection is not None:
        spoil(context.connection, context.sqlalchemy_exception or context.original_exception)


def _commit(connection: Connection) -> None:
    """End a transaction that began on the driver's connection; SQLAlchemy joined it if it ran a statement."""
    if connection.in_transaction():
        connection.commit()
    else:
        connection.connection.commit()


def _data_version(connection: Connection) -> int:
    return int(directly(connection, "PRAGMA data_version").fetchall()[0][0])
