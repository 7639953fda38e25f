"""Changes: every edit of a collection as a value, and what it does to a tree.

Owns: the kinds of change and ``apply``.
Never: a clock, a lock, a precondition of a request: times and ETags are part of a change, and whether something may be
replaced is decided before (``dav``, ``live``), so replaying a journal gives the same tree.
Follows: RFC 4918 sections 9.8 and 9.9 for what a copy or move may not do.
Invariants: ``apply`` returns a new root or raises and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import NamedTuple

from davserver.collection import tree
from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode, Node
from davserver.collection.extents import Extent
from davserver.collection.filenode import FileNode
from davserver.errors import Exists, InvalidOperation
from davserver.values import TreePath, format_path


@dataclass(frozen=True, slots=True)
class Put:
    """A whole file in a directory that exists, in place of whatever was there."""

    path: TreePath
    node: FileNode


@dataclass(frozen=True, slots=True)
class Write:
    """Extents over the bytes of a file from ``offset``; beyond the end, zeros come before them.

    ``attributes`` are the file's afterwards: its new ETag, its new mtime.
    """

    path: TreePath
    offset: int
    extents: tuple[Extent, ...]
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file cut, or grown by zeros, to ``size`` bytes; ``attributes`` are the file's afterwards."""

    path: TreePath
    size: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Mkdir:
    """A new empty directory where nothing is."""

    path: TreePath
    attributes: Attributes = EMPTY


@dataclass(frozen=True, slots=True)
class Remove:
    """A file, or a directory with all that is in it, gone."""

    path: TreePath


@dataclass(frozen=True, slots=True)
class Move:
    """A node under another path, in place of whatever was there."""

    src: TreePath
    dst: TreePath


@dataclass(frozen=True, slots=True)
class Copy:
    """A node under a second path, in place of whatever was there.

    A directory can be copied into itself: the copy is what the directory was before.
    """

    src: TreePath
    dst: TreePath


class Origin(NamedTuple):
    """Where a subtree stands in another collection's history, for those who have that history at hand.

    It is what is at ``path`` after the change ``seq`` of the collection, whose changes after ``base_seq`` follow on
    the directory record ``base_root`` (None: an empty tree).
    """

    collection_id: int
    base_seq: int
    base_root: str | None
    seq: int
    path: TreePath


@dataclass(frozen=True, slots=True)
class Splice:
    """A subtree from anywhere, also another collection, in place of whatever was there; at the root, a whole tree.

    With an ``origin``, the journal says where the subtree comes from instead of writing it out.
    """

    path: TreePath
    node: Node
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class SetAttributes:
    """Other attributes for a file or directory, the root included."""

    path: TreePath
    attributes: Attributes


Change = Put | Write | Truncate | Mkdir | Remove | Move | Copy | Splice | SetAttributes


def apply(root: DirNode, change: Change) -> DirNode:
    """Return the tree after a change.

    Raises NotFound, NotADirectory, IsADirectory, Exists, InvalidName or InvalidOperation; the tree given is never
    changed. O(depth * log(names)) whatever the size of what is moved, copied or removed.
    """
    return _apply(change, root)


@singledispatch
def _apply(change: object, root: DirNode) -> DirNode:  # noqa: ARG001 - the form of all of them
    raise TypeError(f"not a change: {change!r}")


@_apply.register
def _put(change: Put, root: DirNode) -> DirNode:
    return tree.put(root, change.path, change.node)


@_apply.register
def _write(change: Write, root: DirNode) -> DirNode:
    node = tree.require_file(root, change.path)
    return tree.put(root, change.path, node.spliced(change.offset, change.extents, change.attributes))


@_apply.register
def _truncate(change: Truncate, root: DirNode) -> DirNode:
    node = tree.require_file(root, change.path)
    return tree.put(root, change.path, node.truncated(change.size, change.attributes))


@_apply.register
def _mkdir(change: Mkdir, root: DirNode) -> DirNode:
    if tree.lookup(root, change.path) is not None:
        raise Exists(f"exists: {format_path(change.path)}")
    return tree.put(root, change.path, EMPTY_DIR.with_attributes(change.attributes))


@_apply.register
def _remove(change: Remove, root: DirNode) -> DirNode:
    return tree.remove(root, change.path)


@_apply.register
def _move(change: Move, root: DirNode) -> DirNode:
    src, dst = change.src, change.dst
    if dst[: len(src)] == src:
        raise InvalidOperation(f"cannot move {format_path(src)} into itself")
    node = tree.require(root, src)
    return tree.put(tree.remove(root, src), dst, node)


@_apply.register
def _copy(change: Copy, root: DirNode) -> DirNode:
    if change.src == change.dst:
        raise InvalidOperation(f"cannot copy {format_path(change.src)} onto itself")
    return tree.put(root, change.dst, tree.require(root, change.src))


@_apply.register
def _splice(change: Splice, root: DirNode) -> DirNode:
    return tree.put(root, change.path, change.node)


@_apply.register
def _set_attributes(change: SetAttributes, root: DirNode) -> DirNode:
    node = tree.require(root, change.path)
    return tree.put(root, change.path, node.with_attributes(change.attributes))
