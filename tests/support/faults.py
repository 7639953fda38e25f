"""Faults on demand: a file system and a database of which the k-th call fails, as the real ones do.

Nothing is replaced: every call goes to the real thing, before or instead of the failure.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

from davserver.blocks.fs import RealFs


class FaultyFs:
    """The real file system. Once armed, its n-th call fails with an errno; without one, a write is short."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failed = ""
        self._fail_at = 0
        self._code = 0
        self._for_good = False

    def arm(self, number: int, code: int, *, for_good: bool = False) -> None:
        """Let the call of this number (from 1) fail, ``for_good``: and every one after it."""
        self.calls, self.failed = [], ""
        self._fail_at, self._code, self._for_good = number, code, for_good

    def disarm(self) -> list[str]:
        """Let everything work again; returns the calls since ``arm``."""
        self._fail_at = 0
        calls, self.calls = self.calls, []
        return calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(RealFs(), name)

        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            now = len(self.calls)
            if self._fail_at and (now == self._fail_at or (self._for_good and now > self._fail_at)):
                self.failed = self.failed or name
                if self._code == SHORT:
                    return _short(method, name, arguments)
                if name == "close":
                    method(*arguments)  # close gives the descriptor up even when it fails
                raise OSError(self._code, os.strerror(self._code))
            return method(*arguments)

        return call


SHORT = -1
"""Not an error: the call does half of what it was asked for, as POSIX allows."""


def _short(method: Any, name: str, arguments: tuple[Any, ...]) -> Any:
    if name == "write":
        descriptor, data = arguments
        return method(descriptor, data[: max(len(data) // 2, 1)])
    if name == "read":
        descriptor, length, offset = arguments
        return method(descriptor, max(length // 2, 1), offset)
    return method(*arguments)


FAULTS = {
    "no space": errno.ENOSPC,
    "no quota": errno.EDQUOT,
    "bad disk": errno.EIO,
    "no descriptors": errno.EMFILE,
    "read-only": errno.EROFS,
}


@dataclass
class SqlFaults:
    """Decides which statement of a database fails, how, and whether it was carried out nevertheless.

    ``way``: "instead" (nothing was done), "after" (it was done, and the answer lost), "rolled back" (SQLite took the
    whole transaction back, as it may for FULL and IOERR).
    """

    fail_at: int = 0
    name: str = "SQLITE_IOERR"
    way: str = "instead"
    statements: list[str] = field(default_factory=list)
    failed: str = ""

    def arm(self, number: int, name: str, way: str) -> None:
        """Let the statement of this number (from 1) fail."""
        self.fail_at, self.name, self.way, self.failed = number, name, way, ""
        self.statements.clear()

    def disarm(self) -> list[str]:
        """Let everything work again; returns the statements since ``arm``."""
        self.fail_at = 0
        statements = list(self.statements)
        self.statements.clear()
        return statements

    def run(self, connection: sqlite3.Connection, statement: str, do: Any) -> Any:
        """Carry a statement out, or not."""
        self.statements.append(statement)
        if len(self.statements) != self.fail_at:
            return do()
        self.failed = statement
        if self.way == "after":
            do()
        elif self.way == "rolled back" and connection.in_transaction:
            sqlite3.Connection.rollback(connection)
        raise sqlite_error(self.name)


def sqlite_error(name: str) -> sqlite3.Error:
    """Make the error that the driver raises for a result code of SQLite."""
    kind = sqlite3.DatabaseError if name in {"SQLITE_CORRUPT", "SQLITE_NOTADB"} else sqlite3.OperationalError
    error = kind(name)
    error.sqlite_errorcode = getattr(sqlite3, name)
    error.sqlite_errorname = name
    return error


@contextmanager
def faulty_sqlite() -> Iterator[SqlFaults]:
    """Let every database that is opened within the block fail as its value says."""
    faults = SqlFaults()

    class FaultyCursor(sqlite3.Cursor):
        def execute(self, sql: str, *arguments: Any) -> Any:
            return faults.run(self.connection, sql, lambda: sqlite3.Cursor.execute(self, sql, *arguments))

        def executemany(self, sql: str, *arguments: Any) -> Any:
            return faults.run(self.connection, sql, lambda: sqlite3.Cursor.executemany(self, sql, *arguments))

    class FaultyConnection(sqlite3.Connection):
        def cursor(self, *arguments: Any) -> Any:
            return super().cursor(FaultyCursor)

        def commit(self) -> None:
            if self.in_transaction:
                faults.run(self, "COMMIT", lambda: sqlite3.Connection.commit(self))

        def rollback(self) -> None:
            if self.in_transaction:
                faults.run(self, "ROLLBACK", lambda: sqlite3.Connection.rollback(self))

    def connect(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        return sqlite3.connect(*arguments, **options, factory=FaultyConnection)

    event.listen(Engine, "do_connect", connect)
    try:
        yield faults
    finally:
        event.remove(Engine, "do_connect", connect)
