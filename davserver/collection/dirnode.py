"""DirNode: a directory as an immutable value.

Owns: the entries of one directory and the totals of its subtree.
Never: a path, a parent, a lock; an edit makes new directories along the path (``tree``) and shares the rest.
Invariants: the totals are those of the subtree; ``record`` names a stored directory record with exactly this content,
so every edit returns a directory without one.
Memory: a directory holds its entries while they are in no record. Of a stored one it only knows how to load them, and
notices (weakly) whether somebody keeps what was loaded: whoever loads decides what stays in memory.

Threading: safe everywhere. Two threads that load a lazy directory at once both load, and one result stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from weakref import ref

from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.filenode import FileNode
from davserver.collection.names import AnyLeaf, NameMap

Load = Callable[[], "NameMap[Node]"]
"""Returns the entries of a stored directory; called whenever nobody keeps what it returned before."""


class DirNode:
    """A directory: entries by name, its own attributes, totals of its subtree.

    ``files``, ``bytes`` and ``mem_bytes`` (bytes in no block yet) count the whole subtree and need no loading.
    """

    __slots__ = ("_entries", "_load", "attributes", "bytes", "files", "mem_bytes", "record")

    def __init__(
        self,
        entries: NameMap[Node] | ref[NameMap[Node]] | None,
        *,
        attributes: Attributes,
        files: int,
        bytes: int,  # noqa: A002 - the word for it everywhere else
        mem_bytes: int,
        record: str | None = None,
        load: Load | None = None,
    ) -> None:
        """Take totals that are known already; see ``of`` and ``lazy``."""
        self._entries = entries
        self._load = load
        self.attributes = attributes
        self.files = files
        self.bytes = bytes
        self.mem_bytes = mem_bytes
        self.record = record

    @classmethod
    def of(cls, entries: NameMap[Node], attributes: Attributes = EMPTY, record: str | None = None) -> DirNode:
        """Build a directory from its entries, and count the totals."""
        files = size = mem = 0
        for node in entries.values():
            counted = _totals(node)
            files += counted[0]
            size += counted[1]
            mem += counted[2]
        return cls(entries, attributes=attributes, files=files, bytes=size, mem_bytes=mem, record=record)

    @classmethod
    def lazy(
        cls,
        load: Load,
        *,
        files: int,
        bytes: int,  # noqa: A002
        attributes: Attributes = EMPTY,
        record: str | None = None,
    ) -> DirNode:
        """Build a directory that loads its entries when they are first asked for; all of its bytes are in blocks."""
        return cls(None, attributes=attributes, files=files, bytes=bytes, mem_bytes=0, record=record, load=load)

    @property
    def entries(self) -> NameMap[Node]:
        """The entries, loaded now if nobody has them; raises what loading raises, and then can be tried again."""
        entries = self._entries
        if isinstance(entries, NameMap):
            return entries
        kept = None if entries is None else entries()
        if kept is None:
            assert self._load is not None  # noqa: S101 - a directory has entries or a way to them
            kept = self._load()
            self._entries = ref(kept)
        return kept

    @property
    def holds_entries(self) -> bool:
        """Whether the entries are in memory as long as this directory is: they were not loaded, or were changed."""
        return isinstance(self._entries, NameMap)

    @property
    def loaded(self) -> bool:
        """Whether the entries are in memory."""
        entries = self._entries
        return isinstance(entries, NameMap) or (entries is not None and entries() is not None)

    def get(self, name: str) -> Node | None:
        """Return the child of this name, or None."""
        return self.entries.get(name)

    def items(self, start_after: str | None = None) -> Iterator[tuple[str, Node]]:
        """Iterate over (name, child) in order of the names, from behind ``start_after``."""
        return self.entries.items(start_after)

    def leaves(self) -> Iterator[AnyLeaf[Node]]:
        """Iterate over the children by leaves of up to 64, which versions of a directory share where they are equal."""
        return self.entries.leaves()

    def __len__(self) -> int:
        return len(self.entries)

    def __bool__(self) -> bool:
        return True

    def with_entry(self, name: str, node: Node) -> DirNode:
        """Return the directory with a child added or replaced."""
        entries = self.entries
        old = entries.get(name)
        return self._edited(entries.set(name, node), _totals(old), _totals(node))

    def without_entry(self, name: str) -> DirNode:
        """Return the directory without a child; raises KeyError if there is none of this name."""
        entries = self.entries
        old = entries.get(name)
        return self._edited(entries.remove(name), _totals(old), (0, 0, 0))

    def with_attributes(self, attributes: Attributes) -> DirNode:
        """Return the directory with other attributes of its own; it stays unloaded if it is."""
        return DirNode(
            self._entries,
            attributes=attributes,
            files=self.files,
            bytes=self.bytes,
            mem_bytes=self.mem_bytes,
            load=self._load,
        )

    def _edited(self, entries: NameMap[Node], old: _Totals, new: _Totals) -> DirNode:
        return DirNode(
            entries,
            attributes=self.attributes,
            files=self.files - old[0] + new[0],
            bytes=self.bytes - old[1] + new[1],
            mem_bytes=self.mem_bytes - old[2] + new[2],
        )


Node = FileNode | DirNode
_Totals = tuple[int, int, int]


def _totals(node: Node | None) -> _Totals:
    if node is None:
        return 0, 0, 0
    if isinstance(node, FileNode):
        return 1, node.size, node.mem_bytes
    return node.files, node.bytes, node.mem_bytes


EMPTY_DIR = DirNode.of(NameMap())
