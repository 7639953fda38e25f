"""Marks: what one process found right another one need not read, and a mark never says more than is true."""

import errno
import hashlib
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from davserver.blocks import layout
from davserver.blocks.blockfile import Identity
from davserver.blocks.disk import DiskStore
from davserver.blocks.fs import RealFs
from davserver.blocks.handles import SETTLE_NS
from davserver.blocks.marks import BUCKETS, LEAST_BYTES, PLACES, MarkTable
from davserver.blocks.verified import VerifiedStore
from davserver.errors import BlockCorrupt
from davserver.values import Locator
from tests.support.process import until

DATA = random.Random(1).randbytes(LEAST_BYTES)
OTHER = random.Random(2).randbytes(LEAST_BYTES)


class CountingFs(RealFs):
    """Counts the passes of verification."""

    def __init__(self):
        self.verified = 0

    def read_into(self, fd, buffer, offset):
        self.verified += offset == 0
        return super().read_into(fd, buffer, offset)


class Process:
    """One process's store on the directory that all share."""

    def __init__(self, root, fs=None):
        self.fs = fs or CountingFs()
        marks = MarkTable(layout.marks_path(root), self.fs)
        self.disk = DiskStore(root, self.fs, clock=time.time, random_bytes=os.urandom, marks=marks)
        self.store = VerifiedStore(self.disk, self.disk, clock=time.time, marks=marks)

    def read(self, locator):
        return self.store.read(locator, 5, 10)


@pytest.fixture
def process(tmp_path):
    opened = []

    def make(fs=None):
        opened.append(Process(tmp_path, fs))
        return opened[-1]

    yield make
    for one in opened:
        one.store.close()


def path_of(root, locator):
    return layout.path_of(root, locator.md5)


def settle(path):
    """Wait until the file's last change is old enough for who verifies it to remember that."""
    until(lambda: time.time_ns() > path.stat().st_ctime_ns + SETTLE_NS)


def place_as_another_would(root, data):
    """Write a block file as a keepstore does."""
    locator = Locator(hashlib.md5(data).hexdigest(), len(data))
    path = path_of(root, locator)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    settle(path)
    return locator


def test_a_block_that_was_stored_here_is_not_read_to_be_verified(process):
    locator = process().store.put(DATA)
    other = process()
    assert other.read(locator) == DATA[5:15]
    with other.store.open_verified(locator) as block:
        assert block.is_unchanged()
    assert other.fs.verified == 0


def test_what_one_process_verified_the_next_one_need_not(process, tmp_path):
    locator = place_as_another_would(tmp_path, DATA)
    first, second = process(), process()
    for one in (first, second, process()):
        assert one.read(locator) == DATA[5:15]
    assert (first.fs.verified, second.fs.verified) == (1, 0)


def test_a_duplicate_put_renews_the_mark_that_its_touch_voids(process):
    locator = process().store.put(DATA)
    process().store.put(DATA)
    other = process()
    assert other.read(locator) == DATA[5:15]
    assert other.fs.verified == 0


@pytest.mark.parametrize("forged", [False, True])
def test_a_change_is_found_by_who_never_saw_the_file_before(process, tmp_path, forged):
    locator = process().store.put(DATA)
    path = path_of(tmp_path, locator)
    settle(path)
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"\0\0\0")
    if forged:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(BlockCorrupt):
        process().read(locator)
    settle(path)
    with pytest.raises(BlockCorrupt):
        process().store.open_verified(locator)


def test_a_change_within_the_tick_of_the_mark_is_found(process, tmp_path):
    """The clock need not tick between: the mtime is no longer ours."""
    for number in range(50):
        data = DATA[:-1] + bytes([number])
        locator = process().store.put(data)
        with path_of(tmp_path, locator).open("r+b") as file:
            file.write(bytes([data[0] ^ 1]))
        with pytest.raises(BlockCorrupt):
            process().store.read(locator, 0, 10)


def test_a_change_while_the_block_is_stored_leaves_no_mark(process, tmp_path):
    class Meddler(RealFs):
        def sync_directory(self, path):
            super().sync_directory(path)
            for block in path.glob("[0-9a-f]" * 32):
                with block.open("r+b") as file:
                    file.write(b"\0\0\0")

    locator = process(Meddler()).store.put(DATA)
    with pytest.raises(BlockCorrupt):
        process().read(locator)


def test_a_change_while_a_duplicate_is_compared_leaves_no_mark(process, tmp_path):
    locator = process().store.put(DATA)

    class Meddler(RealFs):
        """Writes to what was compared already, and lets the file look as old as it was."""

        def read_into(self, fd, buffer, offset):
            count = super().read_into(fd, buffer, offset)
            path = path_of(tmp_path, locator)
            with path.open("r+b") as file:
                file.write(b"\0\0\0")
            return count

    process(Meddler()).store.put(DATA)
    with pytest.raises(BlockCorrupt):
        process().read(locator)


def test_a_copy_of_the_store_is_verified_anew(process, tmp_path):
    locator = process().store.put(DATA)
    path = path_of(tmp_path, locator)
    status = path.stat()
    copied = path.read_bytes()
    path.unlink()
    path.write_bytes(copied[:-1] + b"\0")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(BlockCorrupt):
        process().read(locator)


