"""What is shown of a tree, and what adds up to a right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.access.held import put_together
from davserver.access.needed import Need, needs_of
from davserver.access.sight import only
from davserver.catalog.model import Grant, Right
from davserver.collection import tree
from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.change import Copy, Mkdir, Move, Put, Remove, SetAttributes, Splice, Truncate, Write
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.filenode import FileNode

FILE = FileNode([], EMPTY).freeze()
PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(tuple)


def grown(paths):
    root = EMPTY_DIR
    for path in sorted(paths, key=len):
        for length in range(1, len(path)):
            if not isinstance(tree.lookup(root, path[:length]), DirNode):
                root = tree.put(root, path[:length], EMPTY_DIR.with_attributes(Attributes(mtime_ns=length)))
        if tree.lookup(root, path) is None:
            root = tree.put(root, path, FILE)
    return root


@given(st.sets(PATHS, max_size=12), st.lists(PATHS, max_size=4))
def test_exactly_what_is_below_the_paths_and_the_way_to_it_is_shown(files, paths):
    root = grown(files)
    shown = dict(tree.walk(only(root, paths)))
    there = dict(tree.walk(root))
    reached = [path for path in paths if path in there]
    for path, node in there.items():
        if any(path[: len(each)] == each for each in reached):
            assert shown.pop(path) is node
        elif any(each[: len(path)] == path for each in reached):
            assert shown.pop(path).attributes == EMPTY
    assert shown == {}


def test_what_is_shown_counts_itself_alone():
    root = grown([("a", "b"), ("a", "c"), ("d",)])
    assert only(root, [("a", "b")]).files == 1
    assert only(root, [("x",)]) is EMPTY_DIR


@pytest.mark.parametrize(
    ("grants", "path", "right"),
    [
        ([], (), Right.NONE),
        ([((), Right.READ)], ("a",), Right.READ),
        ([(("a",), Right.READ)], (), Right.NONE),
        ([(("a",), Right.READ)], ("a",), Right.READ),
        ([(("a",), Right.READ)], ("ab",), Right.NONE),
        ([(("a",), Right.READ), (("a", "b"), Right.WRITE)], ("a", "b", "c"), Right.WRITE),
        ([(("a",), Right.WRITE), (("a", "b"), Right.READ)], ("a", "b", "c"), Right.WRITE),
        ([((), Right.WRITE), (("a",), Right.READ)], ("a",), Right.WRITE),
    ],
)
def test_the_most_of_what_covers_a_path_counts(grants, path, right):
    held = put_together([Grant(1, "ann", given, at) for at, given in grants])
    assert held.at(1, path) is right
    assert held.at(2, path) is Right.NONE


def test_a_part_that_adds_nothing_is_not_looked_at():
    assert put_together([Grant(1, "ann", Right.READ, ("a",)), Grant(1, "@g", Right.WRITE)]).parts == {}


@pytest.mark.parametrize(
    ("change", "needs"),
    [
        (Put(("d", "f"), FILE), {("d", "f")}),
        (Put(("d", "new"), FILE), {("d",)}),
        (Put(("d",), FILE), {()}),
        (Mkdir(("d", "new")), {("d",)}),
        (Remove(("d", "f")), {("d",)}),
        (Splice(("d", "x"), FILE), {("d",)}),
        (Splice((), EMPTY_DIR), {()}),
        (Move(("d", "f"), ("e", "f")), {("d",), ("e",)}),
        (Write(("d", "f"), 0, (), EMPTY), {("d", "f")}),
        (Truncate(("d", "f"), 0, EMPTY), {("d", "f")}),
        (SetAttributes(("d",), EMPTY), {("d",)}),
    ],
)
def test_a_change_needs_to_write_where_names_come_and_go(change, needs):
    root = tree.put(tree.put(EMPTY_DIR, ("d",), EMPTY_DIR), ("d", "f"), FILE)
    assert set(needs_of(change, root)) == {Need(path, Right.WRITE) for path in needs}


def test_a_copy_needs_to_read_its_source():
    assert set(needs_of(Copy(("d",), ("e", "d")), EMPTY_DIR)) == {Need(("d",), Right.READ), Need(("e",), Right.WRITE)}
