"""FileNode: extents, pointers, copy-on-write, ETags."""

from __future__ import annotations

import tracemalloc

import pytest

from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.etag import content_etag
from davserver.collection.extents import MemExtent, StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode, FilePointer, etag_of, with_fixed_etag
from davserver.errors import BlockCorrupt, InvalidOperation
from davserver.values import Locator
from tests.support.memoryblocks import MemoryBlocks


@pytest.fixture
def blocks() -> MemoryBlocks:
    return MemoryBlocks()


def stored(blocks: MemoryBlocks, *pieces: bytes) -> FileNode:
    """Return a file of one stored extent for each piece."""
    locators = [blocks.put(piece) for piece in pieces]
    return FileNode([StoredExtent(locator, 0, locator.size) for locator in locators])


def kinds(node: FileNode) -> list[tuple[str, int]]:
    return [(type(extent).__name__[:3], extent.length) for extent in node.extents]


def content(node: FileNode, blocks: MemoryBlocks) -> bytes:
    return node.read_at(0, node.size + 1, blocks)


def test_a_read_ends_with_its_extent_and_the_next_goes_on(blocks: MemoryBlocks) -> None:
    node = stored(blocks, b"foo", b"barbaz")
    data, pointer = node.read(FilePointer(1), 100, blocks)
    assert (data, pointer) == (b"oo", FilePointer(3, 1, 0, node.repacked))
    data, pointer = node.read(pointer, 4, blocks)
    assert (data, pointer) == (b"barb", FilePointer(7, 1, 4, node.repacked))
    data, pointer = node.read(pointer, 100, blocks)
    assert (data, pointer) == (b"az", FilePointer(9, 2, 0, node.repacked))
    assert node.read(pointer, 100, blocks) == (b"", pointer)


def test_read_at_joins_and_ends_with_the_file(blocks: MemoryBlocks) -> None:
    node = stored(blocks, b"foo", b"bar")
    node.write(FilePointer(6), b"!")
    node.truncate(9)
    assert node.read_at(2, 100, blocks) == b"obar!\0\0"
    assert node.read_at(9, 1, blocks) == b""
    assert node.read_at(100, 1, blocks) == b""


def test_overwriting_inside_a_stored_extent_splits_it_in_three(blocks: MemoryBlocks) -> None:
    node = stored(blocks, b"0123456789")
    node.write(FilePointer(3), b"ab")
    assert kinds(node) == [("Sto", 3), ("Mem", 2), ("Sto", 5)]
    assert content(node, blocks) == b"012ab56789"
    assert blocks.writes == [10], "stored data is never changed"


def test_overwriting_the_end_of_a_stored_extent_splits_it_in_two(blocks: MemoryBlocks) -> None:
    node = stored(blocks, b"0123456789")
    node.write(FilePointer(8), b"abcd")
    assert kinds(node) == [("Sto", 8), ("Mem", 4)]
    assert content(node, blocks) == b"01234567abcd"


def test_writing_on_grows_the_mem_extent_before(blocks: MemoryBlocks) -> None:
    node = stored(blocks, b"0123456789")
    pointer = node.write(FilePointer(3), b"ab")
    pointer = node.write(pointer, b"cd")
    assert kinds(node) == [("Sto", 3), ("Mem", 4), ("Sto", 3)]
    assert content(node, blocks) == b"012abcd789"
    assert pointer == node.seek(FilePointer(7))


def test_one_write_spans_many_extents_and_none_exceeds_a_block(blocks: MemoryBlocks) -> None:
    node = stored(blocks, b"foo", b"bar", b"baz")
    node.write(FilePointer(1), b"0123456789abcdefghij", max_block=8)
    assert content(node, blocks) == b"f0123456789abcdefghij"
    assert max(length for _, length in kinds(node)) <= 8
    assert node.mem_bytes == 20


def test_writing_beyond_the_end_leaves_zeros_that_take_no_room(blocks: MemoryBlocks) -> None:
    node = FileNode()
    node.write(FilePointer(1 << 50), b"end")
    assert kinds(node) == [("Zer", 1 << 50), ("Mem", 3)]
    assert node.mem_bytes == 3
    assert node.read_at((1 << 50) - 2, 9, blocks) == b"\0\0end"


def test_writing_nothing_beyond_the_end_extends_the_file() -> None:
    node = FileNode()
    node.write(FilePointer(5), b"")
    assert node.size == 5


