"""SQLite as the catalog's database: how its connections are set up, and whether its files are still there.

Owns: the pragmas, the BEGIN of a transaction, the identity of the files.
Never: decides when a transaction begins or ends (``database``).
Follows: https://www.sqlite.org/howtocorrupt.html, section 4: a database whose files were renamed, removed or replaced
while it is open must not be written to.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from davserver.blocks.fs import Fs, ensure_directory
from davserver.errors import ConfigError, StoreUnavailable

BEGIN_WRITE = "BEGIN IMMEDIATE"

LOG_PAGES = 16_000
"""From so many pages in the log on (64 MiB) SQLite copies them itself, within a commit; ``checkpoints`` comes first."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA wal_autocheckpoint={LOG_PAGES}",
    "PRAGMA cache_size=-16000",
)


class Files:
    """The database, its log and its gate, as they were when they were opened. Cost of a check: three system calls."""

    def __init__(self, path: Path, fs: Fs) -> None:
        """Make the database's file if it is not there, for its owner alone, and remember it: it has password hashes.

        A file that is there is not even opened: whoever closes it drops the locks that all of this process's
        connections have on it, and the next process to close the database then takes the log away from under them.
        """
        try:
            ensure_directory(path.parent, fs)
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            if not os.access(path, os.R_OK | os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise StoreUnavailable(f"the catalog cannot be opened: {path}: {error.strerror}") from error
        self._path = path
        self._known = {str(path): _identity(str(path))}

    def remember_log(self) -> None:
        """Remember the log and the gate, too: they are there while a connection is open, in whichever process."""
        for ending in ("-wal", ".lock"):  # readers trust what writers count in the second (see ``gate``)
            path = str(self._path) + ending
            self._known[path] = _identity(path)

    def check(self) -> None:
        """Raise StoreUnavailable if a name no longer means the file that is open."""
        for path, known in self._known.items():
            if known is not None and _identity(path) != known:
                raise StoreUnavailable(
                    f"{Path(path).name} was moved, removed or replaced while the server runs: nothing is written to it",
                    hint="put the catalog's own files back, or start the server again to use what is there now",
                )

    def free_bytes(self) -> int:
        """Return how much more fits on the catalog's file system."""
        try:
            about = os.statvfs(self._path.parent)
        except OSError as error:
            raise StoreUnavailable(f"the catalog's directory: {error.strerror}") from error
        return about.f_bavail * about.f_frsize


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116  (before each transaction, and a tenth of a Path's time)
    except OSError:  # whatever hides the file: it is not the one that is open
        return None
    return status.st_dev, status.st_ino


def path_of(url: URL) -> Path:
    """Return the database's file; raises ConfigError for a database that has none."""
    if not url.database or url.database == ":memory:":
        raise ConfigError("catalog", "an SQLite catalog needs a file", hint="sqlite:////path/to/catalog.db")
    return Path(url.database).absolute()


def make_engine(url: URL, files: Files, busy_s: float) -> Engine:
    """Make an engine whose connections wait ``busy_s`` for locks; nothing is opened yet.

    No connection makes a database: an empty one in the place of one that was moved away would hide everything.
    """
    query = {**url.query, "uri": "true", "mode": "rw"}
    existing = url.set(database="file:" + quote(str(path_of(url))), query=query)
    # The driver's own transaction control is off: BEGIN is ours to choose.
    arguments = {"check_same_thread": False, "isolation_level": None, "timeout": busy_s}
    engine = create_engine(existing, connect_args=arguments, pool_size=8, max_overflow=120)
    event.listen(engine, "connect", lambda connection, _record: _configure(connection, files))
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: Any, files: Files) -> None:
    files.check()  # before the first statement: the log of one database must not be read into another
    cursor = connection.cursor()
    try:
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:  # else it began past SQLAlchemy, which joins it
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql(BEGIN_WRITE if writes else "BEGIN")
