"""Orders: in which order people see the members of a directory.

Owns: sorting, and remembering what was sorted: the numbers of the members, 4 bytes each.
Invariants: at most ``MAX_REMEMBERED`` numbers are kept (8 MiB in all, so they are in no budget); of the sorting of a
large directory one runs at a time.
Why: the names of a directory are a tree in the order of code points, which gives any page of it at once. Every other
order has to be made, 0.7 s for 100,000 members, and then the next page of it shall cost nothing.
Threads: any.
"""

from __future__ import annotations

import re
import threading
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from unicodedata import normalize
from weakref import ref

from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode
from davserver.collection.names import NameMap

MAX_FRIENDLY = 10_000
"""Up to so many members names are sorted as people count and spell; beyond, they stay in the order of the tree."""
MAX_SORTED = 1_000_000
MAX_REMEMBERED = 2_000_000
_MOST = (1 << 63) - 1
_DIGITS = re.compile("([0-9]+)")

_Key = tuple[object, str]


class Orders:
    """Orders by directory and column."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Key, tuple[ref[NameMap[Node]] | None, array[int]]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._sorting = threading.Lock()

    def of(self, directory: DirNode, sort: str) -> Sequence[int]:
        """Return the places of the members in the tree, in the order of a column, ascending.

        A directory of too many is in the order of its names.
        """
        count = len(directory)
        if count > (MAX_FRIENDLY if sort == "name" else MAX_SORTED):
            return range(count)
        entries = directory.entries
        # A stored directory is the same wherever it is loaded again; any other is itself only.
        key: _Key = (directory.record or id(entries), sort)
        held = None if directory.record else ref(entries)
        found = self._find(key, entries)
        if found is None:
            with self._sorting:
                found = self._find(key, entries) or _sorted(entries, sort)
            self._remember(key, held, found)
        return found

    def _find(self, key: _Key, entries: NameMap[Node]) -> array[int] | None:
        with self._lock:
            known = self._known.get(key)
            if known is None or (known[0] is not None and known[0]() is not entries):
                return None
            self._known.move_to_end(key)
            return known[1]

    def _remember(self, key: _Key, held: ref[NameMap[Node]] | None, order: array[int]) -> None:
        with self._lock:
            _, before = self._known.pop(key, (None, array("I")))
            self._known[key] = (held, order)
            self._size += len(order) - len(before)
            while self._size > MAX_REMEMBERED:
                _, (_, oldest) = self._known.popitem(last=False)
                self._size -= len(oldest)


def _sorted(entries: NameMap[Node], sort: str) -> array[int]:
    if sort == "name":
        names = [friendly(name, is_folder=isinstance(node, DirNode)) for name, node in entries.items()]
        return array("I", sorted(range(len(names)), key=names.__getitem__))
    of_node = size_of if sort == "size" else changed_us
    numbers = array("q", (min(of_node(node), _MOST) for node in entries.values()))
    return array("I", sorted(range(len(numbers)), key=numbers.__getitem__))


def size_of(node: Node) -> int:
    """Return the bytes of a file, or of all that is in a directory."""
    return node.size if isinstance(node, FileNode) else node.bytes


def changed_us(node: Node) -> int:
    """Return when a node was changed, 0 if nobody recorded it; in microseconds, of which 64 bits hold all years."""
    return (node.attributes.mtime_ns or 0) // 1000


def friendly(name: str, *, is_folder: bool) -> tuple[object, ...]:
    """Return what to sort a name by: folders first, numbers by their value, letters whatever their case.

    Numbers are compared by length and digits: as integers, a name of many digits would take quadratic time.
    """
    parts = _DIGITS.split(normalize("NFC", name).casefold())
    parts[1::2] = [f"{len(digits.lstrip('0')):03d}{digits.lstrip('0')}" for digits in parts[1::2]]
    return (not is_folder, parts, name)
