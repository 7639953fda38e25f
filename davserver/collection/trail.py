"""Trails: which paths the entries of a journal changed, without what they changed.

Owns: from an entry's header to the paths it touched; what a trail says about a later tree.
Never: content; a trail is what remains of a journal whose entries are in a version.
Why: a client that saw a state between two versions asks what changed since. The version before and the version after
are known as trees; the trail between them says where else to look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from davserver.collection import tree
from davserver.collection.codec import open_header
from davserver.collection.diff import Difference
from davserver.collection.dirnode import DirNode
from davserver.values import TreePath, parse_path

MAX_STEPS = 50_000


class Step(NamedTuple):
    """Change ``seq`` was at ``path``; ``whole``: all that was or is below the path may have come or gone with it."""

    seq: int
    path: TreePath
    whole: bool


class Unclear(Exception):
    """A trail cannot tell what changed: a folder was replaced, and what it held is not known."""


def steps_of(entries: Iterable[tuple[int, bytes]]) -> tuple[Step, ...] | None:
    """Read the headers of journal entries, given with their sequence; None if there are too many to keep."""
    steps: list[Step] = []
    for seq, header in entries:
        members = open_header(header)
        kind = members["c"]
        whole = kind in {"remove", "move", "copy", "splice"}
        if kind != "copy":
            steps.append(Step(seq, parse_path(members["p"]), whole))
        if "q" in members:
            steps.append(Step(seq, parse_path(members["q"]), whole))
        if len(steps) > MAX_STEPS:
            return None
    return tuple(steps)


def differences(steps: Sequence[Step], seq: int, before: DirNode, now: DirNode) -> list[Difference]:
    """Say what the changes after ``seq`` can have left different, in order of the paths.

    ``before`` is the tree that the first of the steps changed, ``now`` any later tree. What is the same may be said to
    differ too. Raises Unclear.
    """
    history = _History(steps, before)
    found: dict[TreePath, Difference] = {}
    for step in steps:
        if step.seq <= seq:
            continue
        for difference in _left_by(step, history, now):
            found[difference.path] = difference
    return sorted(found.values(), key=_path)


class _History:
    """When each path was first touched."""

    def __init__(self, steps: Iterable[Step], before: DirNode) -> None:
        self._before = before
        self._touched: dict[TreePath, int] = {}
        self._whole: dict[TreePath, int] = {}
        for step in steps:
            self._touched.setdefault(step.path, step.seq)
            if step.whole:
                self._whole.setdefault(step.path, step.seq)

    def was_folder(self, path: TreePath) -> bool:
        """Tell whether the path was a folder before the first step."""
        return isinstance(tree.lookup(self._before, path), DirNode)

    def was_free(self, path: TreePath, seq: int) -> bool:
        """Tell whether surely nothing was at the path when change ``seq`` was made."""
        if tree.lookup(self._before, path) is not None or self._touched[path] < seq:
            return False
        return not any(self._whole.get(path[:length], seq) < seq for length in range(len(path)))


def _left_by(step: Step, history: _History, now: DirNode) -> Iterator[Difference]:
    node = tree.lookup(now, step.path)
    if node is None:
        # Of what went with its folder, only the folder is told; that one is a step too, or differs from the version.
        if isinstance(tree.lookup(now, step.path[:-1]), DirNode):
            yield Difference(step.path, None, history.was_folder(step.path))
        return
    yield Difference(step.path, node)
    if step.whole and isinstance(node, DirNode):
        if not history.was_free(step.path, step.seq):
            raise Unclear
        for path, member in tree.walk(node, step.path):
            yield Difference(path, member)


def _path(difference: Difference) -> TreePath:
    return difference.path
