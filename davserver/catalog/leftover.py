"""What a process that was killed leaves beside a database: its log.

Owns: bringing such a log into the database, which SQLite does for whoever opens it and then closes it as the last one.
Never: makes a database, or changes what is in one.
Follows: https://www.sqlite.org/wal.html, sections 2.2 and 4.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote


def fold(path: Path) -> None:
    """Let the log end in the database. Where it stays, somebody has the database open, or it cannot be read."""
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=0)) as connection,
    ):
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
