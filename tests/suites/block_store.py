"""What every block store must do: a class of tests that each driver and each wrapper runs.

A subclass gives ``make_store(clock)`` and ``damage(store, locator, data)``; ``data=None`` removes the block behind the
store's back. ``guards`` says that the store finds wrong bytes of the right length.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from davserver.blocks.store import BlockStore
from davserver.errors import BlockCollision, BlockCorrupt, BlockMissing, BlockTooLarge
from davserver.values import EMPTY_BLOCK, MAX_BLOCK_BYTES, Locator

DAY_S = 86_400

# Two messages with the same MD5 (X. Wang, D. Feng, X. Lai, H. Yu: Collisions for hash functions, 2004).
COLLISION = (
    bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
        "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
        "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
    ),
    bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f8955ad340609f4b30283e4888325f1415a"
        "085125e8f7cdc99fd91dbd7280373c5bd8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0"
        "e99f33420f577ee8ce54b67080280d1ec69821bcb6a8839396f965ab6ff72a70"
    ),
)


class ManualClock:
    def __init__(self, now_s: float = 1_700_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    @property
    def now_ns(self) -> int:
        return int(self.now_s * 1_000_000_000)


class BlockStoreSuite:
    guards = True

    def make_store(self, clock) -> BlockStore:
        raise NotImplementedError

    def damage(self, store: BlockStore, locator: Locator, data: bytes | None) -> None:
        raise NotImplementedError

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    def store(self, clock):
        store = self.make_store(clock)
        yield store
        store.close()

    def test_put_returns_the_locator_and_get_the_bytes(self, store):
        locator = store.put(b"foo")
        assert locator == Locator("acbd18db4cc2f85cedef654fccc4a4d8", 3)
        assert store.get(locator) == b"foo"

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_put_takes_any_buffer_and_keeps_no_hold_on_it(self, store, kind):
        data = bytearray(b"some bytes")
        locator = store.put(kind(data))
        data[:4] = b"MORE"
        assert store.get(locator) == b"some bytes"

    def test_put_takes_a_slice_of_a_larger_buffer(self, store):
        locator = store.put(memoryview(bytearray(b"0123456789"))[2:5])
        assert store.get(locator) == b"234"

    @pytest.mark.parametrize("size", [0, 1, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
    def test_sizes_around_the_slice_of_a_stream(self, store, size):
        data = bytes(range(256)) * (size // 256) + bytes(size % 256)
        locator = store.put(data)
        assert locator == Locator(hashlib.md5(data).hexdigest(), size)
        assert store.get(locator) == data
        assert store.read(locator, 0, size) == data
        store.verify(locator)

    def test_the_largest_block_goes_in_and_one_byte_more_does_not(self, store):
        data = bytearray(MAX_BLOCK_BYTES + 1)
        with pytest.raises(BlockTooLarge):
            store.put(data)
        locator = store.put(memoryview(data)[:MAX_BLOCK_BYTES])
        assert store.stat(locator).size == MAX_BLOCK_BYTES
        assert store.read(locator, MAX_BLOCK_BYTES - 1, 1) == b"\0"

    def test_hints_are_ignored(self, store):
        bare = store.put(b"foo")
        hinted = Locator(bare.md5, bare.size, ("Rzzzzz-abc", "Zhint"))
        assert store.get(hinted) == b"foo"
        assert store.read(hinted, 1, 2) == b"oo"
        assert store.stat(hinted).locator == bare

    @pytest.mark.parametrize(("offset", "length"), [(0, 0), (0, 3), (1, 2), (3, 0), (2, 1)])
    def test_read_returns_exactly_the_slice(self, store, offset, length):
        assert store.read(store.put(b"bar"), offset, length) == b"bar"[offset : offset + length]

    @pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, 4), (4, 0), (1, -1)])
    def test_read_outside_the_block_is_a_bug_of_the_caller(self, store, offset, length):
        with pytest.raises(ValueError, match="not inside block"):
            store.read(store.put(b"bar"), offset, length)

    def test_missing_blocks_are_named(self, store):
        absent = Locator("ffffffffffffffffffffffffffffffff", 7)
        calls = [store.get, store.stat, store.verify, store.touch, store.untrash, lambda one: store.read(one, 0, 1)]
        for call in calls:
            with pytest.raises(BlockMissing) as caught:
                call(absent)
            assert caught.value.locator == str(absent)
        assert store.trash(absent, older_than_ns=1 << 62, keep_s=0) is False

    @pytest.mark.parametrize("data", [b"", b"fo", b"fooo"])
    def test_a_block_of_another_size_is_corrupt(self, store, data):
        locator = store.put(b"foo")
        self.damage(store, locator, data)
        for call in (store.get, store.stat, store.verify, lambda one: store.read(one, 0, 1)):
            with pytest.raises(BlockCorrupt) as caught:
                call(locator)
            assert caught.value.locator == str(locator)

    def test_a_wrong_size_in_the_locator_is_corrupt(self, store):
        locator = store.put(b"foo")
        with pytest.raises(BlockCorrupt):
            store.get(Locator(locator.md5, 4))
        with pytest.raises(BlockCorrupt):
            store.read(Locator(locator.md5, 4), 0, 2)

    def test_one_flipped_bit_is_never_served(self, store):
        data = bytes(range(256)) * 8192
        locator = store.put(data)
        self.damage(store, locator, data[:-1] + bytes([data[-1] ^ 0x40]))
        with pytest.raises(BlockCorrupt):
            store.verify(locator)
        if self.guards:
            with pytest.raises(BlockCorrupt):
                store.read(locator, 0, 10)
            with pytest.raises(BlockCorrupt):
                store.get(locator)

    def test_a_block_removed_behind_the_stores_back_is_missing(self, store):
        locator = store.put(b"foo")
        self.damage(store, locator, None)
        with pytest.raises(BlockMissing):
            store.verify(locator)

    def test_put_heals_a_damaged_block(self, store):
        locator = store.put(b"foo")
        for bad in (b"fop", b"", b"fooo"):
            self.damage(store, locator, bad)
            assert store.put(b"foo") == locator
            store.verify(locator)
            assert store.get(locator) == b"foo"

    def test_a_collision_is_refused_and_harms_nobody(self, store):
        first, second = COLLISION
        assert first != second
        locator = store.put(first)
        assert locator.md5 == hashlib.md5(second).hexdigest()
        with pytest.raises(BlockCollision):
            store.put(second)
        assert store.get(locator) == first

    def test_index_lists_every_block_once_in_order(self, store, clock):
        blocks = [store.put(b"block %d" % number) for number in range(300)]
        store.put(b"block 7")
        index = list(store.index())
        assert [entry.md5 for entry in index] == sorted(block.md5 for block in blocks)
        assert {entry.locator for entry in index} == set(blocks)
        assert all(entry.mtime_ns == clock.now_ns for entry in index)

    @pytest.mark.parametrize("length", [1, 2, 3, 4, 32])
    def test_index_of_a_prefix(self, store, length):
        blocks = [store.put(b"block %d" % number) for number in range(100)]
        prefix = blocks[0].md5[:length]
        assert {entry.md5 for entry in store.index(prefix)} == {
            block.md5 for block in blocks if block.md5.startswith(prefix)
        }

    def test_index_goes_on_behind_a_block(self, store):
        names = sorted(store.put(b"block %d" % number).md5 for number in range(100))
        for position in (0, 41, 99):
            assert [entry.md5 for entry in store.index(after=names[position])] == names[position + 1 :]
        assert [entry.md5 for entry in store.index(after="0" * 32)] == names

    def test_stat_agrees_with_the_index(self, store):
        locator = store.put(b"foo")
        assert [store.stat(locator)] == list(store.index())

    def test_touch_and_duplicate_put_make_a_block_young(self, store, clock):
        locator = store.put(b"foo")
        for refresh in (lambda: store.touch(locator), lambda: store.put(b"foo")):
            clock.now_s += 60
            refresh()
            assert store.stat(locator).mtime_ns == clock.now_ns

    def test_only_an_old_block_can_be_trashed(self, store, clock):
        locator = store.put(b"foo")
        assert store.trash(locator, older_than_ns=clock.now_ns, keep_s=DAY_S) is False
        assert store.get(locator) == b"foo"
        assert store.trash(locator, older_than_ns=clock.now_ns + 1, keep_s=DAY_S) is True
        with pytest.raises(BlockMissing):
            store.get(locator)
        assert list(store.index()) == []

    def test_a_block_read_before_it_was_trashed_is_gone_after(self, store, clock):
        locator = store.put(b"foo" * 1000)
        store.read(locator, 0, 3)
        store.trash(locator, older_than_ns=clock.now_ns + 1, keep_s=DAY_S)
        with pytest.raises(BlockMissing):
            store.read(locator, 0, 3)

    def test_a_touched_block_survives_the_trash_that_was_decided_before(self, store, clock):
        locator = store.put(b"foo")
        clock.now_s += 100
        threshold_ns = clock.now_ns
        clock.now_s += 1
        store.touch(locator)
        assert store.trash(locator, older_than_ns=threshold_ns, keep_s=DAY_S) is False

    def test_untrash_brings_a_block_back_young(self, store, clock):
        locator = store.put(b"foo")
        store.trash(locator, older_than_ns=clock.now_ns + 1, keep_s=DAY_S)
        clock.now_s += 60
        store.untrash(locator)
        assert store.get(locator) == b"foo"
        assert store.stat(locator).mtime_ns == clock.now_ns
        store.untrash(locator)
        assert store.get(locator) == b"foo"

    def test_a_trashed_block_can_be_put_again(self, store, clock):
        locator = store.put(b"foo")
        store.trash(locator, older_than_ns=clock.now_ns + 1, keep_s=DAY_S)
        assert store.put(b"foo") == locator
        assert store.get(locator) == b"foo"
        clock.now_s += DAY_S + 1
        store.empty_trash()
        assert store.get(locator) == b"foo"

    def test_the_trash_is_emptied_when_its_time_has_come(self, store, clock):
        locator = store.put(b"foo")
        store.trash(locator, older_than_ns=clock.now_ns + 1, keep_s=DAY_S)
        clock.now_s += DAY_S - 1
        assert store.empty_trash() == 0
        clock.now_s += 2
        assert store.empty_trash() == 1
        assert store.empty_trash() == 0
        with pytest.raises(BlockMissing):
            store.untrash(locator)

    def test_without_a_stay_in_the_trash_a_block_is_gone_at_once(self, store, clock):
        locator = store.put(b"foo")
        assert store.trash(locator, older_than_ns=clock.now_ns + 1, keep_s=0) is True
        with pytest.raises(BlockMissing):
            store.untrash(locator)
        assert store.empty_trash() == 0

    def test_threads_putting_and_reading_the_same_blocks(self, store):
        contents = [b"%d" % number * 5000 for number in range(8)]

        def work(turn):
            for number in range(24):
                data = contents[(number + turn) % len(contents)]
                locator = store.put(data)
                assert store.read(locator, 10, 100) == data[10:110]
                assert store.get(locator) == data

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))
        assert len(list(store.index())) == len(contents)

    def test_what_is_refreshed_while_the_trash_works_stays(self, store, clock):
        """gc took its threshold before; a put or touch that succeeded since then must hold, whoever came first."""
        locator = store.put(b"foo" * 100)
        with ThreadPoolExecutor(2) as pool:
            for _ in range(100):
                clock.now_s += 10
                threshold_ns = clock.now_ns
                clock.now_s += 10
                trashing = pool.submit(store.trash, locator, older_than_ns=threshold_ns, keep_s=DAY_S)
                putting = pool.submit(store.put, b"foo" * 100)
                trashing.result()
                putting.result()
                store.verify(locator)

    def test_a_touch_that_succeeds_while_the_trash_works_keeps_the_block(self, store, clock):
        locator = store.put(b"foo" * 100)
        with ThreadPoolExecutor(2) as pool:
            for _ in range(100):
                clock.now_s += 10
                threshold_ns = clock.now_ns
                clock.now_s += 10
                trashing = pool.submit(store.trash, locator, older_than_ns=threshold_ns, keep_s=DAY_S)
                touching = pool.submit(store.touch, locator)
                assert trashing.result() == isinstance(touching.exception(), BlockMissing)
                if trashing.result():
                    store.put(b"foo" * 100)

    def test_close_is_idempotent(self, store):
        store.check_ready()
        store.close()
        store.close()


class GuardedSuite(BlockStoreSuite):
    """A store as ``open_store`` hands it out."""

    def test_the_empty_block_is_always_there_and_never_written(self, store):
        assert store.get(EMPTY_BLOCK) == b""
        assert store.read(EMPTY_BLOCK, 0, 0) == b""
        assert store.stat(EMPTY_BLOCK).size == 0
        store.verify(EMPTY_BLOCK)
        store.touch(EMPTY_BLOCK)
        assert store.put(b"") == EMPTY_BLOCK
        assert list(store.index()) == []