def test_what_the_medium_rots_is_no_longer_served_by_anybody_once_it_was_found(process, tmp_path):
    """Bytes change below the file system: nothing shows it, until somebody reads past all memory."""
    locator = process().store.put(DATA)

    class Rotten(RealFs):
        def read_into(self, fd, buffer, offset):
            count = super().read_into(fd, buffer, offset)
            if count and not offset:
                buffer[0] ^= 1
            return count

    reader = process(Rotten())
    assert reader.read(locator) == DATA[5:15]
    with pytest.raises(BlockCorrupt):
        process(Rotten()).store.verify(locator)
    settle(path_of(tmp_path, locator))
    for one in (reader, process(Rotten())):
        with pytest.raises(BlockCorrupt):
            one.read(locator)


def test_a_block_that_comes_back_from_the_trash_is_verified_anew(process):
    one = process()
    locator = one.store.put(DATA)
    assert one.store.trash(locator, older_than_ns=time.time_ns() + 10**9, keep_s=100)
    one.store.untrash(locator)
    other = process()
    assert other.store.get(locator) == DATA
    assert other.read(locator) == DATA[5:15]


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, os.urandom(LEAST_BYTES), b"text\n"])
def test_whatever_the_table_holds_no_wrong_byte_is_served(process, tmp_path, damage):
    good, bad = process().store.put(DATA), process().store.put(OTHER)
    layout.marks_path(tmp_path).write_bytes(damage)
    path = path_of(tmp_path, bad)
    settle(path)
    path.write_bytes(bytes(len(OTHER)))
    settle(path)
    assert process().read(good) == DATA[5:15]
    with pytest.raises(BlockCorrupt):
        process().read(bad)


def test_a_flipped_bit_of_a_mark_costs_a_verification(process, tmp_path):
    locator = process().store.put(DATA)
    settle(path_of(tmp_path, locator))
    table = layout.marks_path(tmp_path)
    content = bytearray(table.read_bytes())
    content[-1] ^= 1
    table.write_bytes(content)
    for expected in (1, 0):
        one = process()
        assert one.read(locator) == DATA[5:15]
        assert one.fs.verified == expected


def as_directory(path):
    path.mkdir()


def as_link(path):
    path.symlink_to("/dev/zero")


def as_pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize("make", [as_directory, as_link, as_pipe])
def test_what_is_no_table_is_none(process, tmp_path, make):
    make(layout.marks_path(tmp_path))
    locator = process().store.put(DATA)
    settle(path_of(tmp_path, locator))
    one = process()
    assert one.read(locator) == DATA[5:15]
    assert one.fs.verified == 1


@pytest.mark.parametrize("call", ["open_table", "open_made_table", "write_at", "read"])
@pytest.mark.parametrize("code", [errno.EROFS, errno.EIO, errno.ENOSPC, errno.EMFILE])
def test_a_table_that_cannot_be_used_stops_nothing(tmp_path, call, code):
    class Failing(RealFs):
        pass

    def fail(*_):
        raise OSError(code, os.strerror(code))

    setattr(Failing, call, fail)
    table = MarkTable(tmp_path / "table", Failing())
    locator = Locator(hashlib.md5(DATA).hexdigest(), len(DATA))
    disk = DiskStore(tmp_path, RealFs(), clock=time.time, random_bytes=os.urandom, marks=table)
    assert disk.put(DATA) == locator
    store = VerifiedStore(disk, disk, clock=time.time, marks=table)
    settle(path_of(tmp_path, locator))
    assert store.read(locator, 5, 10) == DATA[5:15]
    store.close()


def test_small_blocks_take_no_room_in_the_table(process, tmp_path):
    one = process()
    locator = one.store.put(DATA[:-1])
    assert one.read(locator) == DATA[5:15]
    assert not layout.marks_path(tmp_path).exists()


def test_the_table_is_bounded_and_keeps_the_newest(tmp_path):
    table = MarkTable(tmp_path / "table", RealFs())
    path = tmp_path / "file"
    path.write_bytes(b"x")
    identity = Identity.of(path.stat())
    chance = random.Random(3)
    names = [Locator("00000000" + chance.randbytes(12).hex(), LEAST_BYTES) for _ in range(4 * PLACES)]
    for name in names:
        table.note(name, identity)
        assert table.holds(name, identity)
        assert not table.holds(name, identity._replace(ctime_ns=identity.ctime_ns + 1))
    kept = [name for name in names if table.holds(name, identity)]
    assert 1 <= len(kept) <= PLACES
    last = Locator("ffffffff" + "0" * 24, LEAST_BYTES)
    table.note(last, identity)
    assert (tmp_path / "table").stat().st_size <= BUCKETS * PLACES * 32
    table.close()


def test_processes_that_store_and_mark_the_same_blocks_at_once_serve_them(process, tmp_path):
    contents = [random.Random(number).randbytes(LEAST_BYTES) for number in range(12)]
    writers = [process() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda turn: writers[turn % 4].store.put(contents[turn % 12]), range(48)))
    reader = process()
    for number, locator in enumerate(stored):
        assert reader.read(locator) == contents[number % 12][5:15]
