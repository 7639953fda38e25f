"""Large blocks go past the page cache, as far as the file system takes them; what is stored is the same."""

import errno
import fcntl
import hashlib
import mmap
import os

import pytest

from davserver.blocks import writing
from davserver.blocks.disk import DiskStore
from davserver.blocks.fs import RealFs
from davserver.blocks.writing import DIRECT_BYTES, is_for_the_disk, write_whole
from davserver.errors import StoreFull, StoreUnavailable
from davserver.values import MAX_BLOCK_BYTES, Locator
from tests.support.faults import FaultyFs

SECTOR = 4096
PIECE = 64 << 10


class SectorFs(RealFs):
    """A file system that takes whole sectors past the cache, so many bytes at a time; records what went which way."""

    def __init__(self, sector: int = SECTOR, most: int = 1 << 30) -> None:
        self.went: list[tuple[bool, int]] = []
        self._sector = sector
        self._most = most
        self._bypasses = False

    def bypass_cache(self, fd):
        self._bypasses = True

    def use_cache(self, fd):
        self._bypasses = False

    def write(self, fd, data):
        position = os.lseek(fd, 0, os.SEEK_CUR)
        if self._bypasses and (len(data) % self._sector or position % self._sector):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        count = super().write(fd, data[: self._most])
        self.went.append((self._bypasses, count))
        return count

    def bytes_that_went(self, past_the_cache):
        return sum(count for bypassed, count in self.went if bypassed == past_the_cache)


class RefusingFs(RealFs):
    """A file system that cannot bypass the cache."""

    def __init__(self, code):
        self._code = code

    def bypass_cache(self, fd):
        raise OSError(self._code, os.strerror(self._code))


def aligned(size):
    """Return random bytes that begin at a page."""
    memory = mmap.mmap(-1, max(size, 1))
    memory[:size] = os.urandom(size)
    return memoryview(memory)[:size]


@pytest.fixture(scope="module")
def block():
    view = memoryview(mmap.mmap(-1, MAX_BLOCK_BYTES))
    piece = os.urandom(1 << 20)
    for start in range(0, MAX_BLOCK_BYTES, len(piece)):
        view[start : start + len(piece)] = piece
        view[start : start + 4] = start.to_bytes(4, "big")
    return view


@pytest.fixture
def small_is_large(monkeypatch):
    """Let a few bytes count as a large block, so that every call of a put can be looked at."""
    monkeypatch.setattr(writing, "DIRECT_BYTES", 1)


def write(fs, path, data):
    fd = fs.create(path)
    try:
        write_whole(fs, fd, data)
    finally:
        fs.close(fd)


def md5_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def open_disk(root, fs):
    root.mkdir(exist_ok=True)
    return DiskStore(root, fs, clock=lambda: 1_700_000_000.0, random_bytes=os.urandom)


def locator_of(data):
    return Locator(hashlib.md5(data).hexdigest(), len(data))


@pytest.mark.parametrize("size", [DIRECT_BYTES - 1, DIRECT_BYTES, DIRECT_BYTES + 4097, (64 << 20) - 1, 64 << 20])
def test_large_blocks_are_read_back_as_they_were(tmp_path, block, size):
    data = block[:size]
    write(RealFs(), tmp_path / "file", data)
    assert md5_of(tmp_path / "file") == locator_of(data).md5


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 3 * 4096 + 1])
@pytest.mark.parametrize("fs", [RealFs(), SectorFs(), SectorFs(512), SectorFs(1 << 16)])
@pytest.mark.usefixtures("small_is_large")
def test_sizes_around_a_sector_are_read_back_as_they_were(tmp_path, fs, size):
    data = aligned(size)
    write(fs, tmp_path / "file", data)
    assert (tmp_path / "file").read_bytes() == bytes(data)


