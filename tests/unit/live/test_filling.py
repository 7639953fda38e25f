"""A block is hashed behind its bytes, whatever the pieces they come in; an upload puts whole files of such blocks."""

import hashlib
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from davserver.blocks.writing import DIRECT_BYTES, is_for_the_disk
from davserver.collection.attributes import Attributes
from davserver.collection.extents import StoredExtent
from davserver.errors import StoreFull
from davserver.live.filling import Filling
from davserver.values import Locator

MIB = 1 << 20
BLOCK = 3 * MIB


@pytest.fixture(scope="module")
def hashing():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def pour(filling, data, chance):
    rest = memoryview(data)
    while rest:
        count = min(len(rest), chance.choice([1, 1000, 65536, MIB, 2 * MIB]))
        filling.room[:count] = rest[:count]
        filling.came(count)
        rest = rest[count:]


def locator_of(data):
    return Locator(hashlib.md5(data).hexdigest(), len(data))


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 7])
def test_a_block_has_the_hash_of_what_came(hashing, size):
    data = random.Random(size).randbytes(size)
    filling = Filling(6 * MIB, hashing)
    for seed in range(3):
        pour(filling, data, random.Random(seed))
        assert filling.locator() == locator_of(data)
        assert filling.data == data
        filling = filling.empty()
    assert filling.locator() == locator_of(b"")


def test_a_large_block_goes_past_the_page_cache(hashing):
    assert is_for_the_disk(Filling(DIRECT_BYTES, hashing).room)


def receive(house, data, expected, seed=0):
    chance = random.Random(seed)
    with house.upload(expected) as upload:
        rest = memoryview(data)
        while rest:
            room = upload.room()
            count = min(len(room), len(rest), chance.choice([5000, 300_000, MIB, 4 * MIB]))
            room[:count] = rest[:count]
            upload.came(count)
            rest = rest[count:]
        return upload.finish(lambda etag: Attributes(etag=etag))


@pytest.mark.parametrize("expected", [None, 0, 10, BLOCK, 4 * BLOCK + 5, 100 * BLOCK])
def test_blocks_are_cut_alike_whatever_was_expected(neighbourhood, expected):
    house = neighbourhood.open(block_bytes=BLOCK, inline_bytes=100, memory_bytes=1 << 30)
    data = os.urandom(4 * BLOCK + 5)
    node = receive(house, data, expected, seed=expected or 1)
    blocks = [data[at : at + BLOCK] for at in range(0, 4 * BLOCK, BLOCK)]
    assert [e.locator for e in node.extents if isinstance(e, StoredExtent)] == [locator_of(block) for block in blocks]
    assert node.read_at(0, len(data), house.blocks) == data


def test_uploads_at_once_mix_nothing_up(neighbourhood):
    house = neighbourhood.open(block_bytes=BLOCK, inline_bytes=100, memory_bytes=64 * MIB)
    contents = [random.Random(number).randbytes(2 * BLOCK + 1000 * number) for number in range(6)]
    with ThreadPoolExecutor(6) as clients:
        nodes = list(clients.map(lambda data: receive(house, data, len(data)), contents))
    for node, data in zip(nodes, contents, strict=True):
        assert node.read_at(0, len(data), house.blocks) == data


def test_no_block_is_written_over_before_it_is_stored(neighbourhood):
    """The memory of a block is used again for a later one."""

    class Slow:
        def __init__(self):
            self.stored = []
            self.go_on = threading.Event()

        def put(self, data, known=None):
            assert self.go_on.wait(60)
            self.stored.append((bytes(data), known))
            return known

    blocks = Slow()
    house = neighbourhood.open(blocks=blocks, block_bytes=BLOCK, inline_bytes=100)
    pieces = [bytes([number]) * BLOCK for number in range(1, 6)]
    with house.upload(5 * BLOCK) as upload:
        for piece in pieces:
            upload.write(piece)
            blocks.go_on.set()
        upload.finish(lambda etag: Attributes(etag=etag))
    assert sorted(blocks.stored, key=lambda pair: pair[0]) == [(piece, locator_of(piece)) for piece in pieces]


def test_a_store_that_fails_ends_the_upload_and_its_threads_let_go(neighbourhood):
    class Full:
        def put(self, data, known=None):
            raise StoreFull("no space")

    house = neighbourhood.open(blocks=Full(), block_bytes=BLOCK, inline_bytes=100, memory_bytes=4 * BLOCK, patience_s=0)
    for _ in range(5):
        with pytest.raises(StoreFull):
            receive(house, bytes(3 * BLOCK), 3 * BLOCK)


def test_with_memory_for_one_block_each_is_stored_before_the_next_one_fills(neighbourhood):
    class Counting:
        stored = 0

        def put(self, data, known=None):
            self.stored += 1
            return known

    blocks = Counting()
    house = neighbourhood.open(blocks=blocks, block_bytes=BLOCK, inline_bytes=1, memory_bytes=6 * BLOCK, patience_s=0)
    with house.upload(None) as upload:
        for number in range(1, 4):
            upload.write(bytes(BLOCK))
            assert blocks.stored == number
