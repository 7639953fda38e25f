"""Bytes that are in no block yet find their block."""

import hashlib
import time

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import MemExtent, StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode, etag_of
from davserver.collection.marshal import manifest_text, seal
from davserver.collection.pack import pack
from davserver.errors import StoreFull
from davserver.values import Locator


class Store(MemoryStore):
    """A block store that remembers what was put, in order."""

    def __init__(self, *, room=None):
        super().__init__(clock=time.time)
        self.puts = []
        self.room = room

    def put(self, data):
        if self.room is not None and len(self.puts) == self.room:
            raise StoreFull("no space left")
        self.puts.append(bytes(data))
        return super().put(data)


def mem(*pieces, attributes=None):
    node = FileNode([MemExtent(piece) for piece in pieces])
    return node.with_attributes(attributes) if attributes else node


def build(**files):
    """Build a tree; two underscores in a name are a slash."""
    root = EMPTY_DIR
    for key, node in files.items():
        path = tuple(key.split("__"))
        for depth in range(1, len(path)):
            if tree.lookup(root, path[:depth]) is None:
                root = tree.put(root, path[:depth], EMPTY_DIR)
        root = tree.put(root, path, node)
    return root


def content(root, blocks):
    return {path: node.read_at(0, node.size, blocks) for path, node in tree.walk(root) if not isinstance(node, DirNode)}


def test_small_files_share_blocks_in_the_manifest_s_order_across_directories():
    root = build(z=mem(b"zz"), a=mem(b"aa"), d__y=mem(b"yy"), d__b=mem(b"bb"), c__x=mem(b"xx"))
    store = Store()
    packed = pack(root, store)
    assert store.puts == [b"aazzxxbbyy"]
    block = Locator(hashlib.md5(store.puts[0]).hexdigest(), 10)
    assert "".join(manifest_text(packed)) == (f". {block} 0:2:a 2:2:z\n./c {block} 4:2:x\n./d {block} 6:2:b 8:2:y\n")
    assert content(packed, store) == content(root, None)
    assert packed.mem_bytes == 0
    assert (packed.files, packed.bytes) == (root.files, root.bytes)


def test_the_seed_s_example_of_a_full_block():
    store = Store()
    pack(build(foo=mem(b"foo!!"), bar=mem(b"bar"), baz=mem(b"baz")), store, max_block=8)
    assert store.puts == [b"foo!!", b"barbaz"]


@pytest.mark.parametrize(
    ("sizes", "blocks"),
    [
        ([4, 4], [8]),
        ([4, 4, 1], [8, 1]),
        ([5, 3, 3, 3], [5, 6, 3]),
        ([8], [8]),
        ([8, 8, 1], [8, 8, 1]),
        ([1] * 17, [8, 8, 1]),
        ([3, 6, 3], [6, 6]),
        # What is longer than a block is cut; its rest is small.
        ([20, 2], [8, 8, 6]),
        ([0], []),
        ([], []),
    ],
)
def test_blocks_are_filled_and_what_is_more_than_half_goes_alone(sizes, blocks):
    files = {f"f{n:02d}": mem(bytes([n + 1]) * size) for n, size in enumerate(sizes)}
    root = build(**files)
    store = Store()
    packed = pack(root, store, max_block=8)
    assert sorted(map(len, store.puts)) == sorted(blocks)
    assert content(packed, store) == content(root, None)


def test_equal_trees_are_packed_alike():
    one, other = Store(), Store()
    first = pack(build(a=mem(b"1", b"2"), d__b=mem(b"345678")), one, max_block=8)
    second = pack(build(d__b=mem(b"345678"), a=mem(b"1", b"2")), other, max_block=8)
    assert one.puts == other.puts
    assert list(manifest_text(first)) == list(manifest_text(second))


def test_pieces_of_one_file_that_meet_in_a_block_become_one_extent():
    packed = pack(build(a=mem(b"12", b"34")), Store())
    assert len(packed.get("a").extents) == 1


