"""Bodies: what becomes blocks, what stays inline, and what an abandoned one leaves."""

import contextlib
import hashlib

import pytest

from davserver.collection.attributes import Attributes
from davserver.collection.extents import StoredExtent
from davserver.errors import StoreFull, StoreUnavailable
from davserver.values import Locator


def receive(house, pieces, expected=None):
    with house.upload(expected) as upload:
        for piece in pieces:
            upload.write(piece)
        return upload.finish(lambda etag: Attributes(etag=etag))


@pytest.fixture
def house(neighbourhood):
    return neighbourhood.open(block_bytes=10, inline_bytes=4, memory_bytes=100)


@pytest.mark.parametrize(
    ("size", "shape"),
    [(0, []), (4, ["m4"]), (5, ["s5"]), (10, ["s10"]), (13, ["s10", "m3"]), (25, ["s10", "s10", "s5"])],
)
def test_full_blocks_are_stored_and_small_tails_are_inline(house, size, shape):
    data = bytes(range(size))
    node = receive(house, [data[i : i + 3] for i in range(0, size, 3)])
    kinds = ["s" if isinstance(extent, StoredExtent) else "m" for extent in node.extents]
    assert [f"{kind}{extent.length}" for kind, extent in zip(kinds, node.extents, strict=True)] == shape
    assert node.frozen
    assert node.read_at(0, size, house.blocks) == data


def test_equal_bytes_have_equal_etags_however_they_came(house):
    data = b"0123456789abcdefghijklmnopq"
    etags = {receive(house, [data[:n], data[n:]]).attributes.etag for n in range(len(data))}
    assert len(etags) == 1
    others = {receive(house, [data[:n]]).attributes.etag for n in range(len(data))}
    assert len(others) == len(data)
    assert not etags & others


def test_an_abandoned_body_gives_its_memory_back(house):
    for _ in range(20):
        with pytest.raises(KeyError), house.upload(None) as upload:
            upload.write(b"x" * 25)
            raise KeyError
    assert receive(house, [b"fine"], 4).size == 4


def test_a_store_that_fails_fails_the_body(neighbourhood):
    class Full:
        def put(self, data, known=None):
            raise StoreFull("no space")

    house = neighbourhood.open(blocks=Full(), block_bytes=10, inline_bytes=4)
    with pytest.raises(StoreFull):
        receive(house, [b"x" * 25])
    with pytest.raises(StoreFull):
        receive(house, [b"x" * 5])


def test_too_many_bodies_at_once_wait_and_then_are_refused(neighbourhood):
    house = neighbourhood.open(block_bytes=10, memory_bytes=120, patience_s=0)
    with house.upload(None), house.upload(None):
        with pytest.raises(StoreUnavailable), house.upload(1):
            pass
    with house.upload(1):
        pass


def test_a_stored_block_has_the_hash_of_its_bytes(house, neighbourhood):
    node = receive(house, [b"0123456789"])
    assert node.extents[0].locator == Locator(hashlib.md5(b"0123456789").hexdigest(), 10)
    assert neighbourhood.blocks.get(node.extents[0].locator) == b"0123456789"


def test_when_memory_is_short_blocks_are_cut_smaller_and_the_bytes_are_the_same(neighbourhood):
    house = neighbourhood.open(block_bytes=64, inline_bytes=1, memory_bytes=1024, patience_s=0)
    data = bytes(range(200))
    cuts = []
    with house.upload(None), house.upload(None), house.upload(None) as single, house.upload(None) as small:
        for upload in (single, small):
            upload.write(data)
            node = upload.finish(lambda etag: Attributes(etag=etag))
            assert node.read_at(0, 200, house.blocks) == data
            cuts.append([extent.length for extent in node.extents])
    assert cuts == [[64, 64, 64, 8], [*[16] * 12, 8]]


def test_many_slow_bodies_leave_room_for_others(neighbourhood):
    house = neighbourhood.open(block_bytes=1 << 20, inline_bytes=16, memory_bytes=1 << 24, patience_s=0)
    with contextlib.ExitStack() as slow:
        for _ in range(64):
            slow.enter_context(house.upload(None)).write(b"some")
        assert receive(house, [b"x" * 1000], 1000).size == 1000
