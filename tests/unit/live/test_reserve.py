"""The floor of free space: new content is refused above it, everything else goes on below it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.blocks.wrapper import Wrapper
from davserver.catalog.database import open_catalog
from davserver.collection.change import Remove
from davserver.errors import StoreFull
from davserver.live.house import House
from davserver.live.reserve import PLENTY_BYTES, Reserve
from davserver.live.settings import LiveSettings
from tests.support.operations import begin, change, content, put

RESERVE = 10_000


class SmallDisk(Wrapper):
    """A store on a disk with so much room."""

    def __init__(self):
        super().__init__(MemoryStore(clock=lambda: 0.0))
        self.free = 100_000

    def free_bytes(self):
        return self.free

    def put(self, data, known=None):
        self.free -= len(data)
        return super().put(data)


@pytest.fixture
def disk():
    return SmallDisk()


@pytest.fixture
def house(tmp_path, disk):
    settings = LiveSettings(block_bytes=1000, inline_bytes=64, reserve_bytes=RESERVE)
    house = House(open_catalog(f"sqlite:///{tmp_path}/catalog.db"), disk, settings=settings)
    begin(house)
    yield house
    house.close()


def test_a_body_that_would_touch_the_reserve_is_refused_before_it_comes(house, disk):
    disk.free = RESERVE + 500
    with pytest.raises(StoreFull, match="10000 stay free"):
        house.upload(501)
    put(house, "fits", content(1, 500))


def test_a_body_of_unknown_length_is_refused_when_it_touches_the_reserve(house, disk):
    disk.free = RESERVE + 2500
    with pytest.raises(StoreFull), house.upload(None) as upload:
        for _ in range(10):
            upload.write(bytes(1000))
        upload.finish(lambda _etag: pytest.fail("it was all taken"))
    assert disk.free >= RESERVE


def test_blocks_that_come_at_once_do_not_count_on_the_same_room(disk):
    disk.free = RESERVE + 1500
    looks, stored = threading.Semaphore(0), []

    class Slow:
        def free_bytes(self):
            looks.release()
            return disk.free

        def put(self, data, known=None):
            if not stored:
                stored.append(data)
                # One look of each block if blocks look and are stored at once; else both are the first one's.
                assert looks.acquire(timeout=10)
                assert looks.acquire(timeout=10)
            return disk.put(data, known)

    reserve = Reserve(Slow(), lambda: None, RESERVE)
    with ThreadPoolExecutor(2) as threads:
        results = [threads.submit(reserve.put, bytes(1000)) for _ in range(2)]
    assert sorted(type(r.exception()).__name__ for r in results) == ["NoneType", "StoreFull"]
    assert disk.free >= RESERVE


def test_below_the_floor_files_are_deleted_and_collections_committed(house, disk):
    put(house, "small", b"s" * 60)
    put(house, "other", b"o" * 60)
    disk.free = RESERVE - 1
    assert list(house.trouble()) == ["space"]
    with pytest.raises(StoreFull):
        put(house, "new", b"n")
    change(house, Remove(("small",)))
    assert house.commit("c").files == 1
    disk.free = RESERVE + 1000
    assert house.trouble() == {}
    put(house, "new", b"n")


def test_the_catalogs_disk_has_a_floor_too():
    free = [RESERVE + 10]
    reserve = Reserve(MemoryStore(clock=lambda: 0.0), lambda: free[0], RESERVE)
    reserve.require(10)
    with pytest.raises(StoreFull, match="the catalog"):
        reserve.require(11)


def test_without_a_reserve_nobody_asks():
    Reserve(MemoryStore(clock=lambda: 0.0), lambda: pytest.fail("asked"), 0).put(b"data")


def test_where_there_is_plenty_small_bodies_do_not_look_again_for_a_second_and_large_ones_do(disk):
    now, looks = [0.0], []

    def look():
        looks.append(now[0])
        return disk.free

    reserve = Reserve(disk, look, RESERVE, monotonic=lambda: now[0])
    disk.free = RESERVE + 2 * PLENTY_BYTES
    for now[0] in (1.0, 1.5, 1.9):
        reserve.require(4096)
    assert looks == [1.0]
    disk.free = RESERVE + 4000
    with pytest.raises(StoreFull):
        reserve.require(2 << 20)
    now[0] = 2.5
    with pytest.raises(StoreFull):
        reserve.require(4096)
    reserve.require(4000)
    assert looks == [1.0, 1.9, 2.5, 2.5]