def test_stored_pieces_stay_where_they_are():
    store = Store()
    locator = store.put(b"stored")
    root = build(a=FileNode([MemExtent(b"new"), StoredExtent(locator, 1, 4), MemExtent(b"end")]), b=mem(b"b"))
    store.puts.clear()
    packed = pack(root, store)
    assert store.puts == [b"newendb"]
    assert content(packed, store) == {("a",): b"newtoreend", ("b",): b"b"}
    assert packed.get("a").extents[1] == StoredExtent(locator, 1, 4)


def test_recorded_directories_are_not_visited():
    store = Store()
    root = seal(pack(build(a__x=mem(b"x"), b__y=mem(b"y")), store), lambda record: None)
    assert pack(root, store) is root
    changed = tree.put(root, ("b", "z"), mem(b"z"))
    store.puts.clear()
    packed = pack(changed, store)
    assert store.puts == [b"z"]
    assert packed.get("a") is root.get("a")
    assert packed.record is None


def test_the_etag_stays_what_it_was():
    store = Store()
    locator = store.put(b"stored")
    derived = FileNode([StoredExtent(locator, 0, 6), MemExtent(b"new")]).freeze()
    given = mem(b"abc", attributes=Attributes(etag="given", mtime_ns=5))
    grown = FileNode([ZeroExtent(3)]).freeze()
    untouched = FileNode([StoredExtent(locator, 0, 6)]).freeze()
    root = build(derived=derived, given=given, grown=grown, untouched=untouched)
    packed = pack(root, store)
    for name, node in root.items():
        assert etag_of(packed.get(name)) == etag_of(node)
    assert packed.get("given").attributes == given.attributes
    assert packed.get("untouched") is untouched


def test_attributes_of_directories_stay():
    root = build(d__x=mem(b"x")).with_attributes(Attributes(mtime_ns=1))
    root = tree.put(root, ("d",), root.get("d").with_attributes(Attributes(mtime_ns=2)))
    packed = pack(root, Store())
    assert packed.attributes == Attributes(mtime_ns=1)
    assert packed.get("d").attributes == Attributes(mtime_ns=2)


@pytest.mark.parametrize(
    ("length", "puts", "extents"),
    [(1, [1], [1]), (2, [2], [2]), (3, [4], [3]), (8, [8], [8]), (9, [8], [8, 1]), (25, [8], [8, 8, 8, 1])],
)
def test_zeros_are_slices_of_a_shared_block_of_zeros(length, puts, extents):
    root = build(a=FileNode([ZeroExtent(length)]), b=FileNode([ZeroExtent(length)]))
    store = Store()
    packed = pack(root, store, max_block=8)
    assert store.puts == [bytes(size) for size in puts]
    assert [extent.length for extent in packed.get("a").extents] == extents
    assert content(packed, store) == {("a",): bytes(length), ("b",): bytes(length)}


def test_no_block_of_zeros_is_stored_without_need():
    store = Store()
    pack(build(a=mem(b"data"), b=FileNode()), store)
    assert store.puts == [b"data"]


def test_a_file_or_directory_that_was_copied_is_stored_once():
    root = build(d__x=mem(b"0123"), y=mem(b"4"))
    root = tree.put(root, ("copy",), root.get("d"))
    root = tree.put(root, ("x",), tree.require(root, ("d", "x")))
    store = Store()
    packed = pack(root, store, max_block=16)
    assert store.puts == [b"01234"]
    assert packed.get("copy") is packed.get("d")
    assert content(packed, store) == content(root, None)


def test_a_full_store_leaves_the_tree_as_it_was():
    root = build(a=mem(b"12345678"), b=mem(b"87654321"))
    with pytest.raises(StoreFull):
        pack(root, Store(room=1), max_block=8)
    assert content(root, None) == {("a",): b"12345678", ("b",): b"87654321"}
    store = Store()
    assert content(pack(root, store, max_block=8), store) == content(root, None)
