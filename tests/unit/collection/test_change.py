"""What each change does to a tree, and what it refuses."""

from __future__ import annotations

import pytest

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import (
    Change,
    Copy,
    Mkdir,
    Move,
    Put,
    Remove,
    SetAttributes,
    Splice,
    Truncate,
    Write,
    apply,
)
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.errors import DavserverError, Exists, InvalidOperation, IsADirectory, NotADirectory, NotFound
from davserver.values import parse_path

NEW = Attributes(etag="new", mtime_ns=7)


def file(text: str) -> FileNode:
    return FileNode([MemExtent(text.encode())])


def build(*changes: Change) -> DirNode:
    root = EMPTY_DIR
    for change in changes:
        root = apply(root, change)
    return root


def contents(root: DirNode) -> dict[str, str | None]:
    """Return path -> text, None for a directory."""
    result: dict[str, str | None] = {}
    for path, node in tree.walk(root):
        name = "/".join(path)
        result[name] = node.read_at(0, node.size, None).decode() if isinstance(node, FileNode) else None
    return result


def sample() -> DirNode:
    return build(Mkdir(("d",)), Mkdir(("d", "e")), Put(("d", "e", "f"), file("deep")), Put(("x",), file("top")))


def test_put_replaces_files_and_directories() -> None:
    root = apply(apply(sample(), Put(("x",), file("new"))), Put(("d",), file("was a directory")))
    assert contents(root) == {"x": "new", "d": "was a directory"}


def test_write_goes_over_a_range_and_fills_a_gap_with_zeros() -> None:
    root = apply(sample(), Write(("x",), 1, (MemExtent(b"OP!"),), NEW))
    assert contents(root)["x"] == "tOP!"
    assert tree.require_file(root, ("x",)).attributes is NEW
    root = apply(sample(), Write(("x",), 5, (MemExtent(b"end"),), NEW))
    assert contents(root)["x"] == "top\0\0end"
    assert contents(sample())["x"] == "top"


def test_truncate_cuts_and_grows() -> None:
    assert contents(apply(sample(), Truncate(("x",), 1, NEW)))["x"] == "t"
    grown = apply(sample(), Truncate(("x",), 1 << 50, NEW))
    assert grown.bytes == (1 << 50) + 4
    assert grown.mem_bytes == 7


def test_mkdir_needs_a_free_name() -> None:
    for path in ((), ("d",), ("x",)):
        with pytest.raises(Exists):
            apply(sample(), Mkdir(path))


def test_remove_takes_the_subtree() -> None:
    assert contents(apply(sample(), Remove(("d",)))) == {"x": "top"}


def test_move_replaces_the_target() -> None:
    assert contents(apply(sample(), Move(("d", "e"), ("x",)))) == {"x": None, "x/f": "deep", "d": None}


def test_move_onto_an_ancestor_leaves_only_what_was_moved() -> None:
    assert contents(apply(sample(), Move(("d", "e"), ("d",)))) == {"x": "top", "d": None, "d/f": "deep"}


def test_copy_shares_the_node() -> None:
    root = apply(sample(), Copy(("d",), ("c",)))
    assert tree.lookup(root, ("c",)) is tree.lookup(root, ("d",))
    assert root.files == 3


def test_copy_of_a_directory_into_itself_is_what_it_was() -> None:
    root = apply(sample(), Copy(("d",), ("d", "e", "copy")))
    assert contents(root) == {
        "x": "top",
        "d": None,
        "d/e": None,
        "d/e/f": "deep",
        "d/e/copy": None,
        "d/e/copy/e": None,
        "d/e/copy/e/f": "deep",
    }


def test_splice_attaches_a_subtree_or_replaces_the_whole_tree() -> None:
    other = sample()
    assert contents(apply(build(), Splice(("in",), other)))["in/d/e/f"] == "deep"
    assert apply(build(), Splice((), other)) is other


def test_set_attributes_changes_nothing_else() -> None:
    for path in ("", "d", "d/e/f"):
        root = apply(sample(), SetAttributes(parse_path(path), NEW))
        assert tree.require(root, parse_path(path)).attributes is NEW
        assert contents(root) == contents(sample())


def test_an_edit_leaves_the_attributes_of_its_directory() -> None:
    root = apply(sample(), SetAttributes(("d",), NEW))
    assert tree.require(apply(root, Put(("d", "new"), file(""))), ("d",)).attributes is NEW


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Put((), file("")), InvalidOperation),
        (Put(("no", "f"), file("")), NotFound),
        (Put(("x", "f"), file("")), NotADirectory),
        (Write(("no",), 0, (), NEW), NotFound),
        (Write(("d",), 0, (), NEW), IsADirectory),
        (Truncate(("d",), 0, NEW), IsADirectory),
        (Truncate(("x",), -1, NEW), InvalidOperation),
        (Mkdir(("no", "d")), NotFound),
        (Mkdir(("x", "d")), NotADirectory),
        (Remove(()), InvalidOperation),
        (Remove(("no",)), NotFound),
        (Remove(("x", "f")), NotADirectory),
        (Move((), ("a",)), InvalidOperation),
        (Move(("d",), ("d",)), InvalidOperation),
        (Move(("d",), ("d", "e", "d")), InvalidOperation),
        (Move(("x",), ()), InvalidOperation),
        (Move(("no",), ("a",)), NotFound),
        (Move(("x",), ("no", "a")), NotFound),
        (Move(("d",), ("x", "a")), NotADirectory),
        (Copy(("d",), ("d",)), InvalidOperation),
        (Copy(("x",), ()), InvalidOperation),
        (Copy(("no",), ("a",)), NotFound),
        (Splice((), file("")), InvalidOperation),
        (Splice(("no", "a"), EMPTY_DIR), NotFound),
        (SetAttributes(("no",), NEW), NotFound),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_what_cannot_be_is_refused_and_changes_nothing(change: Change, error: type[DavserverError]) -> None:
    root = sample()
    before = contents(root)
    with pytest.raises(error):
        apply(root, change)
    assert contents(root) == before


def test_a_missing_parent_is_named() -> None:
    with pytest.raises(NotFound, match="d/no"):
        apply(sample(), Put(("d", "no", "f"), file("")))
