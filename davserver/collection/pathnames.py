"""Path names: from what a caller of the filesystem writes to a tree path.

Owns: ``.``, ``..``, doubled, leading and trailing slashes, as POSIX reads them.
Never: a change of the tree.
Follows: Arvados ``fs_base.go`` (rlookup, openFile).
"""

from __future__ import annotations

from davserver.collection import tree
from davserver.collection.dirnode import DirNode
from davserver.errors import InvalidOperation
from davserver.values import TreePath


def resolve(root: DirNode, name: str) -> TreePath:
    """Return the tree path of a name; its last component need not exist.

    Everything before a slash must be a directory, also before a trailing one and before ``..`` (NotFound,
    NotADirectory). ``..`` of the root is the root.
    """
    path: TreePath = ()
    for part in name.lstrip("/").split("/"):
        if path:
            tree.require_directory(root, path)
        if part == "..":
            path = path[:-1]
        elif part not in {"", "."}:
            path = (*path, part)
    return path


def resolve_entry(root: DirNode, name: str) -> TreePath:
    """Return the tree path of something that can be removed or renamed; a trailing slash is left out.

    Raises InvalidOperation for the root and for a name that ends in ``.`` or ``..``, else as ``resolve``.
    """
    name = name.rstrip("/")
    if name.rpartition("/")[2] in {"", ".", ".."}:
        raise InvalidOperation(f"not the name of an entry: {name!r}")
    return resolve(root, name)
