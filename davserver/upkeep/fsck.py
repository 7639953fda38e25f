"""Fsck: finding out whether everything that was promised is still there.

Owns: the order of the checks, and the report.
Never: repairs or changes anything (``repair`` does); it may run beside a server, on one consistent look at each
collection.
Follows: the promises of docs/design.md: every block that a version or a head names is in the store and undamaged, every
directory record is what its hash says, every version's text has its portable data hash, every journal can be applied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from davserver.catalog.model import Version
from davserver.catalog.versions import Damaged as DamagedVersion
from davserver.collection.attributes import EMPTY
from davserver.collection.dirnode import DirNode
from davserver.errors import CatalogCorrupt
from davserver.live.grafting import EntryReader
from davserver.live.house import House
from davserver.live.uploads import named_blocks
from davserver.upkeep.blockcheck import BlockCheck
from davserver.upkeep.catalogcheck import check_pages, check_rows
from davserver.upkeep.heads import Heads
from davserver.upkeep.places import Damage, Tree
from davserver.upkeep.report import Finding, Kind, Report
from davserver.upkeep.trees import Trees
from davserver.upkeep.versions import Versions

Progress = Callable[[str, int, int], None]
"""Told what is being checked, how many of it are done, and how many there are."""


def unwatched(_what: str, _done: int, _total: int) -> None:
    """Nobody looks on."""


def fsck(house: House, *, quick: bool = False, progress: Progress = unwatched) -> Report:
    """Check all collections, the trashed ones too, and all blocks they name.

    Cost: every record and every named block is read once (``quick``: of the blocks only sizes are looked at); memory
    grows with the number of different blocks and directories, not with their size. Raises StoreUnavailable or
    CatalogCorrupt if the catalog cannot be read.
    """
    return _Fsck(house, progress, quick=quick).run()


class _Fsck:
    """One run."""

    def __init__(self, house: House, progress: Progress, *, quick: bool) -> None:
        self._house = house
        self._progress = progress
        self._quick = quick
        self._report = Report()
        self._trees = Trees(house.directories, self._add)
        self._versions = Versions(house, self._trees, self._add)
        self._heads = Heads(house.directories, self._trees, self._add)
        self._blocks = BlockCheck(house, self._report)
        self._all: list[Tree] = []

    def run(self) -> Report:
        check_pages(self._house, self._add)
        rows = [*self._house.collections(), *self._house.trashed()]
        for number, row in enumerate(rows):
            self._progress("collections", number, len(rows))
            self._check_collection(row.id)
        self._progress("collections", len(rows), len(rows))
        self._trees.compare_totals()
        check_rows(self._house, self._heads.grafts, self._add)
        self._name_uploads()
        self._blocks.check(self._trees.named, quick=self._quick, progress=self._progress)
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
            versions, damaged = tables.versions.survey(row.id)
            newest = _newest([*versions, *damaged])
            # Inside the transaction, as an entry may need another collection's, which a commit is free to drop.
            reader = EntryReader(self._house.directories, tables.journal.after)
            head = self._heads.check(row, newest, tables.journal.after(row.id, row.base_seq), reader)
        if head is not None:
            self._all.append(Tree(row.name, None, head))
        for version in versions:
            self._all.append(Tree(row.name, version.number, self._open(version)))
            self._versions.check(row, version)
        for unread in damaged:
            self._versions.check_damaged(row, unread)
        self._report.versions += len(versions) + len(damaged)

    def _open(self, version: Version) -> DirNode:
        return self._house.directories.load(version.root, files=version.files, bytes=version.bytes, attributes=EMPTY)

    def _name_uploads(self) -> None:
        """Count the blocks of uploads that are not linked yet as named: they are promised to whoever sends them."""
        try:
            with self._house.uploads() as uploads:
                self._trees.named.update(named_blocks(uploads))
        except CatalogCorrupt as error:
            self._add(Finding(kind=Kind.JOURNAL, subject="uploads", message=f"an open upload: {error.message}"))

    def _name_places(self) -> None:
        damage = Damage(self._house.directories, self._blocks.bad, self._trees.bad_records())
        hits = damage.find(self._all)
        for number, finding in enumerate(self._report.findings):
            hit = hits.get(finding.subject)
            if hit is not None:
                self._report.findings[number] = replace(finding, places=hit.places(), more_places=hit.more)


def _newest(versions: Sequence[Version | DamagedVersion]) -> Version | DamagedVersion | None:
    return max(versions, key=lambda version: version.number, default=None)
