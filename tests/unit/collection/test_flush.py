"""Flushing: when bytes become blocks, what stays in memory, what a failing store does.

Follows Arvados' TestFlush*, TestMarshalSmallBlocks, TestMaxUnflushed, TestPersist.
"""

from __future__ import annotations

import itertools
import os
import threading

import pytest

from davserver.collection.filesystem import CollectionFileSystem
from davserver.errors import StoreUnavailable
from davserver.values import Buffer, Locator
from tests.support.memoryblocks import MemoryBlocks


class GatedBlocks(MemoryBlocks):
    """Blocks whose writes wait for a gate, or fail while told to; counts how many write at once."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.failing = False
        self.busy = threading.Semaphore(0)

    def put(self, data: Buffer) -> Locator:
        self.busy.release()
        assert self.gate.wait(30)
        if self.failing:
            raise StoreUnavailable("no store today")
        return super().put(data)


@pytest.fixture
def gated():
    blocks = GatedBlocks()
    with CollectionFileSystem(blocks, clock=itertools.count(1).__next__, max_block=8, writers=2) as fs:
        yield fs, blocks
        blocks.gate.set()


def put(fs: CollectionFileSystem, name: str, data: bytes) -> None:
    with fs.create(name) as file:
        file.write(data)


def get(fs: CollectionFileSystem, name: str) -> bytes:
    with fs.open(name) as file:
        return file.read()


def test_full_blocks_are_stored_while_the_file_is_being_written(fs, blocks: MemoryBlocks) -> None:
    with fs.create("f") as file:
        for _ in range(10):
            file.write(b"0123456789")
        fs.flush(short_blocks=False)
        assert sorted(blocks.writes) == [8] * 12
        assert fs.memory_size() == 4
        file.seek(0)
        assert file.read() == b"0123456789" * 10


def test_a_writer_waits_while_all_writers_are_busy(gated) -> None:
    fs, blocks = gated
    finished = threading.Event()

    def write() -> None:
        put(fs, "f", b"x" * 8 * 5)
        finished.set()

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(2):
        assert blocks.busy.acquire(timeout=30)
    assert not blocks.busy.acquire(timeout=0.05), "no more than two blocks are stored at once"
    assert not finished.is_set()
    blocks.gate.set()
    thread.join(30)
    assert finished.is_set()
    assert get(fs, "f") == b"x" * 40


def test_what_is_written_over_a_block_that_is_being_stored_is_not_lost(gated) -> None:
    fs, blocks = gated
    with fs.create("f") as file:
        file.write(b"01234567")
        assert blocks.busy.acquire(timeout=30)
        file.seek(2)
        file.write(b"XX")
        blocks.gate.set()
        fs.flush()
        file.seek(0)
        assert file.read() == b"01XX4567"
    assert fs.memory_size() == 0
    assert get(fs, "f") == b"01XX4567"


def test_a_block_that_is_stored_after_the_file_was_closed_still_leaves_memory(gated) -> None:
    fs, blocks = gated
    put(fs, "f", b"01234567")
    assert fs.memory_size() == 8
    blocks.gate.set()
    fs.flush(short_blocks=False)
    assert fs.memory_size() == 0
    fs.close()
    assert blocks.writes == [8], "it is not stored twice"
    assert get(fs, "f") == b"01234567"


def test_a_failure_in_the_background_is_told_and_nothing_is_lost(gated) -> None:
    fs, blocks = gated
    blocks.failing = True
    blocks.gate.set()
    with fs.create("f") as file:
        # The third block waits for a free thread, so the first one has failed by then: the fourth is not taken.
        with pytest.raises(StoreUnavailable):
            for _ in range(4):
                file.write(b"01234567")
        written = file.size
        with pytest.raises(StoreUnavailable):
            fs.flush()
        file.write(b"89")
        blocks.failing = False
        fs.flush()
    assert get(fs, "f") == (b"01234567" * 4)[:written] + b"89"
    assert fs.memory_size() == 0


def test_small_files_of_a_directory_share_blocks_and_big_ones_go_alone(fs, blocks: MemoryBlocks) -> None:
    for name, data in (("bar", b"bar"), ("baz", b"baz"), ("foo", b"foofoo")):
        put(fs, name, data)
    fs.mkdir("sub")
    put(fs, "sub/x", b"x")
    fs.flush()
    assert blocks.writes == [6, 6, 1], "foo alone, bar and baz together, another directory apart"
    assert b"barbaz" in blocks.blocks.values()


def test_a_flush_of_full_blocks_only_leaves_the_rest_in_memory(fs, blocks: MemoryBlocks) -> None:
    for number in range(6):
        put(fs, f"f{number}", b"abc")
    fs.flush(short_blocks=False)
    assert blocks.writes == [6, 6]
    assert fs.memory_size() == 6
    fs.flush()
    assert blocks.writes == [6, 6, 6]
    assert fs.memory_size() == 0


def test_a_flush_of_a_directory_is_not_recursive(fs, blocks: MemoryBlocks) -> None:
    fs.mkdir("a")
    fs.mkdir("a/b")
    put(fs, "a/f", b"1")
    put(fs, "a/b/f", b"22")
    put(fs, "f", b"333")
    fs.flush("a")
    assert blocks.writes == [1]
    fs.flush()
    assert sorted(blocks.writes) == [1, 2, 3]


def test_flushing_a_directory_after_each_file_bounds_what_is_in_memory(fs) -> None:
    for directory in range(4):
        fs.mkdir(f"d{directory}")
        for number in range(50):
            put(fs, f"d{directory}/{number}", b"abc")
            fs.flush(f"d{directory}", short_blocks=False)
            assert fs.memory_size() <= 8 * (directory + 1)


def test_a_flush_keeps_what_is_written_meanwhile(gated) -> None:
    fs, blocks = gated
    with fs.create("f") as file:
        file.write(b"abc")
        thread = threading.Thread(target=fs.flush)
        thread.start()
        assert blocks.busy.acquire(timeout=30)
        file.write(b"def")
        blocks.gate.set()
        thread.join(30)
        file.seek(0)
        assert file.read() == b"abcdef"
    assert get(fs, "f") == b"abcdef"


def test_a_file_that_is_in_a_directory_twice_is_stored_once(fs, blocks: MemoryBlocks) -> None:
    put(fs, "a", b"abc")
    fs.splice("b", fs.snapshot("a"))
    fs.flush()
    assert blocks.writes == [3]
    assert get(fs, "a") == get(fs, "b") == b"abc"
    assert fs.memory_size() == 0


def test_the_manifest_has_what_was_written_also_to_files_that_were_never_closed(fs) -> None:
    fs.mkdir("dir")
    fs.mkdir("dir/empty")
    fs.create("nothing").close()
    file = fs.create("dir/with space")
    file.write(b"foo")
    hole = fs.create("hole")
    hole.truncate(3)
    text = fs.marshal_manifest()
    assert text == (
        ". f1d3ff8443297732862df21dc4e57262+4 0:3:hole 0:0:nothing\n"
        "./dir acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:with\\040space\n"
        "./dir/empty d41d8cd98f00b204e9800998ecf8427e+0 0:0:\\056\n"
    )
    assert fs.marshal_manifest() == text
    assert fs.marshal_manifest("other").startswith("other ")


def test_an_empty_collection_has_an_empty_manifest(fs) -> None:
    assert fs.marshal_manifest() == ""


def test_a_flush_stores_only_what_is_new(fs, blocks: MemoryBlocks) -> None:
    put(fs, "f", b"0123")
    fs.flush()
    with fs.open("f", os.O_RDWR) as file:
        file.seek(4)
        file.write(b"4567")
        fs.flush()
    assert blocks.writes == [4, 4], "what is stored stays where it is"
    assert get(fs, "f") == b"01234567"
