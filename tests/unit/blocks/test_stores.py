"""Every driver and every wrapper under the same suite."""

import itertools
import os
from pathlib import Path

import pytest

from davserver.blocks import layout
from davserver.blocks.cached import CachedStore
from davserver.blocks.disk import DiskStore
from davserver.blocks.fs import RealFs
from davserver.blocks.memory import MemoryStore
from davserver.blocks.metered import MeteredStore
from davserver.blocks.open import open_store
from davserver.blocks.verified import VerifiedStore
from davserver.errors import BlockMissing
from davserver.values import Locator
from tests.suites.block_store import BlockStoreSuite, GuardedSuite


class OnDisk:
    """Keeps the blocks in the test's directory, and damages files."""

    @pytest.fixture(autouse=True)
    def root(self, tmp_path):
        self.root = tmp_path

    def make_disk(self, clock):
        return DiskStore(self.root, RealFs(), clock=clock, random_bytes=os.urandom)

    def damage(self, store, locator, data):
        path = layout.path_of(self.root, locator.md5)
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)


class InMemory:
    def make_memory(self, clock):
        self.memory = MemoryStore(clock=clock)
        return self.memory

    def damage(self, store, locator, data):
        if data is None:
            del self.memory._held[locator.md5]
        else:
            self.memory._held[locator.md5].data = data


class TestDisk(OnDisk, BlockStoreSuite):
    guards = False

    def make_store(self, clock):
        return self.make_disk(clock)


class TestMemory(InMemory, BlockStoreSuite):
    guards = False

    def make_store(self, clock):
        return self.make_memory(clock)


class Told(list):
    """Hears of operations."""

    def moved(self, operation, size, seconds):
        self.append((operation, size))

    def remembered(self, size):
        self.append(("memory", size))


class TestMetered(OnDisk, BlockStoreSuite):
    guards = False

    def make_store(self, clock):
        return MeteredStore(self.make_disk(clock), Told(), lambda: 0.0)


def test_a_meter_hears_what_succeeded(tmp_path):
    told, ticks = Told(), itertools.count()
    disk = DiskStore(tmp_path, RealFs(), clock=lambda: 1e9, random_bytes=os.urandom)
    store = MeteredStore(VerifiedStore(disk, disk, clock=lambda: 4e9), told, lambda: float(next(ticks)))
    locator = store.put(b"content")
    assert store.get(locator) == b"content"
    assert store.read(locator, 1, 3) == b"ont"
    with store.open_verified(locator):
        pass
    with pytest.raises(BlockMissing):
        store.get(Locator.parse("0" * 32 + "+1"))
    assert told == [("write", 7), ("read", 7), ("read", 3), ("open", 0)]


def test_what_memory_has_the_store_is_not_asked_for(tmp_path):
    told = Told()
    store = open_store(tmp_path, meter=told)
    locator = store.put(b"content")
    for _ in range(2):
        assert store.get(locator) == b"content"
    assert told == [("write", 7), ("read", 7), ("memory", 7)]
    store.close()


class TestVerifiedDisk(OnDisk, GuardedSuite):
    """Reads go through open files: the clock that judges their age is far ahead, so that they are remembered."""

    def make_store(self, clock):
        disk = self.make_disk(clock)
        ahead = itertools.count(4e9)
        return VerifiedStore(disk, disk, clock=lambda: next(ahead), open_files=2)


class TestVerifiedYoungDisk(OnDisk, GuardedSuite):
    """Every file counts as just written, so that none is remembered."""

    def make_store(self, clock):
        disk = self.make_disk(clock)
        return VerifiedStore(disk, disk, clock=lambda: 0.0)


class TestVerifiedMemory(InMemory, GuardedSuite):
    def make_store(self, clock):
        return VerifiedStore(self.make_memory(clock), clock=clock)


class TestCached(InMemory, GuardedSuite):
    def make_store(self, clock):
        return CachedStore(VerifiedStore(self.make_memory(clock), clock=clock), budget_bytes=100_000)


class TestCachedTinily(InMemory, GuardedSuite):
    def make_store(self, clock):
        return CachedStore(VerifiedStore(self.make_memory(clock), clock=clock), budget_bytes=0)


class TestOpened(OnDisk, GuardedSuite):
    def make_store(self, clock):
        return open_store(self.root / "deep" / "blocks", clock=clock)

    def damage(self, store, locator, data):
        self.root /= Path("deep/blocks")
        super().damage(store, locator, data)
        self.root = self.root.parent.parent
