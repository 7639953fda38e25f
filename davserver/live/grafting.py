"""Reading journal entries that name a place in another collection's history.

Owns: rebuilding the tree that a graft was taken from.
Invariant: the entries it needs are kept by the catalog as long as any entry leads to them (``catalog.grafts``).
"""

from __future__ import annotations

from collections.abc import Callable

from davserver.catalog.model import Entry
from davserver.collection import tree
from davserver.collection.change import Change, Origin, apply
from davserver.collection.codec import decode
from davserver.collection.dirnode import DirNode, Node
from davserver.errors import JournalCorrupt, NotADirectory, NotFound
from davserver.live.directories import Directories

Tail = Callable[[int, int], list[Entry]]
"""From a collection's id and a sequence to the entries that follow it."""


class EntryReader:
    """Decodes journal entries inside one transaction; keeps the trees of origins it had to rebuild."""

    def __init__(self, directories: Directories, tail: Tail) -> None:
        self._directories = directories
        self._tail = tail
        self._rebuilt: dict[tuple[int, int, int], DirNode] = {}

    def change(self, entry: Entry) -> Change:
        """Return the change of an entry; raises JournalCorrupt."""
        return decode(entry.header, entry.inline, self._directories.load, self._graft)

    def _graft(self, origin: Origin) -> Node:
        key = origin.collection_id, origin.base_seq, origin.seq
        root = self._rebuilt.get(key)
        if root is None:
            root = self._rebuilt[key] = self._rebuild(origin)
        try:
            return tree.require(root, origin.path)
        except (NotFound, NotADirectory) as error:
            raise JournalCorrupt(f"a graft from collection {origin.collection_id}: {error.message}") from error

    def _rebuild(self, origin: Origin) -> DirNode:
        root = self._directories.root(origin.base_root)
        at = origin.base_seq
        for entry in self._tail(origin.collection_id, origin.base_seq):
            if entry.seq > origin.seq or entry.seq != at + 1:
                break
            root = apply(root, self.change(entry))
            at += 1
        if at != origin.seq:
            raise JournalCorrupt(
                f"a graft from collection {origin.collection_id}: entries after {at} are missing, up to {origin.seq}"
            )
        return root