def test_truncate(blocks: MemoryBlocks) -> None:
    node = stored(blocks, b"0123456789")
    generation = node.repacked
    node.truncate(10)
    assert node.repacked is generation, "the same size is no change"
    node.truncate(4)
    node.truncate(5)
    node.truncate(8)
    assert kinds(node) == [("Sto", 4), ("Zer", 4)]
    assert content(node, blocks) == b"0123\0\0\0\0"
    node.truncate(0)
    assert kinds(node) == []
    with pytest.raises(InvalidOperation):
        node.truncate(-1)


def test_a_shrunk_mem_extent_grows_again_with_zeros(blocks: MemoryBlocks) -> None:
    node = FileNode()
    node.write(FilePointer(0), b"secret")
    node.truncate(2)
    node.truncate(6)
    assert content(node, blocks) == b"se\0\0\0\0"


def test_a_pointer_behind_the_new_end_reads_nothing(blocks: MemoryBlocks) -> None:
    node = stored(blocks, b"foo", b"bar")
    _, pointer = node.read(FilePointer(3), 2, blocks)
    node.truncate(3)
    assert node.read(pointer, 1, blocks)[0] == b""


def test_a_pointer_at_the_end_reads_what_is_appended_later(blocks: MemoryBlocks) -> None:
    node = FileNode()
    pointer = node.write(FilePointer(0), b"foo")
    reader = node.seek(FilePointer(3))
    node.write(pointer, b"bar")
    assert node.read(reader, 9, blocks)[0] == b"bar"


def test_a_valid_pointer_is_not_searched_for() -> None:
    node = FileNode([MemExtent(b"ab"), MemExtent(b"cd")])
    pointer = node.seek(FilePointer(3))
    assert node.seek(pointer) is pointer
    node.truncate(10)
    assert node.seek(pointer) is not pointer


def test_every_change_of_borders_is_a_new_generation_and_overwriting_in_place_does_not() -> None:
    node = FileNode([ZeroExtent(10)])
    seen = [node.repacked]
    for change in (
        lambda: node.write(FilePointer(0), b"abc"),
        lambda: node.write(FilePointer(3), b"d"),
        lambda: node.truncate(9),
        lambda: node.truncate(20),
        lambda: node.exchange(node.extents[0], MemExtent(b"abcd")),
    ):
        change()
        assert all(node.repacked is not generation for generation in seen)
        seen.append(node.repacked)
    node.write(FilePointer(0), b"ABC")
    assert node.repacked is seen[-1]


def test_a_pointer_into_a_clone_is_searched_for() -> None:
    node = FileNode([MemExtent(b"ab"), MemExtent(b"cd")])
    one = node.spliced(0, [MemExtent(b"x")], EMPTY)
    other = node.spliced(0, [MemExtent(b"xyz")], EMPTY)
    assert other.seek(one.seek(FilePointer(1)))[:3] == (1, 0, 1)


def test_an_extent_is_exchanged_also_in_a_clone_but_not_after_its_bytes_changed(blocks: MemoryBlocks) -> None:
    node = FileNode()
    node.write(FilePointer(0), b"abc")
    share = node.extents[0].share()
    locator = blocks.put(share.view())
    clone = node.clone()
    node.write(FilePointer(1), b"X")
    assert not node.exchange(share, StoredExtent(locator, 0, 3))
    assert clone.exchange(share, StoredExtent(locator, 0, 3))
    assert (content(node, blocks), content(clone, blocks)) == (b"aXc", b"abc")
    assert clone.mem_bytes == 0


def test_negative_offsets_are_refused() -> None:
    with pytest.raises(InvalidOperation):
        FileNode().seek(FilePointer(-1))


def test_a_frozen_file_refuses_every_change() -> None:
    node = FileNode([MemExtent(b"abc")]).freeze()
    for change in (
        lambda: node.write(FilePointer(0), b"x"),
        lambda: node.write(FilePointer(9), b""),
        lambda: node.truncate(1),
        lambda: node.exchange(node.extents[0], MemExtent(b"x")),
    ):
        with pytest.raises(InvalidOperation):
            change()
    assert node.read_at(0, 9, None) == b"abc"


def test_clones_share_until_one_side_writes(blocks: MemoryBlocks) -> None:
    node = FileNode()
    node.write(FilePointer(0), b"abcdef")
    clone = node.clone()
    node.write(FilePointer(0), b"X")
    clone.write(FilePointer(6), b"Y")
    clone.truncate(5)
    clone.write(FilePointer(5), b"Z")
    assert content(node, blocks) == b"Xbcdef"
    assert content(clone, blocks) == b"abcdeZ"


def test_the_extents_a_file_was_made_of_stay_as_they_were() -> None:
    given = MemExtent(b"abc")
    node = FileNode([given])
    node.write(FilePointer(0), b"XYZ!")
    other = FileNode().spliced(0, [given], EMPTY).clone()
    other.write(FilePointer(0), b"--")
    other.truncate(1)
    assert given.read(0, 3) == b"abc"


