"""Shelf: the stored directories that were opened lately.

Owns: which directories stay in memory, and how much that takes.
Never: where records come from; a ``fetch`` is handed in.
Invariants: a record never changes, so what is kept of it is never wrong; what was put away is opened again when
somebody looks. A tree holds only what is in no record yet; the rest it finds here, so a new checkpoint or an old
version of it shares with it every directory that is equal in both.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.names import MAX_ITEMS, NameMap, Recent
from davserver.collection.page import Subdirectory
from davserver.collection.record import DirectoryRecord, Fetch, entries_of

_LEAST_KEPT = 4
"""So many directories stay whatever their size: what is in use would else be opened for every look."""
_MEMBER_BYTES = 700
"""What a member takes while its page is unpacked."""
_UNPACKED_PART = 4
"""One part in so many of the memory is for unpacked pages."""


class _Kept(NamedTuple):
    entries: NameMap[Node]
    bytes: int


class Shelf:
    """Opens directories by the hash of their record, and keeps those that were opened last. Threads: any."""

    def __init__(self, fetch: Fetch, memory_bytes: int) -> None:
        """``memory_bytes``: how much the open directories may take, beside the last four."""
        self._fetch = fetch
        self._limit = memory_bytes - memory_bytes // _UNPACKED_PART
        self._recent = Recent(max(1, memory_bytes // _UNPACKED_PART // (MAX_ITEMS * _MEMBER_BYTES)))
        self._kept: dict[str, _Kept] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def root(self, record_hash: str) -> DirNode:
        """Open the directory of a record, of which nothing else is known; raises what ``fetch`` raises."""
        record = self._fetch(record_hash)
        self._keep(record_hash, record)
        return self.directory(
            record_hash, files=record.files, bytes=record.bytes, attributes=Attributes.from_json(record.attributes)
        )

    def directory(self, record_hash: str, *, files: int, bytes: int, attributes: Attributes) -> DirNode:  # noqa: A002
        """Return the directory of a record; nothing is fetched before somebody looks into it."""
        load = _Load(self, record_hash)
        return DirNode.lazy(load, files=files, bytes=bytes, attributes=attributes, record=record_hash)

    def entries(self, record_hash: str) -> NameMap[Node]:
        """Return what is in the directory of a record; raises what ``fetch`` raises."""
        with self._lock:
            kept = self._kept.get(record_hash)
        return kept.entries if kept is not None else self._keep(record_hash, self._fetch(record_hash))

    def _keep(self, record_hash: str, record: DirectoryRecord) -> NameMap[Node]:
        """Keep a directory, and put those away that were opened first if all take too much."""
        fresh = _Kept(entries_of(record, self._open, self._recent), record.memory_bytes)
        with self._lock:
            kept = self._kept.setdefault(record_hash, fresh)
            if kept is fresh:
                self._bytes += fresh.bytes
            while self._bytes > self._limit and len(self._kept) > _LEAST_KEPT:
                self._bytes -= self._kept.pop(next(iter(self._kept))).bytes
        return kept.entries

    def _open(self, below: Subdirectory) -> DirNode:
        attributes = Attributes.from_json(below.attributes)
        return self.directory(below.record, files=below.files, bytes=below.bytes, attributes=attributes)


class _Load:
    """Finds the entries of one directory on the shelf."""

    __slots__ = ("_hash", "_shelf")

    def __init__(self, shelf: Shelf, record_hash: str) -> None:
        self._shelf = shelf
        self._hash = record_hash

    def __call__(self) -> NameMap[Node]:
        return self._shelf.entries(self._hash)
