"""What somebody sees of a collection of which only parts are theirs to see.

Owns: the tree that is shown in place of the whole one: what is at the paths, and the folders on the way, which have
nothing in them but what leads there, and nothing of their own: no times, no properties.
Invariants: what is shown follows from the visible parts alone, so that no change elsewhere shows; a path at which
nothing stands shows nothing of the way to it either. Costs what the paths are long, whatever the size of the tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from davserver.catalog.model import Lock
from davserver.collection import tree
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.live.views import View
from davserver.values import TreePath


def part_of(view: View, paths: Iterable[TreePath]) -> View:
    """Return a view of what is at or below these paths; limits and an owner belong to the whole, and do not show."""
    return View(replace(view.info, quota_bytes=None, owner=None), only(view.root, paths), None)


def only(root: DirNode, paths: Iterable[TreePath]) -> DirNode:
    """Return a tree with what is at or below these paths, and nothing else."""
    shown = EMPTY_DIR
    covered: list[TreePath] = []
    for path in sorted(paths):
        if any(path[: len(above)] == above for above in covered):
            continue
        node = tree.lookup(root, path)
        if node is not None:
            covered.append(path)
            shown = tree.put(_with_way(shown, path), path, node)
    return shown


def covering(locks: Iterable[Lock], paths: Collection[TreePath]) -> list[Lock]:
    """Pick the locks that hold for something at or below these paths."""
    return [lock for lock in locks if any(_meets(lock, path) for path in paths)]


def _meets(lock: Lock, path: TreePath) -> bool:
    is_within = lock.path[: len(path)] == path
    return is_within or (lock.infinite and path[: len(lock.path)] == lock.path)


def _with_way(shown: DirNode, path: TreePath) -> DirNode:
    for length in range(1, len(path)):
        if tree.lookup(shown, path[:length]) is None:
            shown = tree.put(shown, path[:length], EMPTY_DIR)
    return shown
