"""What each change of a collection needs, path by path.

Owns: from a change to the rights on paths that it takes.
Follows: RFC 3744 sections 3.2, 3.9 and 3.10: a name comes into a folder and goes out of it by a right on the folder; so
who was granted a folder changes what is in it, and neither removes nor replaces the folder itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from davserver.catalog.model import Right
from davserver.collection import tree
from davserver.collection.change import Change, Copy, Mkdir, Move, Put, Remove, Splice
from davserver.collection.dirnode import DirNode
from davserver.collection.filenode import FileNode
from davserver.values import TreePath


class Need(NamedTuple):
    """A right on a path and all below it."""

    path: TreePath
    right: Right


def needs_of(change: Change, root: DirNode) -> Iterator[Need]:
    """List what a change of this tree needs; a right on the whole collection covers them all."""
    match change:
        case Copy(src, dst):
            yield Need(src, Right.READ)
            yield Need(dst[:-1], Right.WRITE)
        case Move(src, dst):
            yield Need(src[:-1], Right.WRITE)
            yield Need(dst[:-1], Right.WRITE)
        case Put(path) if isinstance(tree.lookup(root, path), FileNode):
            yield Need(path, Right.WRITE)  # other bytes under the same name
        case Put(path) | Mkdir(path) | Remove(path) | Splice(path):
            yield Need(path[:-1], Right.WRITE)
        case _:
            yield Need(change.path, Right.WRITE)
