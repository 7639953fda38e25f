"""Copying the log into the database beside the commits, not within one of them.

Owns: when the log is copied (SQLite's checkpoint), and the thread that does most of it.
Never: waits for a reader, or for a writer: each copy is PASSIVE.
Why: SQLite copies within a commit, as soon as the log is long enough. That commit took 34 to 46 ms instead of one, and
the writers of all processes waited behind it.
How, in two legs: a thread copies while commits go on. It cannot come to the end, since the log grows meanwhile, and
only a log that was copied to its end begins at its start again. So the commit after that copies the few pages that
came since, while it has the turn and nobody appends.
Invariants: what is durable when is as before, for the log has it all until SQLite says otherwise. The log is bounded as
before: where readers keep a copy from its end, SQLite copies within commits from ``sqlite.LOG_PAGES`` on.
Follows: https://www.sqlite.org/wal.html, sections 3 and 6.
Threads: ``committed`` from the writer's, one at a time; ``close`` when nobody writes any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from enum import Enum

from sqlalchemy import Connection

from davserver.cores import anywhere

AFTER_BYTES = 12 << 20
"""What this process adds to the log between two copies, estimated."""
_COMMIT_BYTES = 20 << 10
"""What a commit adds beside the content of its rows: pages are written whole, and it changes some five."""


class _Stage(Enum):
    WAITING = "waiting"
    FIRST_LEG = "first leg"
    SECOND_LEG_DUE = "second leg due"


class Checkpoints:
    """Copies the log whenever this process has added so much to it."""

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Connection]],
        note: Callable[[Exception], None],
        *,
        after_bytes: int = AFTER_BYTES,
    ) -> None:
        """``connect`` opens a connection for the thread; ``note`` is told what a copy failed with, by either thread."""
        self._connect = connect
        self._note = note
        self._after_bytes = after_bytes
        self._bytes = 0
        self._stage = _Stage.WAITING
        self._thread: threading.Thread | None = None

    def committed(self, connection: Connection, size: int) -> None:
        """Count a commit that carries so much content; its connection does the second leg. Raises nothing."""
        self._bytes += size + _COMMIT_BYTES
        if self._stage is _Stage.SECOND_LEG_DUE:
            self._bytes = 0
            self._stage = _Stage.WAITING
            self._copy(connection)
        elif self._stage is _Stage.WAITING and self._bytes >= self._after_bytes:
            self._begin()

    def close(self) -> None:
        """Wait for the thread, if there is one: a few hundredths of a second."""
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._first_leg, name="checkpoint", daemon=True)
        self._stage = _Stage.FIRST_LEG
        try:
            thread.start()
        except RuntimeError as error:  # no more threads: the second leg does all of it
            self._stage = _Stage.SECOND_LEG_DUE
            self._note(error)
        else:
            self._thread = thread

    def _first_leg(self) -> None:
        try:
            anywhere()
            with self._connect() as connection:
                self._copy(connection)
        except Exception as error:  # noqa: BLE001  # whatever it is, the log still has everything
            self._note(error)
        finally:
            self._stage = _Stage.SECOND_LEG_DUE

    def _copy(self, connection: Connection) -> None:
        try:
            with closing(
                connection.connection.cursor()
            ) as cursor:  # past ``statement``: a failure spoils no transaction
                cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
                cursor.fetchall()
        except Exception as error:  # noqa: BLE001
            self._note(error)
