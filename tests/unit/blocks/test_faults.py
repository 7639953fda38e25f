"""Every system call of a put fails once, with every error a disk knows."""

import errno
import os
import shutil

import pytest

from davserver.blocks import layout
from davserver.blocks.address import locator_of
from davserver.blocks.disk import DiskStore
from davserver.blocks.fs import RealFs
from davserver.errors import StoreFull, StoreUnavailable

DATA = b"some bytes" * 1000
LOCATOR = locator_of(DATA)


class FaultyFs:
    """The real file system, but the n-th call fails; counts them all."""

    def __init__(self, fail_at: int | None = None, code: int = errno.EIO) -> None:
        self.calls: list[str] = []
        self._fail_at = fail_at
        self._code = code

    def __getattr__(self, name):
        method = getattr(RealFs(), name)

        def call(*arguments):
            self.calls.append(name)
            if len(self.calls) == self._fail_at:
                if name == "close":
                    method(*arguments)  # close gives the descriptor up even when it fails
                raise OSError(self._code, os.strerror(self._code))
            return method(*arguments)

        return call


def open_disk(root, fs):
    return DiskStore(root, fs, clock=lambda: 1_700_000_000.0, random_bytes=os.urandom)


def calls_of_a_put(root):
    fs = FaultyFs()
    open_disk(root, fs).put(DATA)
    return fs.calls


@pytest.fixture
def fresh(tmp_path):
    count = 0

    def make():
        nonlocal count
        count += 1
        root = tmp_path / f"blocks{count}"
        root.mkdir()
        return root

    return make


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EIO, StoreUnavailable),
        (errno.EMFILE, StoreUnavailable),
    ],
)
def test_each_call_failing_is_a_domain_error_and_leaves_the_store_whole(fresh, code, expected):
    calls = calls_of_a_put(fresh())
    assert calls.count("sync") == 1
    assert calls.count("write") == 1
    for number in range(1, len(calls) + 1):
        root = fresh()
        fs = FaultyFs(number, code)
        if calls[number - 1] == "unlink":  # a temporary name that stays does no harm
            open_disk(root, fs).put(DATA)
        else:
            with pytest.raises(expected, match=os.strerror(code)):
                open_disk(root, fs).put(DATA)
        healthy = open_disk(root, RealFs())
        assert healthy.put(DATA) == LOCATOR
        healthy.verify(LOCATOR)


def test_nothing_temporary_stays_after_an_error(fresh):
    for number, name in enumerate(calls_of_a_put(fresh()), 1):
        if name in {"unlink", "names", "make_directory"}:
            continue
        root = fresh()
        with pytest.raises(StoreFull):
            open_disk(root, FaultyFs(number, errno.ENOSPC)).put(DATA)
        assert [path for path in root.rglob("tmp*") if path.is_file()] == []


@pytest.mark.parametrize("call", ["sync", "sync_directory"])
def test_after_a_failed_fsync_the_store_takes_no_writes_and_says_why(fresh, call):
    root = fresh()
    number = max(index for index, name in enumerate(calls_of_a_put(fresh()), 1) if name == call)
    fs = FaultyFs(number, errno.EIO)
    store = open_disk(root, fs)
    with pytest.raises(StoreUnavailable):
        store.put(DATA)
    for write in (
        lambda: store.put(b"other"),
        lambda: store.trash(LOCATOR, older_than_ns=1 << 62, keep_s=0),
        lambda: store.untrash(LOCATOR),
        store.check_ready,
    ):
        with pytest.raises(StoreUnavailable, match="takes no writes since an fsync failed"):
            write()
    open_disk(root, RealFs()).put(DATA)
    assert store.get(LOCATOR) == DATA


def test_a_full_disk_at_the_fsync_of_a_file_is_forgotten_when_there_is_space_again(fresh):
    number = calls_of_a_put(fresh()).index("sync") + 1
    store = open_disk(fresh(), FaultyFs(number, errno.ENOSPC))
    with pytest.raises(StoreFull):
        store.put(DATA)
    assert store.put(DATA) == LOCATOR


def test_without_hard_links_a_rename_does(fresh):
    class NoLinks(RealFs):
        def link(self, source, target):
            raise OSError(errno.EPERM, "no hard links here")

    root = fresh()
    store = open_disk(root, NoLinks())
    store.put(DATA)
    store.verify(LOCATOR)
    assert [path.name for path in root.rglob("*") if path.is_file()] == [LOCATOR.md5]


def test_a_block_placed_by_another_meanwhile_is_kept_and_compared(fresh):
    root = fresh()

    class Overtaken(RealFs):
        def link(self, source, target):
            if not target.exists():
                open_disk(root, RealFs()).put(DATA)
            super().link(source, target)

    store = open_disk(root, Overtaken())
    assert store.put(DATA) == LOCATOR
    assert [path.name for path in root.rglob("*") if path.is_file()] == [LOCATOR.md5]


def test_a_block_trashed_while_a_touch_waits_is_missed_not_resurrected(fresh):
    root = fresh()

    class Slow(RealFs):
        """Another process trashes the block between open and lock."""

        def lock(self, fd):
            open_disk(root, RealFs()).trash(LOCATOR, older_than_ns=1 << 62, keep_s=100)
            super().lock(fd)

    open_disk(root, RealFs()).put(DATA)
    assert open_disk(root, Slow()).put(DATA) == LOCATOR
    open_disk(root, RealFs()).verify(LOCATOR)
    assert layout.path_of(root, LOCATOR.md5).exists()


