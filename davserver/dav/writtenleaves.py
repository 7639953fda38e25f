"""What was written of leaves, kept as long as they live.

Owns: a byte budget, and which listings fill it: those that were asked for last.
Never: what is written. A leaf never changes and the writer has a key, so what is kept is never out of date: after a
change a listing is written anew where the change was.
Invariants: what is kept stays within the budget; a leaf is not kept alive by what was written of it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator
from typing import Protocol
from weakref import ref

from davserver.collection.dirnode import DirNode, Node
from davserver.collection.names import AnyLeaf

_MEMBER_BYTES = 512
"""What a member may take: a listing that would fill more than half of the budget is not kept at all."""
_OVERHEAD_BYTES = 256
"""What a piece takes beside its text."""


class LeafWriter(Protocol):
    """Writes leaves."""

    @property
    def key(self) -> Hashable:
        """What the text depends on beside the leaf."""

    def is_common(self, leaf: AnyLeaf[Node], /) -> bool:
        """Tell whether that is all: else what it writes of this leaf is not for others."""

    def __call__(self, leaf: AnyLeaf[Node], /) -> bytes:
        """Write a leaf."""


class _Written(ref[AnyLeaf[Node]]):
    """The text of a leaf; the leaf itself only while a tree holds it."""

    __slots__ = ("key", "number", "text")

    key: Hashable
    number: int
    text: bytes

    @property
    def cost(self) -> int:
        return len(self.text) + _OVERHEAD_BYTES


_Shelf = dict[int, _Written]
"""The pieces of one listing by the identity of their leaves, which may have passed on to another leaf."""


class WrittenLeaves:
    """Remembers what writers wrote. Threads: any; two that list the same write a leaf each, and take the other's."""

    def __init__(self, budget_bytes: int = 0) -> None:
        self._budget_bytes = budget_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._shelves: OrderedDict[Hashable, _Shelf] = OrderedDict()
        self._dead: deque[_Written] = deque()

    @property
    def kept_bytes(self) -> int:
        """How much is kept."""
        return self._bytes

    def pieces(self, folder: DirNode, write: LeafWriter) -> Iterator[bytes]:
        """Iterate over the text of a folder, a leaf at a time; raises what loading the folder raises."""
        if len(folder) * _MEMBER_BYTES > self._budget_bytes // 2:
            yield from map(write, folder.leaves())
            return
        shelf = self._shelf(write.key)
        for leaf in folder.leaves():
            if not write.is_common(leaf):
                yield write(leaf)
                continue
            written = shelf.get(id(leaf))
            if written is not None and written() is leaf:
                yield written.text
            else:
                text = write(leaf)
                self._keep(write.key, shelf, leaf, text)
                yield text

    def _shelf(self, key: Hashable) -> _Shelf:
        with self._lock:
            shelf = self._shelves.setdefault(key, {})
            self._shelves.move_to_end(key)
            return shelf

    def _keep(self, key: Hashable, shelf: _Shelf, leaf: AnyLeaf[Node], text: bytes) -> None:
        # The callback may come in any thread at any time, also in one that holds the lock: it only notes.
        written = _Written(leaf, self._dead.append)
        written.key, written.number, written.text = key, id(leaf), text
        with self._lock:
            while self._dead:
                self._drop(self._dead.popleft())
            if self._shelves.get(key) is not shelf:
                return  # others took its room meanwhile
            known = shelf.get(written.number)
            if known is not None:
                self._drop(known)
            shelf[written.number] = written
            self._bytes += written.cost
            while self._bytes > self._budget_bytes:
                _, oldest = self._shelves.popitem(last=False)
                self._bytes -= sum(each.cost for each in oldest.values())

    def _drop(self, written: _Written) -> None:
        shelf = self._shelves.get(written.key)
        if shelf is not None and shelf.get(written.number) is written:
            del shelf[written.number]
            self._bytes -= written.cost
