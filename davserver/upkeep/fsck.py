"""Fsck: finding out whether everything that was promised is still there.

Owns: the order of the checks, and the report.
Never: repairs or changes anything; it may run beside a server, on one consistent look at each collection.
Follows: the promises of docs/design.md: every block that a version or a head names is in the store and undamaged, every
directory record is what its hash says, every version's text has its portable data hash, every journal can be applied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from davserver.catalog.model import Collection, Entry, Version
from davserver.collection.attributes import EMPTY
from davserver.errors import BlockCorrupt, BlockError, BlockMissing, DavserverError, StoreUnavailable
from davserver.live.grafting import EntryReader
from davserver.live.house import House
from davserver.live.uploads import named_blocks
from davserver.upkeep.heads import Heads
from davserver.upkeep.places import Damage, Tree
from davserver.upkeep.report import Finding, Kind, Report
from davserver.upkeep.trees import Trees
from davserver.upkeep.versions import Versions
from davserver.values import Locator

Progress = Callable[[str, int, int], None]
"""Told what is being checked, how many of it are done, and how many there are."""

_KINDS: dict[type[DavserverError], Kind] = {BlockMissing: Kind.BLOCK_MISSING, BlockCorrupt: Kind.BLOCK_CORRUPT}


def fsck(house: House, *, progress: Progress = lambda _what, _done, _total: None) -> Report:
    """Check all collections, the trashed ones too, and all blocks they name.

    Cost: every record and every named block is read once; memory grows with the number of different blocks and
    directories, not with their size. Raises StoreUnavailable if the catalog cannot be read.
    """
    return _Fsck(house, progress).run()


class _Fsck:
    """One run."""

    def __init__(self, house: House, progress: Progress) -> None:
        self._house = house
        self._progress = progress
        self._report = Report()
        self._trees = Trees(house.directories, self._add)
        self._versions = Versions(house, self._trees, self._add)
        self._heads = Heads(house.directories, self._trees, self._add)
        self._bad_blocks: set[Locator] = set()
        self._all: list[Tree] = []

    def run(self) -> Report:
        rows = [*self._house.collections(), *self._house.trashed()]
        for number, row in enumerate(rows):
            self._progress("collections", number, len(rows))
            self._check_collection(row.id)
        self._progress("collections", len(rows), len(rows))
        self._trees.compare_totals()
        self._name_uploads()
        self._check_blocks()
        self._count_orphans()
        self._name_places()
        self._report.collections = len(rows)
        self._report.records = self._trees.records
        return self._report

    def _add(self, finding: Finding) -> None:
        self._report.findings.append(finding)

    def _check_collection(self, collection_id: int) -> None:
        with self._house.read_catalog() as tables:
            row = tables.collections.by_id(collection_id)
            if row is None:
                return  # deleted for good since the list was made
            versions = tables.versions.of(row.id)
            # Inside the transaction, as an entry may need another collection's, which a commit is free to drop.
            reader = EntryReader(self._house.directories, tables.journal.after)
            self._check_head(row, versions, tables.journal.after(row.id, row.base_seq), reader)
        for version in versions:
            self._versions.check(row, version)
        self._report.versions += len(versions)

    def _check_head(self, row: Collection, versions: list[Version], entries: list[Entry], reader: EntryReader) -> None:
        open_root = self._house.directories.load
        for version in versions:
            root = open_root(version.root, files=version.files, bytes=version.bytes, attributes=EMPTY)
            self._all.append(Tree(row.name, version.number, root))
        head = self._heads.check(row, versions[-1] if versions else None, entries, reader)
        if head is not None:
            self._all.append(Tree(row.name, None, head))

    def _name_uploads(self) -> None:
        """Count the blocks of uploads that are not linked yet as named: they are promised to whoever sends them."""
        with self._house.uploads() as uploads:
            self._trees.named.update(named_blocks(uploads))

    def _check_blocks(self) -> None:
        named = sorted(self._trees.named, key=str)
        for number, locator in enumerate(named):
            self._progress("blocks", number, len(named))
            if locator.size:
                self._check_block(locator)
        self._progress("blocks", len(named), len(named))

    def _check_block(self, locator: Locator) -> None:
        self._report.blocks += 1
        self._report.block_bytes += locator.size
        try:
            self._house.blocks.verify(locator)
        except BlockError as error:
            self._add_bad_block(_KINDS.get(type(error), Kind.BLOCK_UNREADABLE), locator, error.reason)
        except StoreUnavailable as error:
            self._add_bad_block(Kind.BLOCK_UNREADABLE, locator, error.message)

    def _add_bad_block(self, kind: Kind, locator: Locator, reason: str) -> None:
        self._bad_blocks.add(locator)
        self._add(Finding(kind=kind, subject=str(locator), message=reason))

    def _count_orphans(self) -> None:
        named = {locator.md5 for locator in self._trees.named}
        try:
            for block in self._house.blocks.index():
                if block.md5 not in named:
                    self._report.orphan_blocks += 1
                    self._report.orphan_bytes += block.size
        except StoreUnavailable as error:
            self._add(Finding(kind=Kind.INDEX, subject="blocks", message=f"not all can be listed: {error.message}"))
        if self._report.orphan_blocks:
            count, size = self._report.orphan_blocks, self._report.orphan_bytes
            message = f"{count} blocks, {size} bytes are named by no version and no head"
            self._add(Finding(kind=Kind.ORPHANS, subject="blocks", message=message))

    def _name_places(self) -> None:
        damage = Damage(self._house.directories, self._bad_blocks, self._trees.bad_records())
        hits = damage.find(self._all)
        for number, finding in enumerate(self._report.findings):
            hit = hits.get(finding.subject)
            if hit is not None:
                self._report.findings[number] = replace(finding, places=hit.places(), more_places=hit.more)
