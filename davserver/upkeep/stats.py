"""Statistics: how much is there, and how much room it takes.

Owns: what is counted. Sizes are in bytes; *logical* are those of files, *stored* those of blocks.
Never: reads a block.
Cost: of the whole store, its catalog's rows and one look at each block's name; of a collection, each directory record
of its versions is read once, without its files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from davserver.catalog.database import Tables
from davserver.catalog.model import Collection, Version
from davserver.catalog.tallies import Tallies, Tally
from davserver.collection.record import Fetch
from davserver.collection.repack import records_below
from davserver.manifest.parse import parse_locators
from davserver.upkeep.gc import Blocks
from davserver.upkeep.shapes import utc

Progress = Callable[[str, int, int], None]
"""Told what is being worked on, how many of it are done, and how many there are (0: not known)."""


def _silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A version: its size, and the blocks that no version before it names."""

    version: int
    created_ns: int
    files: int
    bytes: int
    new_blocks: int
    new_bytes: int


@dataclass(slots=True, kw_only=True)
class CollectionStats:
    """One collection; what is stored counts a block once, whatever the number of files and versions that share it.

    ``complete`` tells that all of its records were read; else ``blocks`` and the like are those found before the limit.
    """

    name: str
    uuid: str
    files: int
    bytes: int
    folders: int = 0
    blocks: int = 0
    stored_bytes: int = 0
    versions: int = 0
    version_bytes: int = 0
    history_blocks: int = 0
    history_bytes: int = 0
    pending: int = 0
    pending_bytes: int = 0
    complete: bool = True
    growth: list[Growth] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """Logical bytes of all versions for each stored one; None while nothing is stored."""
        return self.version_bytes / self.history_bytes if self.history_bytes else None

    def to_json(self) -> dict[str, Any]:
        """Return what was counted for ``json.dumps``."""
        shown = {**asdict(self), "ratio": self.ratio}
        for growth in shown["growth"]:
            growth["created"] = utc(growth.pop("created_ns"))
        return shown


class _TooMany(Exception):
    """More records than were to be read."""


class _Blocks:
    """The blocks that records name, each record once; ``most`` records in all."""

    def __init__(self, fetch: Fetch, most: int | None, progress: Progress) -> None:
        self._fetch = fetch
        self._most = most
        self._progress = progress
        self._known: set[str] = set()
        self.sizes: dict[str, int] = {}

    def add(self, root: str) -> Iterator[int]:
        """Take a tree's blocks; yields the sizes of those that are new. Raises _TooMany."""
        waiting = [root] if root not in self._known else []
        self._known.add(root)
        while waiting:
            record_hash = waiting.pop()
            if self._most is not None and len(self._known) > self._most:
                raise _TooMany
            record = self._fetch(record_hash)
            for locator in parse_locators(record.locators) if record.locators else ():
                if locator.md5 not in self.sizes:
                    self.sizes[locator.md5] = locator.size
                    yield locator.size
            fresh = {below.record for below in record.directories} - self._known
            self._known |= fresh  # so that none waits twice
            waiting += fresh
            self._progress("directories", len(self._known), 0)


def collection_stats(
    row: Collection,
    versions: list[Version],
    tally: Tally,
    fetch: Fetch,
    *,
    files: int,
    size: int,
    most_records: int | None = None,
    progress: Progress = _silent,
) -> CollectionStats:
    """Count one collection, which now has so many files and bytes; of larger ones than ``most_records`` a part."""
    stats = CollectionStats(
        name=row.name,
        uuid=row.uuid,
        files=files,
        bytes=size,
        versions=tally.versions,
        version_bytes=tally.version_bytes,
        pending=tally.pending,
        pending_bytes=tally.pending_bytes,
    )
    try:
        _count_newest(stats, versions, fetch, most_records, progress)
        _count_history(stats, versions, fetch, most_records, progress)
    except _TooMany:
        stats.complete = False
    return stats


