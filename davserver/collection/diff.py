"""The difference of two trees.

Owns: finding it without a look at what both share.
Invariants: subtrees that are one object, or that name the same stored record, are never opened, so the cost is
proportional to the folders that differ; differences come in the order of paths (names as code points), a folder
before what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode, Node
from davserver.collection.filenode import FileNode, etag_of
from davserver.values import TreePath


class Difference(NamedTuple):
    """What is at a path now differs from what was there; ``node`` is None if nothing is there any more.

    ``was_folder`` tells that a folder was there, as far as that is known.
    """

    path: TreePath
    node: Node | None
    was_folder: bool = False


def diff(old: DirNode, new: DirNode, *, deep: bool = True, after: TreePath = ()) -> Iterator[Difference]:
    """Iterate over what differs below two folders; the folders themselves do not come.

    Of a folder that is gone only the folder is told, of one that is new all that is in it. A folder differs if it was
    none before or has other attributes. Without ``deep`` only the direct members come; ``after`` leaves out what comes
    up to and with this path.
    """
    stack = [members_of_both(old, new, (), after)]
    while stack:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            continue
        path, was, now = step
        on_the_way = path == after[: len(path)]
        if not on_the_way and differs(was, now):
            yield Difference(path, now, isinstance(was, DirNode))
        if deep and isinstance(now, DirNode):
            below = was if isinstance(was, DirNode) else EMPTY_DIR
            behind = after if on_the_way and len(after) > len(path) else ()
            stack.append(members_of_both(below, now, path, behind))


Step = tuple[TreePath, Node | None, Node | None]
"""A path, what was there, and what is there."""


def members_of_both(old: DirNode, new: DirNode, path: TreePath = (), after: TreePath = ()) -> Iterator[Step]:
    """Merge two sorted lists of members, leaving out those that cannot differ.

    ``path`` leads to both folders; ``after`` is a path below it from whose member on, with it, members come.
    """
    if _cannot_differ(old, new):
        return
    first = after[len(path)] if len(after) > len(path) else ""
    theirs, ours = _from(old, first), _from(new, first)
    was, now = next(theirs, None), next(ours, None)
    while was is not None or now is not None:
        if now is None or (was is not None and was[0] < now[0]):
            assert was is not None  # noqa: S101 - one of them is left
            yield (*path, was[0]), was[1], None
            was = next(theirs, None)
        elif was is None or now[0] < was[0]:
            yield (*path, now[0]), None, now[1]
            now = next(ours, None)
        else:
            if not _cannot_differ(was[1], now[1]):
                yield (*path, now[0]), was[1], now[1]
            was, now = next(theirs, None), next(ours, None)


def _from(folder: DirNode, first: str) -> Iterator[tuple[str, Node]]:
    """Iterate over members from a name on, with it."""
    if first:
        node = folder.get(first)
        if node is not None:
            yield first, node
        yield from folder.items(first)
    else:
        yield from folder.items()


def _cannot_differ(old: Node, new: Node) -> bool:
    if old is new:
        return True
    return isinstance(old, DirNode) and isinstance(new, DirNode) and old.record is not None and old.record == new.record


def differs(old: Node | None, new: Node | None) -> bool:
    """Tell whether two nodes differ, of folders in what they are themselves."""
    if isinstance(old, FileNode) and isinstance(new, FileNode):
        if old.attributes == new.attributes and old.attributes.etag is not None:
            return False
        return etag_of(old) != etag_of(new) or _without_etag(old.attributes) != _without_etag(new.attributes)
    if isinstance(old, DirNode) and isinstance(new, DirNode):
        return old.attributes != new.attributes
    return True


def is_same(one: Node | None, other: Node | None) -> bool:
    """Tell whether two nodes are equal, folders with all that is in them: not those that changed since a commit."""
    if isinstance(one, DirNode) and isinstance(other, DirNode):
        return one is other or (one.record is not None and one.record == other.record)
    return one is other or not differs(one, other)


def _without_etag(attributes: Attributes) -> Attributes:
    return replace(attributes, etag=None)
