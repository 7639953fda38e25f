"""A file's bytes on their way out: the pieces join to what was asked for, however they leave."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davserver.blocks.open import open_store
from davserver.collection.extents import MemExtent, StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode
from davserver.dav.filesource import GATHER_BYTES, LENT_BYTES, FileSource, begun
from davserver.dav.filespan import FileSpan
from davserver.dav.ranges import Span
from davserver.errors import BlockCorrupt, BlockMissing

PATTERN = bytes(range(251)) * ((6 << 20) // 251)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A file of many kinds of extents, its content, and a store whose blocks are old enough to be lent."""
    root = tmp_path_factory.mktemp("blocks")
    now = [0.0]
    store = open_store(root, clock=lambda: now[0])
    large = store.put(PATTERN)
    small = store.put(b"small")
    newest = max(path.stat().st_ctime for path in root.rglob("*") if path.is_file())
    now[0] = newest + 60
    extents = [
        MemExtent(b"first"),
        StoredExtent(large, 3, 5 << 20),
        *[MemExtent(bytes([n]) * 1000) for n in range(100)],
        ZeroExtent(70_000),
        StoredExtent(small, 1, 3),
        StoredExtent(large, 0, LENT_BYTES),
    ]
    content = (
        b"first"
        + PATTERN[3 : 3 + (5 << 20)]
        + b"".join(bytes([n]) * 1000 for n in range(100))
        + bytes(70_000)
        + b"mal"
        + PATTERN[:LENT_BYTES]
    )
    return FileNode(extents).freeze(), content, store


def as_sent(pieces):
    """Do what a server does with each piece before it asks for the next."""
    for piece in pieces:
        assert len(piece) > 0
        yield os.pread(piece.fd, piece.length, piece.offset) if isinstance(piece, FileSpan) else piece


def received(body):
    return body if isinstance(body, bytes) else b"".join(as_sent(body))


@settings(max_examples=30, deadline=None)
@given(cut=st.tuples(st.integers(0, 7 << 20), st.integers(0, 7 << 20)), sends_files=st.booleans())
def test_any_span_is_exactly_what_was_asked_for(world, cut, sends_files):
    file, content, store = world
    start, stop = sorted(min(offset, len(content)) for offset in cut)
    source = FileSource(file, store, sends_files=sends_files)
    assert received(begun(source.read(Span(start, stop)))) == content[start:stop]


def test_large_extents_leave_as_files_only_where_the_server_can(world):
    file, content, store = world
    whole = Span(0, len(content))
    assert any(isinstance(piece, FileSpan) for piece in FileSource(file, store, sends_files=True).read(whole))
    assert not any(isinstance(piece, FileSpan) for piece in FileSource(file, store, sends_files=False).read(whole))


def test_small_extents_are_gathered(world):
    file, content, store = world
    pieces = list(FileSource(file, store, sends_files=False).read(Span(5 << 20, len(content))))
    assert sum(len(piece) < GATHER_BYTES for piece in pieces) <= 3


def test_a_missing_block_fails_before_the_first_piece_is_out(world):
    _, _, store = world
    gone = store.put(b"x" * LENT_BYTES)
    file = FileNode([StoredExtent(type(gone)("0" * 32, gone.size), 0, gone.size)]).freeze()
    with pytest.raises(BlockMissing):
        begun(FileSource(file, store, sends_files=True).read(Span(0, gone.size)))


class Changing:
    """A block file that is another one by the time it was sent."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def fileno(self):
        return 0

    def is_unchanged(self):
        return False


class ChangingStore:
    def open_verified(self, locator):
        return Changing()

    def read(self, locator, offset, length):
        raise AssertionError("nothing more may be sent")


def test_a_file_that_changed_while_it_was_sent_is_never_finished(world):
    file, _, _ = world
    pieces = FileSource(file, ChangingStore(), sends_files=True).read(Span(5, 5 + LENT_BYTES))
    first = next(pieces)
    assert len(first) < LENT_BYTES
    with pytest.raises(BlockCorrupt):
        next(pieces)
