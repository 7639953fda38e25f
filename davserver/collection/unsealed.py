"""Unsealed directories: those that are not equal to a stored record, and how to rebuild just them.

Owns: finding and rebuilding; it is what makes a commit cost what changed.
Never: what is done to a directory (``pack``, ``marshal``).
Invariants: a directory with a record has only directories with records below it, since every edit clears the record of
all directories on its path; so nothing below a recorded one is looked at. A directory that stands in the tree more than
once (COPY shares it) is visited once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from davserver.collection.dirnode import DirNode, Node
from davserver.collection.names import NameMap

Finish = Callable[[DirNode, "NameMap[Node]"], DirNode]


def unsealed(root: DirNode) -> Iterator[tuple[DirNode, bool]]:
    """Yield each directory without a record twice: in the manifest's order (False), and after all below it (True)."""
    if root.record is not None:
        return
    seen = {id(root)}
    yield root, False
    stack = [(root, _subdirectories(root))]
    while stack:
        directory, below = stack[-1]
        fresh = next((node for node in below if id(node) not in seen), None)
        if fresh is None:
            stack.pop()
            yield directory, True
        else:
            seen.add(id(fresh))
            yield fresh, False
            stack.append((fresh, _subdirectories(fresh)))


def _subdirectories(directory: DirNode) -> Iterator[DirNode]:
    return iter([node for _, node in directory.items() if isinstance(node, DirNode) and node.record is None])


def rebuild(root: DirNode, finish: Finish) -> DirNode:
    """Return the tree with every unsealed directory replaced, from the leaves up.

    ``finish(directory, entries)`` makes the new directory from the old one and its entries, in which the unsealed
    subdirectories are replaced already. Recorded directories are shared.
    """
    if root.record is not None:
        return root
    done: dict[int, DirNode] = {}
    for directory, complete in unsealed(root):
        if not complete:
            continue
        entries = directory.entries
        for name, node in directory.items():
            if isinstance(node, DirNode) and node.record is None:
                entries = entries.set(name, done[id(node)])
        done[id(directory)] = finish(directory, entries)
    return done[id(root)]
