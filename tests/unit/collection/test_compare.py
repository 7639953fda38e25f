"""Comparing trees: what is told, and what is never opened."""

import pytest

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.compare import MOST_FOR_MOVES, Status, compare
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.collection.names import NameMap
from davserver.errors import NotFound


def file(text, mtime_ns=None):
    return FileNode((MemExtent(text.encode()),), Attributes(etag=text, mtime_ns=mtime_ns)).freeze()


def grow(*paths, root=EMPTY_DIR):
    for path in paths:
        name, _, text = path.partition("=")
        names = tuple(name.rstrip("/").split("/"))
        root = tree.put(root, names, EMPTY_DIR if name.endswith("/") else file(text))
    return root


def told(old, new, path=(), **options):
    return [
        (one.status.value, "/".join(one.path), None if one.source is None else "/".join(one.source))
        for one in compare(old, new, path, **options)
    ]


OLD = grow("docs/", "docs/a=1", "docs/b=2", "same=x", "gone=y")


def test_files():
    new = grow("same=z", "late=q", root=tree.remove(OLD, ("gone",)))
    assert told(OLD, new) == [("removed", "gone", None), ("added", "late", None), ("changed", "same", None)]


def test_a_file_that_moved_is_told_once():
    new = tree.put(tree.remove(OLD, ("gone",)), ("docs", "here"), OLD.get("gone"))
    assert told(OLD, new) == [("moved", "docs/here", "gone")]


def test_a_folder_that_moved_is_told_once():
    new = tree.put(tree.remove(OLD, ("docs",)), ("papers",), OLD.get("docs"))
    assert told(OLD, new) == [("moved", "papers", "docs")]


def test_of_several_sources_the_one_of_the_same_name_is_taken():
    old = grow("x/", "x/a=1", "x/b=1", "y/")
    new = grow("y/", "y/b=1")
    assert told(old, new) == [("removed", "x", None), ("removed", "x/a", None), ("moved", "y/b", "x/b")]


def test_what_is_empty_did_not_move():
    old, new = grow("a=", "e/"), grow("b=", "f/")
    assert told(old, new) == [
        ("removed", "a", None),
        ("added", "b", None),
        ("removed", "e", None),
        ("added", "f", None),
    ]


def test_a_file_in_the_place_of_a_folder():
    new = tree.put(OLD, ("docs",), file("now a file"))
    assert told(OLD, new) == [("replaced", "docs", None), ("removed", "docs/a", None), ("removed", "docs/b", None)]


def test_times_alone_are_told_apart_from_content():
    old, new = tree.put(OLD, ("t",), file("t", 1)), tree.put(OLD, ("t",), file("t", 2))
    assert told(old, new) == [("properties", "t", None)]


def test_folded_only_the_folder_is_told():
    new = tree.remove(OLD, ("docs",))
    assert told(OLD, new, fold=True) == [("removed", "docs", None)]
    assert told(new, OLD, fold=True) == [("added", "docs", None)]


def test_below_a_path():
    new = grow("docs/a=9", "same=z", root=OLD)
    assert told(OLD, new, ("docs",)) == [("changed", "docs/a", None)]
    assert told(OLD, new, ("docs", "a")) == [("changed", "docs/a", None)]
    assert told(OLD, new, ("docs", "b")) == []
    with pytest.raises(NotFound, match="nothere"):
        told(OLD, new, ("nothere",))


def test_what_both_share_is_not_opened():
    def explode():
        raise AssertionError("opened")

    shared = DirNode.lazy(explode, files=10**6, bytes=10**9, record="0" * 64)
    again = DirNode.lazy(explode, files=10**6, bytes=10**9, record="0" * 64)
    old, new = tree.put(OLD, ("big",), shared), tree.put(grow("same=z", root=OLD), ("big",), again)
    assert told(old, new) == [("changed", "same", None)]


def test_a_stored_folder_that_moved_is_found_by_its_record_and_not_opened_to_tell_so():
    def load():
        return NameMap.from_sorted([("f", file("1"))])

    there = DirNode.lazy(load, files=1, bytes=1, record="1" * 64)
    here = DirNode.lazy(load, files=1, bytes=1, record="1" * 64)
    assert told(tree.put(OLD, ("x",), there), tree.put(OLD, ("y",), here)) == [("moved", "y", "x")]


def test_among_too_many_no_move_is_looked_for():
    names = [f"{number:06}" for number in range(MOST_FOR_MOVES // 2 + 1)]
    content = file("c")
    old = DirNode.of(NameMap.from_sorted([(f"a{name}", content) for name in names]))
    new = DirNode.of(NameMap.from_sorted([(f"b{name}", content) for name in names]))
    assert {one.status for one in compare(old, new)} == {Status.ADDED, Status.REMOVED}
