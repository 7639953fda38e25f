"""Transactions, heads and what other processes see; two catalogs on one file stand for two processes."""

import threading
from dataclasses import replace

import pytest

from davserver.catalog.collections import Head
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Entry, Lock, Version
from davserver.errors import Exists, StoreFull, StoreUnavailable
from davserver.manifest.pdh import portable_data_hash


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/catalog.db"


@pytest.fixture
def catalog(url):
    catalog = open_catalog(url)
    yield catalog
    catalog.close()


@pytest.fixture
def other(url, catalog):
    other = open_catalog(url)
    yield other
    other.close()


@pytest.fixture
def photos(catalog):
    with catalog.write() as tables:
        return tables.collections.add(uuid="u1", name="photos", created_ns=1)


def test_a_name_is_taken_until_its_collection_is_trashed(catalog, photos):
    with catalog.write() as tables, pytest.raises(Exists):
        tables.collections.add(uuid="u2", name="photos", created_ns=2)
    with catalog.write() as tables:
        tables.collections.trash(photos.id, 5)
        again = tables.collections.add(uuid="u3", name="photos", created_ns=3)
        assert tables.collections.by_name("photos").id == again.id
        assert [row.uuid for row in tables.collections.trashed()] == ["u1"]
    with catalog.write() as tables, pytest.raises(Exists):
        tables.collections.restore(photos.id, "photos")
    with catalog.write() as tables:
        tables.collections.restore(photos.id, "old photos")
        assert [row.name for row in tables.collections.live()] == ["old photos", "photos"]


def test_a_transaction_that_raises_changes_nothing(catalog, photos):
    with pytest.raises(RuntimeError), catalog.write() as tables:
        tables.collections.rename(photos.id, "else")
        raise RuntimeError
    with catalog.read() as tables:
        assert tables.collections.by_id(photos.id).name == "photos"


def test_a_head_moves_only_from_where_it_was_expected(catalog, photos):
    with catalog.write() as tables:
        assert tables.collections.advance([Head(photos.id, (0, 0), 2, 1, 20)])
        assert not tables.collections.advance([Head(photos.id, (0, 1), 3, 1, 30)])
        assert not tables.collections.advance([Head(photos.id, (2, 0), 3, 1, 30)])
        assert tables.collections.advance([Head(photos.id, (2, 1), 3, 1, 30)])
        assert tables.collections.by_id(photos.id).bytes == 30


def test_the_journal_gives_back_what_follows_in_order(catalog, photos):
    entries = [Entry(seq, b"header %d" % seq, bytes(seq)) for seq in range(1, 6)]
    with catalog.write() as tables:
        tables.journal.append([(photos.id, entry) for entry in entries])
    with catalog.write() as tables:
        assert tables.journal.after(photos.id, 2) == entries[2:]
        tables.collections.checkpoint(photos.id, version=1, seq=4, root="r", size=40)
        assert tables.journal.committed(photos.id) == [1, 2, 3, 4]
        tables.journal.trim(photos.id, 2)
        assert tables.journal.after(photos.id, 0) == entries[2:]
        tables.journal.trim(photos.id, 5)
        assert tables.journal.after(photos.id, 0) == entries[4:]
        assert tables.journal.committed(photos.id) == []


def test_what_no_version_holds_is_counted_without_being_read(catalog, photos):
    with catalog.write() as tables:
        assert tables.collections.uncommitted() == []
        tables.journal.append([(photos.id, Entry(seq, b"h", bytes(seq))) for seq in range(1, 5)])
        assert tables.collections.advance([Head(photos.id, (0, 0), 4, 0, 10)])
        assert tables.collections.uncommitted() == [(photos.id, 0, 4)]
        assert tables.journal.inline_bytes(photos.id, 0) == 10
        assert tables.journal.inline_bytes(photos.id, 3) == 4
        assert tables.journal.inline_bytes(photos.id, 4) == 0
        tables.collections.checkpoint(photos.id, version=1, seq=4, root="r", size=10)
        assert tables.collections.uncommitted() == []


