"""Directories and trees: totals, paths, sharing."""

from __future__ import annotations

import pytest

from davserver.collection import tree
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import MemExtent, StoredExtent
from davserver.collection.filenode import FileNode
from davserver.collection.names import NameMap
from davserver.errors import InvalidName, InvalidOperation, IsADirectory, NotADirectory, NotFound
from davserver.values import Locator

BLOCK = Locator("a" * 32, 100)


def file(size: int = 3) -> FileNode:
    return FileNode([MemExtent(b"x" * size)])


def sample() -> DirNode:
    root = tree.put(EMPTY_DIR, ("d",), EMPTY_DIR)
    root = tree.put(root, ("d", "e"), EMPTY_DIR)
    root = tree.put(root, ("d", "e", "f"), file(5))
    root = tree.put(root, ("d", "z"), FileNode([StoredExtent(BLOCK, 0, 100)]))
    return tree.put(root, ("x",), file(2))


def test_totals_count_the_subtree_after_every_edit() -> None:
    root = sample()
    assert (root.files, root.bytes, root.mem_bytes) == (3, 107, 7)
    root = tree.put(root, ("d", "e", "f"), file(1))
    assert (root.files, root.bytes, root.mem_bytes) == (3, 103, 3)
    root = tree.remove(root, ("d",))
    assert (root.files, root.bytes, root.mem_bytes) == (1, 2, 2)
    assert DirNode.of(sample().entries).bytes == 107


def test_an_edit_leaves_the_old_tree_and_shares_what_it_does_not_touch() -> None:
    before = sample()
    after = tree.put(before, ("d", "new"), file())
    assert tree.lookup(before, ("d", "new")) is None
    assert tree.lookup(after, ("d", "e")) is tree.lookup(before, ("d", "e"))
    assert tree.lookup(after, ("x",)) is tree.lookup(before, ("x",))


def test_put_freezes_a_file() -> None:
    root = tree.put(EMPTY_DIR, ("f",), file())
    assert tree.require_file(root, ("f",)).frozen


def test_an_edit_forgets_the_record_of_every_directory_on_its_path_only() -> None:
    other = DirNode.of(NameMap(), record="r2")
    root = DirNode.of(NameMap.from_sorted([("a", DirNode.of(NameMap(), record="r1")), ("b", other)]), record="r0")
    edited = tree.put(root, ("a", "f"), file())
    assert edited.record is None
    assert tree.require_directory(edited, ("a",)).record is None
    assert tree.require_directory(edited, ("b",)).record == "r2"


@pytest.mark.parametrize(
    ("path", "error", "names"),
    [
        (("no", "f"), NotFound, "no"),
        (("d", "no", "f"), NotFound, "d/no"),
        (("x", "f"), NotADirectory, "x"),
        (("d", "e", "f", "g"), NotADirectory, "d/e/f"),
    ],
)
def test_an_edit_below_no_directory_is_refused_with_its_path(path: tuple[str, ...], error: type, names: str) -> None:
    with pytest.raises(error, match=f": {names}$"):
        tree.put(sample(), path, file())
    with pytest.raises(error, match=f": {names}$"):
        tree.remove(sample(), path)
    with pytest.raises(error, match=f": {names}$"):
        tree.require(sample(), path)
    assert tree.lookup(sample(), path) is None


def test_the_root_is_replaced_by_directories_only_and_never_removed() -> None:
    assert tree.put(sample(), (), EMPTY_DIR) is EMPTY_DIR
    with pytest.raises(InvalidOperation):
        tree.put(sample(), (), file())
    with pytest.raises(InvalidOperation):
        tree.remove(sample(), ())


def test_names_that_a_collection_cannot_hold_are_refused() -> None:
    for name in ("", ".", "..", "a/b", "a\0"):
        with pytest.raises(InvalidName):
            tree.put(EMPTY_DIR, (name,), file())


def test_what_is_there_must_be_of_the_kind_that_is_needed() -> None:
    with pytest.raises(IsADirectory):
        tree.require_file(sample(), ("d",))
    with pytest.raises(NotADirectory):
        tree.require_directory(sample(), ("x",))


def test_walk_comes_in_the_order_of_the_manifest() -> None:
    paths = ["/".join(path) for path, _ in tree.walk(sample())]
    assert paths == ["x", "d", "d/z", "d/e", "d/e/f"]


def test_walk_goes_deeper_than_the_stack_of_the_interpreter() -> None:
    deep = tree.put(EMPTY_DIR, ("f",), file())
    for _ in range(3000):
        deep = tree.put(EMPTY_DIR, ("d",), deep)
    assert sum(1 for _ in tree.walk(deep)) == 3001


def test_a_lazy_directory_knows_its_totals_and_loads_once() -> None:
    loads = []

    entries = NameMap.from_sorted([("f", FileNode([StoredExtent(BLOCK, 0, 100)]).freeze())])

    def load() -> NameMap:
        loads.append(1)
        return entries

    lazy = DirNode.lazy(load, files=1, bytes=100, record="r")
    root = tree.put(EMPTY_DIR, ("lazy",), lazy)
    assert (root.files, root.bytes, root.mem_bytes) == (1, 100, 0)
    assert not loads
    assert not lazy.loaded
    assert lazy.with_attributes(lazy.attributes).record is None
    assert tree.require_file(root, ("lazy", "f")).size == 100
    assert tree.lookup(root, ("lazy", "g")) is None
    assert len(loads) == 1


def test_a_lazy_directory_that_fails_to_load_can_be_tried_again() -> None:
    tries = []

    def load() -> NameMap:
        tries.append(1)
        if len(tries) == 1:
            raise NotFound("gone for a moment")
        return NameMap()

    lazy = DirNode.lazy(load, files=0, bytes=0)
    with pytest.raises(NotFound):
        lazy.get("a")
    assert lazy.get("a") is None
