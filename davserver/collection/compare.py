"""Two trees side by side, as people read it: what was added, removed, changed and moved.

Owns: the statuses, and which removal and which addition are one move.
Never: reads content; two files are equal if their ETags are, two folders if their records are.
Follows: ``git diff --name-status`` (A, D, M, R, T), with P for times and properties alone.
Invariants: what comes, done in its order to the old tree, gives the new one. Subtrees that both share are not opened
(``diff``). Entries come in the order of paths, each path once, so that a reader can go on after any of them.
Cost: that of the folders that differ. Moves are looked for among ``MOST_FOR_MOVES`` nodes; among more, none is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from davserver.collection import tree
from davserver.collection.diff import Step, differs, members_of_both
from davserver.collection.dirnode import EMPTY_DIR, DirNode, Node
from davserver.collection.filenode import FileNode, etag_of
from davserver.errors import NotFound
from davserver.values import TreePath, format_path

MOST_FOR_MOVES = 10_000
"""What a look for moves may cost: some 0.1 s and 5 MB, in each answer of many pages."""


class Status(StrEnum):
    """What became of a path; ``REPLACED`` is a file where a folder was, or the other way round."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REPLACED = "replaced"
    MOVED = "moved"
    PROPERTIES = "properties"


class Comparison(NamedTuple):
    """One path that differs: what was there and what is there; ``source`` is where a node that moved was."""

    status: Status
    path: TreePath
    old: Node | None
    new: Node | None
    source: TreePath | None = None


def compare(
    old: DirNode, new: DirNode, path: TreePath = (), *, fold: bool = False, after: TreePath = ()
) -> Iterator[Comparison]:
    """Iterate over what differs at a path and below it; raises NotFound if neither tree has anything there.

    With ``fold``, of a folder that was added or removed only the folder comes. ``after`` leaves out what comes up to
    and with this path.
    """
    was, now = tree.lookup(old, path), tree.lookup(new, path)
    if was is None and now is None:
        raise NotFound(f"neither has anything at {format_path(path)!r}")
    moves = _find_moves(islice(_steps(path, was, now, fold=fold), MOST_FOR_MOVES + 1))
    return _told(_steps(path, was, now, fold=fold, moves=moves, after=after), moves)


@dataclass(slots=True)
class _Moves:
    """What moved: from target to source, and back."""

    sources: dict[TreePath, tuple[TreePath, Node]] = field(default_factory=dict)
    left: set[TreePath] = field(default_factory=set)
    above_left: set[TreePath] = field(default_factory=set)

    def add(self, path: TreePath, source: TreePath, node: Node) -> None:
        """Note a move."""
        self.sources[path] = source, node
        self.left.add(source)
        self.above_left.update(source[:depth] for depth in range(len(source)))

    def takes(self, source: TreePath) -> bool:
        """Tell whether a node that was removed can be the source of another move, itself and all below it."""
        return source not in self.above_left and not _is_in(source, self.left)


_NONE = _Moves()


def _steps(
    path: TreePath, was: Node | None, now: Node | None, *, fold: bool, moves: _Moves = _NONE, after: TreePath = ()
) -> Iterator[Step]:
    """Iterate over nodes that differ, a folder before what is in it; not into what moved as a whole."""
    stack: list[Iterator[Step]] = [iter([(path, was, now)])]
    while stack:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            continue
        here, old, new = step
        on_the_way = bool(after) and here == after[: len(here)]
        if not on_the_way and differs(old, new):
            yield step
        both = isinstance(old, DirNode) and isinstance(new, DirNode)
        if (fold and not both) or here in moves.sources or here in moves.left:
            continue
        if isinstance(old, DirNode) or isinstance(new, DirNode):
            behind = after if on_the_way and len(after) > len(here) else ()
            stack.append(members_of_both(_folder(old), _folder(new), here, behind))


def _find_moves(steps: Iterable[Step]) -> _Moves:
    """Pair what was removed with what was added and is the same: folders first, with all that is in them."""
    removed: dict[tuple[type, object], list[tuple[TreePath, Node]]] = defaultdict(list)
    added: list[tuple[TreePath, Node]] = []
    count = 0
    for path, old, new in steps:
        count += 1
        if new is None and old is not None:
            removed[_identity(old)].append((path, old))
        elif old is None and new is not None:
            added.append((path, new))
    moves = _Moves()
    if count > MOST_FOR_MOVES:
        return moves
    for kind in (DirNode, FileNode):
        for path, node in added:
            if isinstance(node, kind) and not _is_in(path, moves.sources):
                _pair(moves, path, node, removed.get(_identity(node), ()))
    return moves


def _pair(moves: _Moves, path: TreePath, node: Node, candidates: Iterable[tuple[TreePath, Node]]) -> None:
    """Choose where an added node came from: rather from a place where it had the same name."""
    if not (node.files if isinstance(node, DirNode) else node.size):
        return  # what is empty is the same everywhere
    free = [one for one in candidates if moves.takes(one[0])]
    if free:
        source, was = min(free, key=lambda one: (one[0][-1:] != path[-1:], one[0]))
        moves.add(path, source, was)


def _told(steps: Iterator[Step], moves: _Moves) -> Iterator[Comparison]:
    for path, old, new in steps:
        source = moves.sources.get(path)
        if source is not None:
            yield Comparison(Status.MOVED, path, source[1], new, source[0])
        elif path not in moves.left:
            yield Comparison(_status(old, new), path, old, new)


def _status(old: Node | None, new: Node | None) -> Status:
    if old is None:
        return Status.ADDED
    if new is None:
        return Status.REMOVED
    if isinstance(old, DirNode) is not isinstance(new, DirNode):
        return Status.REPLACED
    if isinstance(old, FileNode) and isinstance(new, FileNode) and etag_of(old) != etag_of(new):
        return Status.CHANGED
    return Status.PROPERTIES


def _identity(node: Node) -> tuple[type, object]:
    """Return what equal content has in common; a folder that was changed since its last commit is only itself."""
    if isinstance(node, DirNode):
        return DirNode, node.record or id(node)
    return FileNode, (node.size, etag_of(node))


def _folder(node: Node | None) -> DirNode:
    return node if isinstance(node, DirNode) else EMPTY_DIR


def _is_in(path: TreePath, folders: Container[TreePath]) -> bool:
    """Tell whether a path is one of these or below one."""
    return any(path[:depth] in folders for depth in range(len(path) + 1))
