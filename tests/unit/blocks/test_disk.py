"""What is particular to a directory of blocks."""

import os
import stat
import tracemalloc

import pytest

from davserver.blocks import layout
from davserver.blocks.disk import LEFTOVER_AGE_S, DiskStore
from davserver.blocks.fs import RealFs
from davserver.blocks.verified import VerifiedStore
from davserver.errors import BlockMissing, StoreUnavailable
from tests.suites.block_store import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(tmp_path, clock):
    return DiskStore(tmp_path, RealFs(), clock=clock, random_bytes=os.urandom)


def names(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_block_lies_where_a_keepstore_looks_for_it(store, tmp_path):
    store.put(b"foo")
    assert names(tmp_path) == ["acb/acbd18db4cc2f85cedef654fccc4a4d8"]
    status = (tmp_path / "acb/acbd18db4cc2f85cedef654fccc4a4d8").stat()
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert status.st_nlink == 1


def test_the_trash_has_keepstores_names(store, tmp_path, clock):
    locator = store.put(b"foo")
    store.trash(locator, older_than_ns=clock.now_ns + 1, keep_s=1000)
    assert names(tmp_path) == [f"acb/acbd18db4cc2f85cedef654fccc4a4d8.trash.{int(clock.now_s) + 1000}"]


def test_foreign_files_are_neither_listed_nor_removed(store, tmp_path, clock):
    foreign = [
        "README",
        "full",
        "acb/notes",
        "acb/ACBD18DB4CC2F85CEDEF654FCCC4A4D8",
        "zzz/" + "a" * 32,
        "acb/" + "a" * 31,
    ]
    for name in foreign:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"mine")
    clock.now_s += 1e6
    store.empty_trash()
    assert list(store.index()) == []
    assert names(tmp_path) == sorted(foreign)


def test_leftovers_of_dead_writers_go_with_the_trash_after_a_day(store, tmp_path, clock):
    store.put(b"foo")
    leftover = layout.temporary_path(tmp_path, "acbd18db4cc2f85cedef654fccc4a4d8", b"\x01\x02")
    leftover.write_bytes(b"fo")
    os.utime(leftover, (clock.now_s, clock.now_s))
    clock.now_s += LEFTOVER_AGE_S - 1
    assert store.empty_trash() == 0
    assert leftover.exists()
    clock.now_s += 2
    assert store.empty_trash() == 0
    assert not leftover.exists()


def test_untrash_takes_nothing_away_when_the_block_was_put_again(store, tmp_path, clock):
    locator = store.put(b"foo")
    store.trash(locator, older_than_ns=clock.now_ns + 1, keep_s=1000)
    store.put(b"foo")
    before = names(tmp_path)
    store.untrash(locator)
    assert names(tmp_path) == before


def test_a_directory_made_by_another_process_is_used(store, tmp_path):
    (tmp_path / "acb").mkdir()
    assert store.get(store.put(b"foo")) == b"foo"


def test_a_missing_disk_is_not_a_missing_block(tmp_path, clock):
    root = tmp_path / "mount"
    root.mkdir()
    store = DiskStore(root, RealFs(), clock=clock, random_bytes=os.urandom)
    locator = store.put(b"foo")
    root.rename(tmp_path / "elsewhere")
    for call in (store.get, store.stat, lambda _: store.put(b"bar"), lambda _: store.check_ready()):
        with pytest.raises(StoreUnavailable):
            call(locator)
    assert not root.exists()
    root.mkdir()  # the mount point, without the disk
    with pytest.raises(StoreUnavailable):
        store.get(locator)
    root.rmdir()
    (tmp_path / "elsewhere").rename(root)
    store.trash(locator, older_than_ns=1 << 62, keep_s=0)
    with pytest.raises(BlockMissing):
        store.get(locator)


def test_a_directory_that_is_not_there_cannot_be_opened(tmp_path, clock):
    with pytest.raises(StoreUnavailable):
        DiskStore(tmp_path / "nowhere", RealFs(), clock=clock, random_bytes=os.urandom)


def test_no_verb_but_get_holds_a_large_block_in_memory(store):
    size = 16 << 20
    data = bytearray(os.urandom(size))
    guarded = VerifiedStore(store, store, clock=lambda: 4e9)
    locator = guarded.put(data)
    tracemalloc.start()
    try:
        for call in (
            lambda: guarded.put(data),
            lambda: guarded.verify(locator),
            lambda: guarded.read(locator, size - 10, 10),
            lambda: guarded.put(memoryview(data)[: size // 2]),
        ):
            tracemalloc.reset_peak()
            call()
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
        guarded.close()
