"""What VerifiedStore promises about files that change, close and are shared."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from davserver.blocks import layout
from davserver.blocks.disk import DiskStore
from davserver.blocks.fs import RealFs
from davserver.blocks.store import ServesFiles
from davserver.blocks.verified import VerifiedStore
from davserver.errors import BlockCorrupt, BlockMissing

DATA = bytes(range(256)) * 1024


class CountingFs(RealFs):
    """Counts the passes of verification and the open files."""

    def __init__(self):
        self.verified = 0
        self.open = set()

    def read_into(self, fd, buffer, offset):
        self.verified += offset == 0
        return super().read_into(fd, buffer, offset)

    def open_for_reading(self, path):
        fd = super().open_for_reading(path)
        self.open.add(fd)
        return fd

    def close(self, fd):
        self.open.discard(fd)
        super().close(fd)


@pytest.fixture
def fs():
    return CountingFs()


@pytest.fixture
def disk(tmp_path, fs):
    return DiskStore(tmp_path, fs, clock=lambda: 1_700_000_000.0, random_bytes=os.urandom)


@pytest.fixture
def store(disk):
    """The clock is far ahead of the files' times, so that all of them count as settled."""
    store = VerifiedStore(disk, disk, clock=lambda: 4e9, open_files=3)
    yield store
    store.close()


def test_a_block_is_verified_once_and_then_read_in_slices(store, fs):
    locator = store.put(DATA)
    for offset in range(0, len(DATA), 1000):
        length = min(1000, len(DATA) - offset)
        assert store.read(locator, offset, length) == DATA[offset : offset + length]
    assert fs.verified == 1


def test_a_change_in_place_is_seen_even_if_its_mtime_is_put_back(store, tmp_path):
    locator = store.put(DATA)
    store.read(locator, 0, 10)
    path = layout.path_of(tmp_path, locator.md5)
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"XX")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(BlockCorrupt):
        store.read(locator, 5000, 10)


def test_a_touch_leads_to_one_more_verification(store, fs):
    locator = store.put(DATA)
    store.read(locator, 0, 10)
    store.touch(locator)
    assert store.read(locator, 0, 10) == DATA[:10]
    assert store.read(locator, 10, 10) == DATA[10:20]
    assert fs.verified == 2


def test_a_replaced_file_is_opened_anew(store, tmp_path):
    locator = store.put(DATA)
    store.read(locator, 0, 10)
    other = tmp_path / "other"
    other.write_bytes(bytes(len(DATA)))
    other.rename(layout.path_of(tmp_path, locator.md5))
    with pytest.raises(BlockCorrupt):
        store.read(locator, 0, 10)


def test_a_healed_block_is_served_again(store, tmp_path):
    locator = store.put(DATA)
    layout.path_of(tmp_path, locator.md5).write_bytes(bytes(len(DATA)))
    with pytest.raises(BlockCorrupt):
        store.read(locator, 0, 10)
    store.put(DATA)
    assert store.read(locator, 0, 10) == DATA[:10]


def test_a_file_written_a_moment_ago_is_verified_for_each_read(disk, fs, tmp_path):
    """A second write within one tick of the file system's clock would leave the file's times as they were."""
    store = VerifiedStore(disk, disk, clock=lambda: (tmp_path / "now").stat().st_ctime)
    locator = store.put(DATA)
    (tmp_path / "now").write_bytes(b"")
    assert store.read(locator, 0, 10) == DATA[:10]
    layout.path_of(tmp_path, locator.md5).write_bytes(bytes(len(DATA)))
    (tmp_path / "now").write_bytes(b"")
    with pytest.raises(BlockCorrupt):
        store.read(locator, 0, 10)
    assert fs.verified == 0
    assert not fs.open


def test_readers_of_the_same_new_block_verify_it_once(disk, fs):
    locator = disk.put(DATA)
    readers = 8
    together = threading.Barrier(readers)
    store = VerifiedStore(disk, disk, clock=lambda: 4e9)

    def read(offset):
        together.wait()
        return store.read(locator, offset, 100)

    with ThreadPoolExecutor(readers) as pool:
        assert list(pool.map(read, range(readers))) == [DATA[offset : offset + 100] for offset in range(readers)]
    assert fs.verified == 1
    store.close()


def test_open_files_are_bounded_and_closed(store, fs):
    locators = [store.put(b"%d" % number) for number in range(10)]
    for locator in [*locators, *locators]:
        assert store.read(locator, 0, 1) == store.get(locator)[:1]
    assert len(fs.open) == 3
    store.close()
    assert not fs.open


def test_failed_reads_leave_no_file_open(store, fs, tmp_path):
    damaged, removed = store.put(DATA), store.put(b"gone")
    layout.path_of(tmp_path, damaged.md5).write_bytes(bytes(len(DATA)))
    layout.path_of(tmp_path, removed.md5).unlink()
    for _ in range(5):
        with pytest.raises(BlockCorrupt):
            store.read(damaged, 0, 1)
        with pytest.raises(BlockMissing):
            store.read(removed, 0, 1)
    assert not fs.open


def test_many_threads_over_few_open_files(store, fs):
    contents = [b"%d" % number * 1000 for number in range(12)]
    locators = [store.put(data) for data in contents]

    def work(turn):
        for step in range(300):
            number = (step * 7 + turn) % len(contents)
            assert store.read(locators[number], step, 5) == contents[number][step : step + 5]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert len(fs.open) <= 3


def test_a_verified_block_can_be_sent_as_a_file(store, fs, tmp_path):
    locator = store.put(DATA)
    assert isinstance(store, ServesFiles)
    with store.open_verified(locator) as block:
        assert os.pread(block.fileno(), 100, 50) == DATA[50:150]
        assert block.is_unchanged()
        for number in range(5):
            store.read(store.put(b"%d" % number), 0, 1)
        assert os.pread(block.fileno(), 5, 0) == DATA[:5], "a block on loan stays open when others push it out"
        with layout.path_of(tmp_path, locator.md5).open("r+b") as file:
            file.write(b"X")
        assert not block.is_unchanged()
    assert len(fs.open) == 3
    with pytest.raises(BlockCorrupt):
        store.open_verified(locator)


def test_the_wrong_bytes_are_not_lent_as_a_file(store, tmp_path):
    locator = store.put(DATA)
    layout.path_of(tmp_path, locator.md5).write_bytes(bytes(len(DATA)))
    with pytest.raises(BlockCorrupt):
        store.open_verified(locator)


def test_a_change_between_verification_and_the_end_of_a_read_is_noticed(tmp_path, disk):
    locator = disk.put(DATA)
    path = layout.path_of(tmp_path, locator.md5)

    class Meddler(RealFs):
        """Changes the file just before the slice is read, once it is verified."""

        def read(self, fd, length, offset):
            if length == 10:
                path.write_bytes(bytes(len(DATA)))
            return super().read(fd, length, offset)

    meddled = DiskStore(tmp_path, Meddler(), clock=lambda: 0.0, random_bytes=os.urandom)
    store = VerifiedStore(meddled, meddled, clock=lambda: 4e9)
    with pytest.raises(BlockCorrupt):
        store.read(locator, 0, 10)
    store.close()
