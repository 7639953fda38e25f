"""Checking stored directories, and gathering the blocks they name.

Owns: each directory record read once, whatever the number of versions that share it.
Never: reads a block.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from davserver.collection.dirnode import DirNode
from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.errors import DavserverError, StoreUnavailable
from davserver.live.directories import Directories
from davserver.upkeep.mending import restore_record
from davserver.upkeep.merkle import settle
from davserver.upkeep.report import Finding, Kind
from davserver.values import Locator

Totals = tuple[int, int]
"""Files and bytes of a subtree."""


class Trees:
    """Reads directories as the server does. ``named`` gathers the blocks, without hints, that files are made of."""

    def __init__(self, directories: Directories, report: Callable[[Finding], None]) -> None:
        self._directories = directories
        self._report = report
        self._sound: dict[str, bool] = {}
        self._totals: dict[str, Totals] = {}
        self._claims: list[tuple[str, Totals]] = []
        self.named: set[Locator] = set()

    @property
    def records(self) -> int:
        """How many different records were read."""
        return len(self._sound)

    def bad_records(self) -> set[str]:
        """Return the records that cannot be read."""
        return {record for record, sound in self._sound.items() if not sound and record not in self._totals}

    def check_record(self, record: str) -> bool:
        """Check a stored tree; False if any record of it is bad."""
        return settle(record, self._sound, self._look)

    def check_directory(self, top: DirNode) -> None:
        """Check a tree that is stored in parts."""
        waiting = [top]
        while waiting:
            directory = waiting.pop()
            if directory.record is not None:
                self.check_record(directory.record)
            else:
                waiting += self._gather(directory)

    def compare_totals(self) -> None:
        """Report each record whose totals are not the sum of what is below, or not what its parent says."""
        wrong = {(record, claim) for record, claim in self._claims if self._totals.get(record, claim) != claim}
        for record, (files, size) in sorted(wrong):
            held = self._totals[record]
            message = f"its totals are {held[0]} files, {held[1]} bytes, elsewhere {files} files, {size} bytes"
            self._report(Finding(kind=Kind.TOTALS, subject=record, message=message))

    def name_extents(self, node: FileNode) -> None:
        """Gather the blocks of one file."""
        for extent in node.extents:
            if isinstance(extent, StoredExtent):
                self.named.add(extent.locator.bare())

    def _gather(self, directory: DirNode) -> list[DirNode]:
        below = []
        for node in directory.entries.values():
            if isinstance(node, FileNode):
                self.name_extents(node)
            else:
                below.append(node)
        return below

    def _look(self, record: str) -> list[str] | None:
        try:
            directory = self._directories.root(record)
            below = self._gather(directory)
        except StoreUnavailable:
            raise
        except DavserverError as error:
            fix = partial(restore_record, record)
            self._report(Finding(kind=Kind.RECORD, subject=record, message=error.message, fix=fix))
            return None
        self._count(record, directory)
        return [child.record for child in below if child.record is not None]

    def _count(self, record: str, directory: DirNode) -> None:
        """Compare the totals of a record with what is in it; what it says of those below is compared at the end."""
        counted = DirNode.of(directory.entries)
        self._totals[record] = (directory.files, directory.bytes)
        self._claims.append((record, (counted.files, counted.bytes)))
        for node in directory.entries.values():
            if isinstance(node, DirNode) and node.record is not None:
                self._claims.append((node.record, (node.files, node.bytes)))