def test_the_counters_tell_of_other_processes(catalog, other, photos):
    seen = catalog.reader_sees()
    assert catalog.reader_sees() == seen
    with catalog.write():
        before = catalog.writer_sees()
    with other.write() as tables:
        tables.collections.rename(photos.id, "else")
    assert catalog.reader_sees() != seen
    with catalog.write():
        assert catalog.writer_sees() != before
        before = catalog.writer_sees()
    with catalog.write() as tables:
        tables.collections.rename(photos.id, "again")
    with catalog.write():
        assert catalog.writer_sees() == before


def test_writers_take_turns(catalog, other, photos):
    """The second writer waits, and then sees what the first one wrote."""
    inside = threading.Event()
    seen = []

    def second():
        inside.wait()
        with other.write() as tables:
            seen.append(tables.collections.by_id(photos.id).head_seq)

    thread = threading.Thread(target=second)
    thread.start()
    with catalog.write() as tables:
        inside.set()
        tables.collections.advance([Head(photos.id, (0, 0), 7, 0, 70)])
    thread.join()
    assert seen == [7]


def test_versions_records_and_texts(catalog, photos):
    text = "text é\n" * 1000
    version = Version(
        collection_id=photos.id,
        number=1,
        created_ns=9,
        seq=3,
        root="ab",
        pdh=portable_data_hash(text),
        files=1,
        bytes=2,
    )
    with catalog.write() as tables:
        tables.versions.add(version)
        tables.records.add([("ab", b"body"), ("ab", b"other")], 1)
        tables.texts.add(version.pdh, text)
        tables.texts.add(version.pdh, "never looked at")
    with catalog.read() as tables:
        assert tables.versions.of(photos.id) == [version]
        assert tables.versions.one(photos.id, 1) == version
        assert tables.versions.one(photos.id, 2) is None
        assert tables.versions.by_pdh(version.pdh) == version
        assert tables.records.get("ab") == b"body"
        assert tables.records.get("cd") is None
        assert tables.texts.get(version.pdh) == text


def test_locks_come_back_as_they_were(catalog, photos):
    lock = Lock(
        token="t",
        collection_id=photos.id,
        path=("a", "é"),
        exclusive=True,
        infinite=False,
        owner_xml="<x/>",
        principal="",
        timeout_s=60,
        expires_ns=1000,
    )
    with catalog.write() as tables:
        tables.locks.add([lock, replace(lock, token="u", exclusive=False, infinite=True)])
        assert set(tables.locks.of(photos.id)) == {lock, replace(lock, token="u", exclusive=False, infinite=True)}
        tables.locks.remove(["u", "unknown"])
        assert tables.locks.of(photos.id) == (lock,)
        tables.locks.expire(999)
        assert tables.locks.of(photos.id) == (lock,)
        tables.locks.expire(1000)
        assert tables.locks.of(photos.id) == ()


def test_a_full_disk_is_said_so_and_leaves_no_trace(catalog, photos):
    with catalog.write() as tables:
        pages = tables.connection.exec_driver_sql("PRAGMA page_count").scalar()
    cursor = catalog._writer.connection.connection.cursor()
    cursor.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreFull), catalog.write() as tables:
        tables.journal.append([(photos.id, Entry(1, b"h", bytes(1 << 20)))])
    with catalog.write() as tables:  # on a connection of its own, which has no such limit
        assert tables.journal.after(photos.id, 0) == []
        tables.journal.append([(photos.id, Entry(1, b"h", b""))])


def test_a_lost_table_is_a_store_that_does_not_answer(catalog, photos):
    with catalog.write() as tables:
        tables.connection.exec_driver_sql("DROP TABLE locks")
    with pytest.raises(StoreUnavailable, match="no such table"), catalog.read() as tables:
        tables.locks.of(photos.id)
