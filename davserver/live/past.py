"""What a collection was at an earlier change, and what differs since.

Owns: finding the tree of a sequence, from the checkpoint and the journal, from a version, or from two versions and the
trail between them.
Never: a token's form or a report (``dav``).
Why trails (ADR 11): a version exists for some sequences only, and the journal up to it is dropped. Keeping each tree
that some client saw would pin content and journal for an unknown time; a trail is a few bytes for each change.
Invariant: no difference is left out; what is the same may be told as different where a trail has to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

from davserver.catalog.database import Tables
from davserver.collection import tree
from davserver.collection.change import apply
from davserver.collection.diff import Difference, diff
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.trail import Step, Unclear, differences
from davserver.live.directories import Directories
from davserver.live.grafting import EntryReader
from davserver.live.views import View
from davserver.values import TreePath


class Forgotten(Exception):
    """Nobody knows any more what differs since then."""


@dataclass(frozen=True, slots=True)
class Past:
    """A collection after the change ``seq``: it is ``root``, but for what the steps after ``seq`` did.

    ``before`` is the tree that the first step changed; without steps ``root`` is exact.
    """

    root: DirNode
    seq: int = 0
    before: DirNode = EMPTY_DIR
    steps: tuple[Step, ...] = ()

    def differences(self, now: DirNode, path: TreePath, *, deep: bool, after: TreePath = ()) -> Iterator[Difference]:
        """Iterate over what differs below a folder, with paths relative to it, as ``collection.diff.diff`` does.

        Raises Forgotten before the first one, if at all.
        """
        folder = tree.require_directory(now, path)
        was = tree.lookup(self.root, path)
        found = diff(was if isinstance(was, DirNode) else EMPTY_DIR, folder, deep=deep, after=after)
        left = [one for one in self._left(folder, path) if one.path > after and (deep or len(one.path) == 1)]
        return _each_once(merge(found, left, key=_path)) if left else found

    def _left(self, folder: DirNode, path: TreePath) -> list[Difference]:
        below = []
        for step in self.steps:
            if step.path[: len(path)] == path and step.path != path:
                below.append(step._replace(path=step.path[len(path) :]))
            elif step.whole and step.seq > self.seq and path[: len(step.path)] == step.path:
                raise Forgotten
        before = tree.lookup(self.before, path)
        try:
            return differences(below, self.seq, before if isinstance(before, DirNode) else EMPTY_DIR, folder)
        except Unclear:
            raise Forgotten from None


def recall(tables: Tables, directories: Directories, view: View, seq: int) -> Past:
    """Return what the viewed collection was after the change ``seq``; raises Forgotten."""
    if view.seq is None:
        raise Forgotten
    if seq == view.seq:
        return Past(view.root)
    row = tables.collections.by_id(view.info.id)
    if row is None or seq > view.seq:
        raise Forgotten
    if seq >= row.base_seq:
        return Past(_replayed(tables, directories, row.id, (row.base_seq, row.base_root), seq))
    version = tables.versions.as_of(row.id, seq)
    root = directories.root(None if version is None else version.root)
    if version is not None and version.seq == seq:
        return Past(root)
    trail = tables.trails.over(row.id, seq)
    if trail is None:
        raise Forgotten
    if version is None and trail.after_seq:
        raise Forgotten  # with any other version that is removed, the trail that begins with it goes
    if seq == trail.after_seq:
        return Past(root)
    behind = tables.versions.as_of(row.id, trail.seq)
    if behind is None or behind.seq != trail.seq:
        raise Forgotten
    return Past(directories.root(behind.root), seq, root, trail.steps)


def _replayed(
    tables: Tables, directories: Directories, collection_id: int, base: tuple[int, str | None], seq: int
) -> DirNode:
    base_seq, base_root = base
    reader = EntryReader(directories, tables.journal.after)
    root = directories.root(base_root)
    for entry in tables.journal.after(collection_id, base_seq):
        if entry.seq > seq:
            break
        root = apply(root, reader.change(entry))
    return root


def _each_once(found: Iterator[Difference]) -> Iterator[Difference]:
    last: TreePath = ()
    for one in found:
        if one.path != last:
            yield one
        last = one.path


def _path(difference: Difference) -> TreePath:
    return difference.path
