"""What the database's failures mean in davserver's words.

Owns: the translation of SQLAlchemy's and the driver's errors; nothing above this room sees one.
Follows: SQLite's result codes (https://www.sqlite.org/rescode.html): the low byte is the kind, the rest the detail.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from davserver.errors import CatalogBusy, CatalogCorrupt, DavserverError, StoreFull, StoreUnavailable

SYNC_CODES = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})

_FAILURE = "davserver.failure"
"""Where a connection keeps the error that spoilt its transaction."""
_ABOUT_ROWS = (IntegrityError, sqlite3.IntegrityError)

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_HINTS = {
    sqlite3.SQLITE_IOERR: "look at the kernel's log: the catalog's disk may be failing",
    sqlite3.SQLITE_CANTOPEN: "is the catalog's disk mounted, and are there open files left (ulimit -n)?",
    sqlite3.SQLITE_READONLY: "the catalog, its directory or its file system may not be written to",
    sqlite3.SQLITE_NOMEM: "the machine has no memory left",
}


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreFull, CatalogBusy, CatalogCorrupt or StoreUnavailable where the database fails.

    Integrity errors pass: they say something about the rows, and leave the transaction as it was.
    """
    try:
        yield
    except _ABOUT_ROWS:
        raise
    except (DBAPIError, sqlite3.Error, NoConnectionFree, InvalidRequestError) as error:
        raise meaning_of(error) from error


def spoil(connection: Connection, error: BaseException) -> None:
    """Remember the first error that spoilt a connection's transaction; one about the rows spoils nothing."""
    if not isinstance(error, _ABOUT_ROWS):
        connection.info.setdefault(_FAILURE, error)


def spoilt_by(connection: Connection) -> BaseException | None:
    """Return the error that spoilt a connection's transaction, None if it is good."""
    failure: BaseException | None = connection.info.get(_FAILURE)
    return failure


def mend(connection: Connection) -> None:
    """Forget what spoilt an earlier transaction of a connection."""
    connection.info.pop(_FAILURE, None)


def code_of(error: BaseException) -> int | None:
    """Return the extended result code of SQLite, None if there is none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlite_errorcode", None)


def meaning_of(error: BaseException) -> DavserverError:
    """Say in the house's terms what a failure of the database means."""
    if isinstance(error, NoConnectionFree):
        return CatalogBusy("no connection to the catalog is free")
    reason = str(error.orig if isinstance(error, DBAPIError) else error)
    code = code_of(error)
    kind = None if code is None else code & 0xFF
    # The index of the log grows on the same disk, and says of a full one only that it could not.
    if kind == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StoreFull(f"the catalog cannot grow: {reason}", hint="free some space on the catalog's disk")
    if kind in _BUSY:
        return CatalogBusy(f"the catalog is busy: {reason}")
    if kind in _DAMAGED:
        return CatalogCorrupt(f"the catalog is damaged: {reason}", hint="stop the server, bring back a backup")
    hint = "look at the catalog's disk or database server" if kind is None else _HINTS.get(kind, "")
    return StoreUnavailable(f"the catalog does not answer: {reason}", hint=hint)
