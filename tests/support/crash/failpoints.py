"""A real server that kills itself at a named point, at the n-th time it comes there.

The server is composed as ``davserver serve`` composes it, with wrappers around what its rooms take as arguments (the
file system of the blocks, the catalog) and around the application; the database's driver tells of statements. There is
no code for it in davserver.

Labels: ``before`` or ``after``, and what is done:

======================  ================================================================================================
``create``, ``sync``…   a call of the block store's file system (``blocks.fs.Fs``)
``INSERT journal``…     a statement that changes a table; an UPDATE with its first column: ``UPDATE collections.name``
``CREATE TABLE``        the tables are made
``COMMIT``              a writing transaction ends
``reply``               (``before`` only) a change is done and durable, the answer is not sent
======================  ================================================================================================
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from davserver.blocks.fs import RealFs
from davserver.blocks.open import open_directory, open_store
from davserver.catalog.database import Catalog, Tables, open_catalog
from davserver.config import Settings
from davserver.server import opening, serve
from davserver.server.process import Site
from davserver.upkeep.gc import collect
from davserver.upkeep.harvest import Harvest
from tests.support.crash.judge import INLINE_BYTES

_STATEMENT = re.compile(
    r"(?P<insert>INSERT)(?: OR IGNORE)? INTO (?P<into>\w+)|(?P<update>UPDATE) (?P<set>\w+ SET \w+)"
    r"|(?P<delete>DELETE) FROM (?P<of>\w+)|(?P<create>CREATE) (?P<what>TABLE)",
)
_READING = {"GET", "HEAD", "OPTIONS", "PROPFIND"}


class FailPoint:
    """The point at which this process and its relatives are to end, from when it is armed on. Threads: any.

    Made in the process that leads the group, before the others are forked: they count together.
    """

    def __init__(self, label: str, hit: int, *, armed: bool = True) -> None:
        self._label = label
        self._left = multiprocessing.Value("i", hit)
        self._armed = multiprocessing.Value("b", armed)

    def arm(self) -> None:
        """Count from now on."""
        self._armed.value = True

    def reach(self, label: str) -> None:
        """Come to a point; ends the processes if it is the one."""
        if label == self._label and self._armed.value:
            with self._left.get_lock():
                self._left.value -= 1
                if self._left.value == 0:
                    os.killpg(0, signal.SIGKILL)
                    threading.Event().wait()  # the signal may take a moment, in which this thread must not go on

    @contextmanager
    def around(self, what: str) -> Iterator[None]:
        """Come to the points before and after a ``with`` block."""
        self.reach(f"before {what}")
        yield
        self.reach(f"after {what}")


class FailingFs(RealFs):
    """The real file system with points around every call that changes it."""

    def __init__(self, point: FailPoint) -> None:
        self._point = point

    def make_directory(self, path: Path) -> None:
        with self._point.around("make_directory"):
            super().make_directory(path)

    def create(self, path: Path) -> int:
        with self._point.around("create"):
            return super().create(path)

    def write(self, fd: int, data: memoryview) -> int:
        with self._point.around("write"):
            return super().write(fd, data[: max(1, len(data) // 2)])  # so that there is a place inside a block

    def set_mtime(self, fd: int, mtime_ns: int) -> None:
        with self._point.around("set_mtime"):
            super().set_mtime(fd, mtime_ns)

    def sync(self, fd: int) -> None:
        with self._point.around("sync"):
            super().sync(fd)

    def sync_directory(self, path: Path) -> None:
        with self._point.around("sync_directory"):
            RealFs().sync_directory(path)  # which syncs a descriptor, and that has another label

    def link(self, source: Path, target: Path) -> None:
        with self._point.around("link"):
            super().link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        with self._point.around("rename"):
            super().rename(source, target)

    def unlink(self, path: Path) -> None:
        with self._point.around("unlink"):
            super().unlink(path)


class FailingCatalog:
    """A catalog with points around the end of a writing transaction."""

    def __init__(self, inner: Catalog, point: FailPoint) -> None:
        self._inner = inner
        self._point = point

    def __getattr__(self, name: str) -> Any:
        """Leave all else to the catalog."""
        return getattr(self._inner, name)

    @contextmanager
    def write(self) -> Iterator[Tables]:
        """Run a write transaction."""
        with self._inner.write() as tables:
            yield tables
            self._point.reach("before COMMIT")
        self._point.reach("after COMMIT")


def serve_until(label: str, hit: int, data: Path, ready: Connection, *, from_start: bool) -> None:
    """Serve, in this process, until the point; tells the address when the server is ready.

    Points are counted from the start or, if that is not asked for, from when the server is ready.
    """
    os.setsid()
    point = FailPoint(label, hit, armed=from_start)
    set_traps(point)
    composed = serve.compose
    serve.compose = lambda *arguments, **options: failing_site(composed(*arguments, **options), point)

    def say(text: str) -> None:
        point.arm()
        ready.send(text)

    settings = Settings(
        data=data, listen="127.0.0.1:0", inline_bytes=INLINE_BYTES, commit_idle_s=0.2, log_level="error", threads=8
    )
    serve.serve(lambda: settings, say)


def collect_until(label: str, data: Path, keep_s: float) -> None:
    """Collect garbage, in this process, until it comes to the point for the first time."""
    os.setsid()
    set_traps(FailPoint(label, 1))
    collect_all(data, keep_s)


def collect_all(data: Path, keep_s: float) -> Harvest:
    """Collect garbage as if a month had passed."""
    settings = Settings(data=data, gc_keep_s=keep_s)
    yard = opening.open_yard(settings)
    try:
        later = replace(yard, clock=lambda: time.time() + 30 * 86_400)
        return collect(later, opening.gc_policy(settings), force=True)
    finally:
        yard.close()


def set_traps(point: FailPoint) -> None:
    """Have all that this process opens from now on come to the point."""
    listen_to_statements(point)
    drivers = {"file": lambda place, world: open_directory(place, world._replace(fs=FailingFs(point)))}
    opening.open_store = partial(open_store, drivers=drivers)
    opening.open_catalog = lambda url, **options: FailingCatalog(open_catalog(url, **options), point)


def failing_site(site: Site, point: FailPoint) -> Site:
    """Wrap an application with the point before its reply to a change."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        result = site.app(environ, start_response)
        if environ["REQUEST_METHOD"] not in _READING:
            point.reach("before reply")
        return result

    return Site(app, site.closing)


def listen_to_statements(point: FailPoint) -> None:
    """Put points around the statements of all databases of this process."""

    def label_of(statement: str) -> str | None:
        match = _STATEMENT.match(statement.strip())
        if match is None:
            return None
        verb, what = (part for part in match.groups() if part is not None)
        return f"{verb} {what}".replace(" SET ", ".")

    def around(statement: str, run: Callable[[], Any]) -> Any:
        label = label_of(statement)
        if label is None:
            return run()
        with point.around(label):
            return run()

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *arguments: Any) -> Any:
            return around(sql, lambda: sqlite3.Cursor.execute(self, sql, *arguments))

        def executemany(self, sql: str, *arguments: Any) -> Any:
            return around(sql, lambda: sqlite3.Cursor.executemany(self, sql, *arguments))

    class Driver(sqlite3.Connection):
        def cursor(self, *_arguments: Any) -> Any:
            return super().cursor(Cursor)

    def connect(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        return sqlite3.connect(*arguments, **options, factory=Driver)

    event.listen(Engine, "do_connect", connect)
