"""Handles: reading, seeking, writing, truncating, with blocks of 8 bytes.

Follows Arvados' TestReadWriteFile, TestSeekSparse, TestReadOnlyFile.
"""

from __future__ import annotations

import io
import itertools
import os

import pytest

from davserver.collection.dirnode import DirNode
from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.collection.filesystem import CollectionFileSystem
from davserver.collection.names import NameMap
from davserver.errors import InvalidOperation
from tests.support.memoryblocks import MemoryBlocks


@pytest.fixture
def stored(blocks: MemoryBlocks):
    """A filesystem with dir/foo: "foobar" in two blocks."""
    foo, bar = blocks.put(b"foo"), blocks.put(b"bar")
    file = FileNode([StoredExtent(foo, 0, 3), StoredExtent(bar, 0, 3)]).freeze()
    root = DirNode.of(NameMap.from_sorted([("foo", file)]))
    with CollectionFileSystem(blocks, root, clock=itertools.count(1).__next__, max_block=8) as fs:
        yield fs


def test_a_file_read_and_written_through_two_handles(stored: CollectionFileSystem) -> None:
    with stored.open("foo", os.O_RDWR) as file, stored.open("foo") as other:
        assert file.read(64) == b"foo", "a read ends with its extent"
        assert file.read(64) == b"bar"
        assert file.read(64) == b""
        file.seek(-2, io.SEEK_CUR)
        assert file.write(b"ring of fire") == 12
        assert file.read(64) == b""
        assert other.read() == b"foobring of fire"
        file.seek(1)
        file.write(b"*")
        file.truncate(3)
        assert other.read(64) == b"", "behind the new end"
        other.seek(0)
        assert other.read() == b"f*o"
        file.truncate(9)
        file.seek(0)
        assert file.read() == b"f*o\0\0\0\0\0\0"
    assert stored.stat("foo").size == 9


def test_one_write_spans_many_blocks(stored: CollectionFileSystem, blocks: MemoryBlocks) -> None:
    with stored.open("foo", os.O_RDWR) as file:
        file.seek(2)
        file.write(b"0123456789abcdefghijklmnopqrstuvwxyz")
        file.seek(0)
        assert file.read() == b"fo0123456789abcdefghijklmnopqrstuvwxyz"
    stored.flush()
    assert max(blocks.writes) <= 8


def test_seeking_beyond_the_end_makes_a_sparse_file(fs: CollectionFileSystem) -> None:
    with fs.create("sparse") as file:
        file.write(b"abc")
        assert file.seek(5) == 5
        assert file.read(1) == b""
        assert file.size == 3, "seeking changes nothing"
        file.write(b"")
        assert file.size == 5, "a write does, also of nothing"
        file.seek(3, io.SEEK_END)
        file.write(b"xyz")
        file.seek(0)
        assert file.read() == b"abc\0\0\0\0\0xyz"


def test_a_hole_of_a_petabyte_takes_no_memory(fs: CollectionFileSystem) -> None:
    with fs.create("hole") as file:
        file.truncate(1 << 50)
        file.seek(-1, io.SEEK_END)
        assert file.read() == b"\0"
        assert fs.memory_size() == 0


def test_seek(fs: CollectionFileSystem) -> None:
    with fs.create("f") as file:
        file.write(b"0123456789")
        assert file.seek(-4, io.SEEK_END) == 6
        assert file.read(1) == b"6"
        assert file.seek(-2, io.SEEK_CUR) == 5
        assert file.read(1) == b"5"
        for offset, whence in ((-1, io.SEEK_SET), (-7, io.SEEK_CUR), (-11, io.SEEK_END), (0, 9)):
            with pytest.raises(InvalidOperation):
                file.seek(offset, whence)
        assert file.tell() == 6, "a refused seek leaves the position"


def test_reading_on_does_not_search(stored: CollectionFileSystem) -> None:
    with stored.open("foo") as file:
        file.read(1)
        pointer = file._pointer
        file.read(1)
        assert file._pointer.repacked is pointer.repacked
        assert file._pointer[:3] == (2, 0, 2)


def test_truncating_does_not_move_the_position(fs: CollectionFileSystem) -> None:
    with fs.create("f") as file:
        file.write(b"0123456789")
        file.truncate(4)
        file.write(b"x")
        file.seek(0)
        assert file.read() == b"0123\0\0\0\0\0\0x"
