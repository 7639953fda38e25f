"""Trees: pure functions from a root directory and a path to a node or a new root.

Owns: the rules of a path: every name but the last must lead to a directory.
Never: a change of a node; what a function returns shares all untouched directories with what it was given.
"""

from __future__ import annotations

from collections.abc import Iterator

from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode
from davserver.errors import InvalidOperation, IsADirectory, NotADirectory, NotFound
from davserver.values import TreePath, check_name, format_path


def lookup(root: DirNode, path: TreePath) -> Node | None:
    """Return the node at a path; None if there is none, also where the path leads through a file."""
    node: Node | None = root
    for name in path:
        if not isinstance(node, DirNode):
            return None
        node = node.get(name)
    return node


def require(root: DirNode, path: TreePath) -> Node:
    """Return the node at a path; raises NotFound or NotADirectory, naming the first path that fails."""
    node: Node = root
    for depth, name in enumerate(path):
        if not isinstance(node, DirNode):
            raise NotADirectory(f"not a directory: {format_path(path[:depth])}")
        child = node.get(name)
        if child is None:
            raise NotFound(f"not found: {format_path(path[: depth + 1])}")
        node = child
    return node


def require_directory(root: DirNode, path: TreePath) -> DirNode:
    """Return the directory at a path; raises NotFound or NotADirectory."""
    node = require(root, path)
    if not isinstance(node, DirNode):
        raise NotADirectory(f"not a directory: {format_path(path)}")
    return node


def require_file(root: DirNode, path: TreePath) -> FileNode:
    """Return the file at a path; raises NotFound, NotADirectory or IsADirectory."""
    node = require(root, path)
    if not isinstance(node, FileNode):
        raise IsADirectory(f"is a directory: {format_path(path)}")
    return node


def put(root: DirNode, path: TreePath, node: Node) -> DirNode:
    """Return a root with this node at the path, in place of whatever was there; files are frozen.

    The parent must exist (NotFound, NotADirectory). Only a directory can take the root's place (InvalidOperation).
    """
    if isinstance(node, FileNode):
        node.freeze()
    if not path:
        if not isinstance(node, DirNode):
            raise InvalidOperation("a file cannot be the root of a collection")
        return node
    check_name(path[-1])
    parents = _parents(root, path)
    return _relink(parents, path[:-1], parents[-1].with_entry(path[-1], node))


def remove(root: DirNode, path: TreePath) -> DirNode:
    """Return a root without the node at the path; raises NotFound, NotADirectory, InvalidOperation for the root."""
    if not path:
        raise InvalidOperation("the root of a collection cannot be removed")
    parents = _parents(root, path)
    if parents[-1].get(path[-1]) is None:
        raise NotFound(f"not found: {format_path(path)}")
    return _relink(parents, path[:-1], parents[-1].without_entry(path[-1]))


def walk(root: DirNode, path: TreePath = ()) -> Iterator[tuple[TreePath, Node]]:
    """Iterate over all nodes below a root in the manifest's order: a directory's files, then its directories.

    Each directory comes before what is in it; the root itself does not come. ``path`` is put before every path.
    """
    stack: list[Iterator[tuple[TreePath, DirNode]]] = [iter([(path, root)])]
    while stack:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            continue
        here, directory = step
        if len(stack) > 1:
            yield step
        below: list[tuple[TreePath, DirNode]] = []
        for name, node in directory.items():
            if isinstance(node, DirNode):
                below.append(((*here, name), node))
            else:
                yield (*here, name), node
        stack.append(iter(below))


def _parents(root: DirNode, path: TreePath) -> list[DirNode]:
    """Return the directories from the root down to the parent of a path."""
    directory = root
    parents = [root]
    for depth, name in enumerate(path[:-1], 1):
        child = directory.get(name)
        if child is None:
            raise NotFound(f"not found: {format_path(path[:depth])}")
        if not isinstance(child, DirNode):
            raise NotADirectory(f"not a directory: {format_path(path[:depth])}")
        directory = child
        parents.append(child)
    return parents


def _relink(parents: list[DirNode], names: TreePath, directory: DirNode) -> DirNode:
    """Put a new version of the last parent into the one above it, and so on to the root."""
    for parent, name in zip(reversed(parents[:-1]), reversed(names), strict=True):
        directory = parent.with_entry(name, directory)
    return directory