def test_an_unreadable_block_is_healed_by_a_put(fresh):
    class BadSector(RealFs):
        def read(self, fd, length, offset):
            raise OSError(errno.EIO, "bad sector")

        read_into = read

    root = fresh()
    open_disk(root, RealFs()).put(DATA)
    before = layout.path_of(root, LOCATOR.md5).stat().st_ino
    open_disk(root, BadSector()).put(DATA)
    assert layout.path_of(root, LOCATOR.md5).stat().st_ino != before
    open_disk(root, RealFs()).verify(LOCATOR)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
def test_a_directory_that_could_not_be_opened_to_be_synced_is_no_failed_fsync(fresh, code):
    calls = calls_of_a_put(fresh())
    for number in (index for index, name in enumerate(calls, 1) if name == "sync_directory"):
        if number == calls.index("sync_directory") + 1:
            continue  # that one opens the store
        fs = FaultyFs(number, code)
        store = open_disk(fresh(), fs)
        with pytest.raises(StoreUnavailable, match=os.strerror(code)):
            store.put(DATA)
        store.check_ready()
        before = len(fs.calls)
        assert store.put(DATA) == LOCATOR
        assert "sync_directory" in fs.calls[before:], "the name it found was not known to be durable"


def test_a_full_disk_at_the_fsync_of_a_block_with_a_name_is_remembered(fresh):
    """Its pages may be dropped: the next fsync of that file would say that they are on the disk."""
    root = fresh()
    open_disk(root, RealFs()).put(DATA)
    recorder = FaultyFs()
    open_disk(root, recorder).put(DATA)
    store = open_disk(root, FaultyFs(recorder.calls.index("sync") + 1, errno.ENOSPC))
    with pytest.raises(StoreFull):
        store.put(DATA)
    with pytest.raises(StoreUnavailable, match="since an fsync failed"):
        store.put(DATA)


def test_an_empty_mount_point_is_not_taken_for_the_store(fresh):
    root = fresh()
    store = open_disk(root, RealFs())
    store.put(DATA)
    aside = root.with_name("aside")
    root.rename(aside)
    root.mkdir()
    for use in (lambda: store.get(LOCATOR), lambda: store.put(b"other"), store.check_ready):
        with pytest.raises(StoreUnavailable, match="not the one that was there"):
            use()
    assert list(root.iterdir()) == []
    root.rmdir()
    aside.rename(root)
    store.check_ready()
    assert store.get(LOCATOR) == DATA
    store.put(b"other")


def test_a_removed_directory_of_blocks_is_made_again(fresh):
    root = fresh()
    store = open_disk(root, RealFs())
    store.put(DATA)
    shutil.rmtree(layout.directory_of(root, LOCATOR.md5))
    with pytest.raises(StoreUnavailable):
        store.put(DATA)
    assert store.put(DATA) == LOCATOR
    assert store.get(LOCATOR) == DATA


def test_a_write_that_takes_nothing_ends(fresh):
    class Stuck(RealFs):
        def write(self, fd, data):
            return 0

    with pytest.raises(StoreUnavailable):
        open_disk(fresh(), Stuck()).put(DATA)


def test_a_read_that_gives_less_than_was_asked_is_no_other_content(fresh):
    class Dripping(RealFs):
        def read(self, fd, length, offset):
            return super().read(fd, max(length // 2, 1), offset)

        def read_into(self, fd, buffer, offset):
            return super().read_into(fd, buffer[: max(len(buffer) // 2, 1)], offset)

    root = fresh()
    open_disk(root, RealFs()).put(DATA)
    assert open_disk(root, Dripping()).put(DATA) == LOCATOR
    assert open_disk(root, Dripping()).get(LOCATOR) == DATA


def test_a_block_that_could_not_be_read_for_a_moment_is_no_collision(fresh):
    root = fresh()
    open_disk(root, RealFs()).put(DATA)
    recorder = FaultyFs()
    open_disk(root, recorder).put(DATA)
    number = recorder.calls.index("read_into") + 1
    assert open_disk(root, FaultyFs(number, errno.EIO)).put(DATA) == LOCATOR
    open_disk(root, RealFs()).verify(LOCATOR)


def trash(store):
    assert store.trash(LOCATOR, older_than_ns=1 << 62, keep_s=100)


def delete(store):
    assert store.trash(LOCATOR, older_than_ns=1 << 62, keep_s=0)


def untrash(store):
    store.untrash(LOCATOR)


def empty(store):
    store.empty_trash()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EROFS])
@pytest.mark.parametrize(
    ("before", "verb", "whole"),
    [((), trash, True), ((), delete, False), ((trash,), untrash, True), ((trash,), empty, True)],
)
def test_each_call_of_gc_failing_loses_nothing_that_is_not_to_go(fresh, code, before, verb, whole):
    def prepared(fs):
        root = fresh()
        store = open_disk(root, RealFs())
        store.put(DATA)
        for step in before:
            step(store)
        return root, open_disk(root, fs)

    recorder = FaultyFs()
    store = prepared(recorder)[1]
    opened = len(recorder.calls)
    verb(store)
    for number in range(opened + 1, len(recorder.calls) + 1):
        root, store = prepared(FaultyFs(number, code))
        failed = recorder.calls[number - 1]
        if failed == "unlink" and verb is untrash:  # the name in the trash stays as well, and goes with the trash
            verb(store)
        else:
            with pytest.raises((StoreFull, StoreUnavailable), match=os.strerror(code)):
                verb(store)
        healthy = open_disk(root, RealFs())
        if verb in {untrash, empty} or layout.path_of(root, LOCATOR.md5).exists():
            verb(healthy)
        if whole:
            healthy.untrash(LOCATOR)
            healthy.verify(LOCATOR)
