"""What the cache of small blocks keeps, and what it must not."""

import pytest

from davserver.blocks.cached import CachedStore
from davserver.blocks.memory import MemoryStore
from davserver.blocks.wrapper import Wrapper
from davserver.errors import BlockMissing
from davserver.values import Locator


class Counting(Wrapper):
    def __init__(self, inner):
        super().__init__(inner)
        self.asked = []

    def get(self, locator):
        self.asked.append(locator)
        return super().get(locator)

    def read(self, locator, offset, length):
        self.asked.append((locator, offset, length))
        return super().read(locator, offset, length)


@pytest.fixture
def inner():
    return Counting(MemoryStore(clock=lambda: 1.0))


@pytest.fixture
def store(inner):
    return CachedStore(inner, budget_bytes=100, small_bytes=40)


def test_a_small_block_is_read_once(store, inner):
    locator = store.put(b"0123456789")
    assert store.read(locator, 2, 3) == b"234"
    assert store.read(locator, 5, 1) == b"5"
    assert store.get(locator) == b"0123456789"
    assert inner.asked == [locator]


def test_a_large_block_passes_by(store, inner):
    locator = store.put(bytes(41))
    for _ in range(2):
        assert store.read(locator, 1, 2) == bytes(2)
        assert store.get(locator) == bytes(41)
    assert inner.asked == [(locator, 1, 2), locator] * 2


def test_the_longest_unused_go_when_the_budget_is_spent(store, inner):
    first, second, third = (store.put(bytes([number]) * 40) for number in range(3))
    for locator in (first, second, first, third, first):
        store.get(locator)
    assert inner.asked == [first, second, third]
    store.get(second)
    assert inner.asked == [first, second, third, second]


def test_a_trashed_block_is_forgotten(store):
    locator = store.put(b"foo")
    store.get(locator)
    store.trash(locator, older_than_ns=1 << 62, keep_s=10)
    with pytest.raises(BlockMissing):
        store.get(locator)


def test_verify_looks_at_the_store_not_at_the_cache(store, inner):
    locator = store.put(b"foo")
    store.get(locator)
    inner.trash(locator, older_than_ns=1 << 62, keep_s=10)
    with pytest.raises(BlockMissing):
        store.verify(locator)


def test_another_size_of_the_same_hash_is_another_block(store):
    locator = store.put(b"foo")
    store.get(locator)
    with pytest.raises(Exception, match="3 bytes"):
        store.get(Locator(locator.md5, 4))