@pytest.mark.usefixtures("small_is_large")
def test_whole_sectors_go_past_the_cache_and_the_rest_through_it(tmp_path):
    fs = SectorFs()
    write(fs, tmp_path / "file", aligned(3 * SECTOR + 5))
    assert fs.went == [(True, 3 * SECTOR), (False, 5)]


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize(("most", "direct"), [(SECTOR, 16 * SECTOR), (SECTOR + 1, SECTOR + 1)])
def test_a_short_write_goes_on_where_it_ended_aligned_or_not(tmp_path, most, direct):
    fs = SectorFs(most=most)
    data = aligned(16 * SECTOR)
    write(fs, tmp_path / "file", data)
    assert fs.bytes_that_went(True) == direct
    assert (tmp_path / "file").read_bytes() == bytes(data)


@pytest.mark.usefixtures("small_is_large")
def test_a_disk_with_larger_sectors_than_ours_gets_the_bytes_through_the_cache(tmp_path):
    fs = SectorFs(sector=1 << 20)
    data = aligned(PIECE)
    write(fs, tmp_path / "file", data)
    assert fs.bytes_that_went(True) == 0
    assert (tmp_path / "file").read_bytes() == bytes(data)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("code", [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_that_refuses_gets_the_bytes_through_the_cache(tmp_path, code):
    data = aligned(PIECE + 1)
    write(RefusingFs(code), tmp_path / "file", data)
    assert (tmp_path / "file").read_bytes() == bytes(data)


def test_small_blocks_and_packs_stay_in_the_cache(block):
    assert is_for_the_disk(block)
    assert is_for_the_disk(block[:DIRECT_BYTES])
    assert not is_for_the_disk(block[: DIRECT_BYTES - 1])
    assert not is_for_the_disk(block[1:])
    assert not is_for_the_disk(block.toreadonly())
    assert not is_for_the_disk(memoryview(bytes(DIRECT_BYTES)))


def test_the_real_file_system_bypasses_its_cache_until_it_is_told_otherwise(tmp_path):
    fs = RealFs()
    fd = fs.create(tmp_path / "file")
    try:
        try:
            fs.bypass_cache(fd)
        except OSError as error:
            pytest.skip(f"this file system cannot: {error}")
        assert fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_DIRECT
        fs.use_cache(fd)
        assert not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_DIRECT
        assert fs.write(fd, memoryview(b"abc")) == 3
    finally:
        fs.close(fd)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize(
    ("code", "expected"), [(errno.ENOSPC, StoreFull), (errno.EDQUOT, StoreFull), (errno.EIO, StoreUnavailable)]
)
@pytest.mark.parametrize("call", ["bypass_cache", "write", "use_cache", "sync"])
def test_a_call_that_fails_is_a_domain_error_and_leaves_no_file(tmp_path, call, code, expected):
    data = aligned(PIECE + 5)
    fs = FaultyFs()
    open_disk(tmp_path / "recorded", fs).put(data)
    calls = fs.disarm()
    assert call in calls
    for number in (number for number, name in enumerate(calls, 1) if name == call):
        root = tmp_path / f"blocks-{number}"
        fs.arm(number, code)
        with pytest.raises(expected, match=os.strerror(code)):
            open_disk(root, fs).put(data)
        fs.disarm()
        assert [path for path in root.rglob("*") if path.is_file()] == []
        healthy = open_disk(root, RealFs())
        assert healthy.put(data) == locator_of(data)
        healthy.verify(locator_of(data))


@pytest.mark.usefixtures("small_is_large")
def test_a_disk_that_is_full_in_the_middle_keeps_nothing_and_takes_the_block_when_there_is_space(tmp_path):
    class FillingUp(SectorFs):
        room = 4 * SECTOR

        def write(self, fd, data):
            if not self.room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            count = super().write(fd, data[: self.room])
            self.room -= count
            return count

    data = aligned(PIECE)
    fs = FillingUp()
    store = open_disk(tmp_path / "blocks", fs)
    with pytest.raises(StoreFull):
        store.put(data)
    assert [path for path in (tmp_path / "blocks").rglob("*") if path.is_file()] == []
    fs.room = 1 << 30
    assert store.put(data) == locator_of(data)
    store.verify(locator_of(data))
    assert fs.bytes_that_went(True) == 4 * SECTOR + PIECE
