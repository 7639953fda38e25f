"""Checking that a collection's journal leads from its checkpoint to its head.

Owns: the replay of entries, one by one, and the blocks they name.
Never: changes the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from davserver.catalog.model import Collection, Entry, Version
from davserver.catalog.versions import Damaged
from davserver.collection.attributes import EMPTY
from davserver.collection.change import Change, Origin, Put, Splice, Write, apply
from davserver.collection.dirnode import DirNode
from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.errors import DavserverError, StoreUnavailable
from davserver.live.directories import Directories
from davserver.live.grafting import EntryReader
from davserver.upkeep.mending import advance_head, correct_checkpoint, correct_size
from davserver.upkeep.report import Finding, Fix, Kind
from davserver.upkeep.trees import Trees


class Heads:
    """Checks what stands after the last version of each collection; ``grafts`` gathers what entries need of others."""

    def __init__(self, directories: Directories, trees: Trees, report: Callable[[Finding], None]) -> None:
        self._directories = directories
        self._trees = trees
        self._report = report
        self.grafts: dict[tuple[int, int], Origin] = {}

    def check(
        self, row: Collection, newest: Version | Damaged | None, entries: Sequence[Entry], reader: EntryReader
    ) -> DirNode | None:
        """Check a collection's checkpoint and journal, in the transaction of the reader.

        Returns the tree of its head, None if it cannot be had. Over a damaged checkpoint nothing is replayed: what is
        returned then is the checkpoint.
        """
        if row.base_root != (newest.root if newest else None) or row.version != (newest.number if newest else 0):
            fix = None if not isinstance(newest, Version) else partial(correct_checkpoint, row, newest)
            self._complain(row, Kind.VERSION, f"its checkpoint is not its newest version, number {row.version}", fix)
        if row.base_root is not None and not self._trees.check_record(row.base_root):
            return self._directories.load(row.base_root, files=0, bytes=0, attributes=EMPTY)
        root = self._replay(row, entries, reader)
        if root is not None:
            self._trees.check_directory(root)
            if root.bytes != row.bytes:
                message = f"its row says {row.bytes} bytes, its files have {root.bytes}"
                self._complain(row, Kind.TOTALS, message, partial(correct_size, row, root.bytes))
        return root

    def _replay(self, row: Collection, entries: Sequence[Entry], reader: EntryReader) -> DirNode | None:
        root = self._directories.root(row.base_root)
        expected = row.base_seq
        for entry in entries:
            expected += 1
            if entry.seq != expected:
                self._complain(row, Kind.JOURNAL, f"entry {expected} is missing before entry {entry.seq}")
                return None
            try:
                change = reader.change(entry)
                self._name_blocks(change)
                if isinstance(change, Splice) and change.origin is not None:
                    self.grafts[row.id, entry.seq] = change.origin
                root = apply(root, change)
            except StoreUnavailable:
                raise
            except DavserverError as error:
                self._complain(row, Kind.JOURNAL, f"entry {entry.seq}: {error.message}")
                return None
        if expected > row.head_seq:
            message = f"there are entries after its head {row.head_seq}, up to {expected}"
            self._complain(row, Kind.JOURNAL, message, partial(advance_head, row, expected, root.bytes))
            return None
        if expected != row.head_seq:
            self._complain(row, Kind.JOURNAL, f"the entries after {expected} are missing, up to {row.head_seq}")
            return None
        return root

    def _name_blocks(self, change: Change) -> None:
        """Count what an entry names as named, also where a later entry takes it away again."""
        if isinstance(change, Put):
            self._trees.name_extents(change.node)
        elif isinstance(change, Write):
            self._trees.named.update(
                extent.locator.bare() for extent in change.extents if isinstance(extent, StoredExtent)
            )
        elif isinstance(change, Splice):
            if isinstance(change.node, FileNode):
                self._trees.name_extents(change.node)
            else:
                self._trees.check_directory(change.node)

    def _complain(self, row: Collection, kind: Kind, message: str, fix: Fix | None = None) -> None:
        self._report(Finding(kind=kind, subject=row.name, message=message, fix=fix))