def _count_newest(
    stats: CollectionStats, versions: list[Version], fetch: Fetch, most: int | None, progress: Progress
) -> None:
    if not versions:
        return
    blocks = _Blocks(fetch, most, progress)
    for size in blocks.add(versions[-1].root):
        stats.blocks += 1
        stats.stored_bytes += size
    stats.folders = _folders(versions[-1].root, fetch)


def _count_history(
    stats: CollectionStats, versions: list[Version], fetch: Fetch, most: int | None, progress: Progress
) -> None:
    blocks = _Blocks(fetch, most, progress)
    for version in versions:
        sizes = list(blocks.add(version.root))
        stats.history_blocks += len(sizes)
        stats.history_bytes += sum(sizes)
        stats.growth.append(
            Growth(
                version=version.number,
                created_ns=version.created_ns,
                files=version.files,
                bytes=version.bytes,
                new_blocks=len(sizes),
                new_bytes=sum(sizes),
            )
        )


def _folders(root: str, fetch: Fetch) -> int:
    """Count the folders below a root as clients see them: one that is shared counts wherever it stands."""
    below = {
        record_hash: [one.record for one in record.directories] for record_hash, record in records_below(root, fetch)
    }
    counts: dict[str, int] = {}
    waiting = [root]
    while waiting:
        record = waiting[-1]
        missing = [child for child in below[record] if child not in counts]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        counts[record] = sum(1 + counts[child] for child in below[record])
    return counts[root]


@dataclass(slots=True, kw_only=True)
class StoreStats:
    """The whole store. ``collections`` are (row, tally) of those that are not in the trash, by name."""

    collections: list[tuple[Collection, Tally]]
    trashed: list[tuple[Collection, Tally]]
    records: int
    record_bytes: int
    blocks: int = 0
    stored_bytes: int = 0
    trash_blocks: int = 0
    trash_bytes: int = 0

    @property
    def bytes(self) -> int:
        """The logical bytes that clients see."""
        return sum(row.bytes for row, _ in self.collections)

    @property
    def version_bytes(self) -> int:
        """The logical bytes of all versions."""
        return sum(tally.version_bytes for _, tally in [*self.collections, *self.trashed])

    @property
    def ratio(self) -> float | None:
        """Logical bytes of all versions for each stored one; None while nothing is stored."""
        return self.version_bytes / self.stored_bytes if self.stored_bytes else None

    def to_json(self) -> dict[str, Any]:
        """Return what was counted for ``json.dumps``."""
        return {
            "collections": [tally_json(row, tally) for row, tally in self.collections],
            "bytes": self.bytes,
            "versions": sum(tally.versions for _, tally in self.collections),
            "version_bytes": self.version_bytes,
            "blocks": self.blocks,
            "stored_bytes": self.stored_bytes,
            "ratio": self.ratio,
            "pending": sum(tally.pending for _, tally in self.collections),
            "pending_bytes": sum(tally.pending_bytes for _, tally in self.collections),
            "directory_records": self.records,
            "directory_record_bytes": self.record_bytes,
            "trashed_collections": len(self.trashed),
            "trashed_collection_bytes": sum(row.bytes for row, _ in self.trashed),
            "trash_blocks": self.trash_blocks,
            "trash_bytes": self.trash_bytes,
        }


def tally_json(row: Collection, tally: Tally) -> dict[str, Any]:
    """Return what is known of a collection without a look into it."""
    return {"name": row.name, "uuid": row.uuid, "bytes": row.bytes, **asdict(tally)}


def store_stats(tables: Tables, blocks: Blocks, progress: Progress = _silent) -> StoreStats:
    """Count the whole store."""
    tallies = Tallies(tables.connection)
    counts = tallies.of_collections()
    records, record_bytes = tallies.records()
    stats = StoreStats(
        collections=[(row, counts.get(row.id, Tally())) for row in tables.collections.live()],
        trashed=[(row, counts.get(row.id, Tally())) for row in tables.collections.trashed()],
        records=records,
        record_bytes=record_bytes,
    )
    for block in blocks.index():
        stats.blocks += 1
        stats.stored_bytes += block.size
        progress("blocks", stats.blocks, 0)
    for trashed in blocks.trashed():
        stats.trash_blocks += 1
        stats.trash_bytes += trashed.size
    return stats
