"""A database that others hold, or that is not there any more."""

import fcntl
import os
import sqlite3
import threading

import pytest

from davserver.catalog.database import open_catalog
from davserver.catalog.gate import FileGate
from davserver.errors import CatalogBusy, CatalogCorrupt, StoreUnavailable
from tests.support.process import until

BUSY_S = 0.05


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.db"


@pytest.fixture
def catalog(path):
    catalog = open_catalog(f"sqlite:///{path}", busy_s=BUSY_S)
    yield catalog
    catalog.close()


def write(catalog, value):
    with catalog.write() as tables:
        tables.settings.set_once(value, value)


def read(catalog, key):
    with catalog.read() as tables:
        return tables.settings.get(key)


@pytest.fixture
def lock_path(tmp_path):
    return tmp_path / "gate"


@pytest.fixture
def gates(lock_path):
    gates = FileGate(lock_path, BUSY_S), FileGate(lock_path, BUSY_S)
    yield gates
    for gate in gates:
        gate.close()


def test_who_waits_too_long_for_the_turn_is_told_so_and_gets_it_later(gates):
    first, second = gates
    first.enter()
    for _ in range(3):
        with pytest.raises(CatalogBusy):
            second.enter()
    first.leave()
    second.enter()
    second.leave()


def waiting_threads():
    return [thread for thread in threading.enumerate() if thread.name == "catalog-gate"]


def test_all_waits_of_a_gate_are_one_thread_which_ends_with_it(lock_path):
    first, second = FileGate(lock_path, 30), FileGate(lock_path, 30)
    for _ in range(3):
        first.enter()
        waiter = threading.Thread(target=second.enter)
        waiter.start()
        until(lambda: second._queue.is_waiting, limit_s=30)
        first.leave()
        waiter.join()
        second.leave()
        assert len(waiting_threads()) == 1
    first.close()
    second.close()
    until(lambda: not waiting_threads(), limit_s=30)


def is_free(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_a_turn_that_comes_when_nobody_waits_for_it_any_more_is_given_back(gates, lock_path):
    first, second = gates
    first.enter()
    with pytest.raises(CatalogBusy):
        second.enter()
    first.leave()
    with lock_path.open() as third:
        until(lambda: is_free(third), limit_s=30)  # else the turn was kept
        with pytest.raises(CatalogBusy):
            second.enter()


@pytest.mark.parametrize("kind", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_database_that_another_process_locks_is_busy_and_can_be_read(catalog, path, kind):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(f"BEGIN {kind}")
    with pytest.raises(CatalogBusy):
        write(catalog, "a")
    assert read(catalog, "a") is None
    other.execute("ROLLBACK")
    other.close()
    write(catalog, "a")
    assert read(catalog, "a") == "a"


def test_nothing_is_written_into_a_database_that_was_moved_away(catalog, path):
    write(catalog, "a")
    assert read(catalog, "a") == "a"
    aside = path.with_name("aside")
    path.rename(aside)
    for attempt in (lambda: write(catalog, "b"), catalog.check_ready):
        with pytest.raises(StoreUnavailable, match=r"catalog\.db was moved, removed or replaced"):
            attempt()
    assert read(catalog, "a") == "a"  # on a connection that was open
    with pytest.raises(StoreUnavailable), catalog.read(), catalog.read():
        pytest.fail("a new connection found another database")
    assert not path.exists(), "an empty database would say that nothing is stored"
    aside.rename(path)
    catalog.check_ready()
    write(catalog, "b")
    assert (read(catalog, "a"), read(catalog, "b")) == ("a", "b")


@pytest.mark.parametrize("name", ["catalog.db", "catalog.db-wal"])
def test_nothing_is_written_beside_a_file_that_was_replaced(catalog, path, name):
    write(catalog, "a")
    file = path.with_name(name)
    copy = file.read_bytes()
    file.unlink()
    file.write_bytes(copy)
    with pytest.raises(StoreUnavailable, match="moved, removed or replaced"):
        write(catalog, "b")
    assert file.read_bytes() == copy


def test_a_removed_directory_is_a_store_that_does_not_answer(tmp_path):
    where = tmp_path / "data"
    catalog = open_catalog(f"sqlite:///{where}/catalog.db", busy_s=BUSY_S)
    where.rename(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable):
        write(catalog, "a")
    with pytest.raises(StoreUnavailable):
        catalog.free_bytes()
    (tmp_path / "elsewhere").rename(where)
    write(catalog, "a")
    assert catalog.free_bytes() > 0
    catalog.close()


def test_a_file_that_is_no_database_is_damage(path):
    path.write_bytes(os.urandom(10_000))
    with pytest.raises(CatalogCorrupt):
        open_catalog(f"sqlite:///{path}")