def test_a_view_stays_as_it_is_while_the_file_is_written(blocks: MemoryBlocks) -> None:
    node = FileNode()
    node.write(FilePointer(0), b"abc")
    view = node.extents[0].view()
    node.write(FilePointer(0), b"XYZ and more")
    assert bytes(view) == b"abc"
    assert content(node, blocks) == b"XYZ and more"


def test_appending_is_amortised() -> None:
    node = FileNode()
    pointer = FilePointer(0)
    tracemalloc.start()
    try:
        for _ in range(4096):
            pointer = node.write(pointer, b"x" * 256)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert node.size == 1 << 20
    assert len(node.extents) == 1
    assert peak < 3 << 20, "a copy for each append would hold the buffer twice and more"


def test_pieces_of_one_block_are_joined() -> None:
    block = Locator("a" * 32, 10)
    node = FileNode(
        [
            StoredExtent(block, 0, 3),
            StoredExtent(Locator("a" * 32, 10), 3, 4),
            ZeroExtent(0),
            ZeroExtent(1),
            ZeroExtent(2),
        ]
    )
    assert node.extents == (StoredExtent(block, 0, 7), ZeroExtent(3))


def test_a_short_answer_of_the_store_is_damage_not_a_short_read(blocks: MemoryBlocks) -> None:
    locator = blocks.put(b"abc")
    node = FileNode([StoredExtent(Locator(locator.md5, 9), 0, 9)])
    with pytest.raises(BlockCorrupt):
        node.read_at(0, 9, blocks)


def test_etag_is_the_attribute_or_follows_from_the_extents(blocks: MemoryBlocks) -> None:
    block = Locator("a" * 32, 10)
    node = FileNode([StoredExtent(block, 0, 3), StoredExtent(block, 3, 3)])
    assert etag_of(node) == etag_of(FileNode([StoredExtent(block, 0, 6)]))
    assert etag_of(node) != etag_of(FileNode([StoredExtent(block, 1, 6)]))
    assert etag_of(node) != etag_of(FileNode([StoredExtent(block, 0, 5)]))
    assert etag_of(node.with_attributes(Attributes(etag="e"))) == "e"
    assert len(etag_of(node)) == 32


def test_a_fixed_etag_outlives_a_repack(blocks: MemoryBlocks) -> None:
    node = FileNode([MemExtent(b"abc")], Attributes(mtime_ns=5))
    fixed = with_fixed_etag(node)
    assert fixed.attributes == Attributes(etag=etag_of(node), mtime_ns=5)
    assert with_fixed_etag(fixed) is fixed


def test_content_etag_follows_from_the_bytes() -> None:
    full = StoredExtent(Locator("b" * 32, 64), 0, 64)
    assert content_etag([]) == content_etag([MemExtent()])
    assert content_etag([MemExtent(b"xab", 1)]) == content_etag([MemExtent(bytearray(b"ab"))])
    assert content_etag([full, MemExtent(b"ab")]) == content_etag([full, MemExtent(bytearray(b"ab"))])
    different = [[], [MemExtent(b"ab")], [full], [full, MemExtent(b"ab")], [full, full]]
    assert len({content_etag(extents) for extents in different}) == len(different)


def test_small_writes_to_a_file_of_many_extents_copy_references_only(blocks: MemoryBlocks) -> None:
    node = FileNode([StoredExtent(Locator("a" * 32, 1 << 26), i * 2, 1) for i in range(1000)]).freeze()
    node.seek(FilePointer(500))
    written = node.spliced(500, [MemExtent(b"x")], Attributes(etag="e"))
    assert (written.frozen, written.size, written.mem_bytes, written.attributes.etag) == (True, 1000, 1, "e")
    assert [new is old for new, old in zip(written.extents, node.extents, strict=True)].count(False) == 1


def test_with_attributes_shares_the_extents_of_a_frozen_file() -> None:
    node = FileNode([MemExtent(b"abc")]).freeze()
    other = node.with_attributes(Attributes(etag="e"))
    assert other.frozen
    assert other.extents is node.extents
    assert (other.size, other.mem_bytes) == (3, 3)


def test_a_file_of_one_stored_extent_is_small() -> None:
    block = Locator("a" * 32, 1 << 26)
    count = 1000
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        nodes = [
            FileNode(
                [StoredExtent(block, 4096 * i, 4096)],
                Attributes(etag=f"{i:032x}", mtime_ns=1_700_000_000_000_000_000 + i),
            ).freeze()
            for i in range(count)
        ]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(nodes) == count
    assert (after - before) / count < 500
