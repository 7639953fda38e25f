"""The log of the database is copied beside the commits, stays short, and holds nobody up."""

import sqlite3
import threading

import pytest

from davserver.catalog.checkpoints import Checkpoints
from davserver.catalog.collections import Head
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Entry
from davserver.errors import StoreUnavailable

COPY_AFTER_BYTES = 100_000
BODY = bytes(4096)
MOST_BYTES = 5 * COPY_AFTER_BYTES
"""What the log may come to: what is added is estimated, and it begins with the making of the tables."""
COMMITS = 60
"""Some three times as much."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.db"


@pytest.fixture
def opened(path):
    catalogs = []

    def open_one(**options):
        catalogs.append(open_catalog(f"sqlite:///{path}", **{"copy_after_bytes": COPY_AFTER_BYTES, **options}))
        return catalogs[-1]

    yield open_one
    for catalog in catalogs:
        catalog.close()


@pytest.fixture
def catalog(opened):
    return opened()


@pytest.fixture
def photos(catalog):
    with catalog.write() as tables:
        return tables.collections.add(uuid="u1", name="photos", created_ns=1).id


def append(catalog, collection_id, seq):
    with catalog.write() as tables:
        assert tables.collections.advance([Head(collection_id, (seq - 1, 0), seq, 0, 0)])
        tables.journal.append([(collection_id, Entry(seq, b"header", BODY))])


def append_and_settle(catalog, collection_id, seq):
    """Let the thread come to its end after each commit, so that no figure depends on who was faster."""
    append(catalog, collection_id, seq)
    catalog._checkpoints.close()


def log_bytes(path):
    return path.with_name("catalog.db-wal").stat().st_size


def seqs(catalog, collection_id):
    with catalog.read() as tables:
        return [entry.seq for entry in tables.journal.after(collection_id, 0)]


def test_the_log_is_used_again_and_again(catalog, photos, path, opened):
    for seq in range(1, COMMITS + 1):
        append_and_settle(catalog, photos, seq)
    assert log_bytes(path) < MOST_BYTES
    assert seqs(opened(), photos) == list(range(1, COMMITS + 1))


def test_without_copies_the_log_grows(opened, path):
    catalog = opened(copy_after_bytes=1 << 40)
    with catalog.write() as tables:
        photos = tables.collections.add(uuid="u1", name="photos", created_ns=1).id
    for seq in range(1, COMMITS + 1):
        append(catalog, photos, seq)
    assert log_bytes(path) > 2 * MOST_BYTES  # so the test above is one


def test_two_processes_copy_the_log_in_turns(catalog, photos, path, opened):
    other = opened()
    for seq in range(1, COMMITS + 1, 2):
        append_and_settle(catalog, photos, seq)
        append_and_settle(other, photos, seq + 1)
    assert log_bytes(path) < MOST_BYTES
    assert seqs(opened(), photos) == list(range(1, COMMITS + 1))


def test_a_reader_that_stays_keeps_the_log_and_holds_nobody_up(catalog, photos, path):
    with catalog.read() as tables:
        assert tables.journal.after(photos, 0) == []
        for seq in range(1, COMMITS + 1):
            append_and_settle(catalog, photos, seq)
        assert tables.journal.after(photos, 0) == []  # what it began with
        grown = log_bytes(path)
    for seq in range(COMMITS + 1, 2 * COMMITS + 1):
        append_and_settle(catalog, photos, seq)
    assert log_bytes(path) < grown + MOST_BYTES  # begun again, from its start
    assert seqs(catalog, photos) == list(range(1, 2 * COMMITS + 1))


def test_writers_go_on_while_the_thread_copies(catalog, photos):
    for seq in range(1, COMMITS + 1):
        append(catalog, photos, seq)
    assert seqs(catalog, photos) == list(range(1, COMMITS + 1))


def failed_sync():
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    return error


def failing(error):
    def connect():
        raise error

    return connect


def test_after_a_failed_sync_of_a_copy_nothing_is_written_any_more(catalog, photos):
    catalog._checkpoints._connect = failing(failed_sync())
    with pytest.raises(StoreUnavailable, match="an fsync failed"):
        for seq in range(1, COMMITS + 1):
            append_and_settle(catalog, photos, seq)
    seen = seqs(catalog, photos)
    assert seen == list(range(1, len(seen) + 1))  # the commits before it stand, the one that began the copy too


def test_a_copy_that_fails_for_want_of_anything_else_is_tried_again(catalog, photos, path):
    connect = catalog._checkpoints._connect
    catalog._checkpoints._connect = failing(OSError("no descriptors"))
    for seq in range(1, COMMITS + 1):
        append_and_settle(catalog, photos, seq)
        if seq == COMMITS // 2:
            catalog._checkpoints._connect = connect
    assert log_bytes(path) < MOST_BYTES


def test_where_no_thread_can_be_had_the_next_commit_copies(catalog, photos, path, monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for seq in range(1, COMMITS + 1):
        append(catalog, photos, seq)
    assert log_bytes(path) < MOST_BYTES


def test_what_a_copy_fails_with_is_told_and_not_raised(catalog):
    noted = []
    checkpoints = Checkpoints(failing(failed_sync()), noted.append, after_bytes=0)
    writer = catalog._writer.connection
    checkpoints.committed(writer, 0)
    checkpoints.close()
    writer.connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
    checkpoints.committed(writer, 0)
    writer.connection.set_authorizer(None)
    assert [type(error) for error in noted] == [sqlite3.OperationalError, sqlite3.DatabaseError]
