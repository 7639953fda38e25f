"""Why one block stays or goes.

Owns: finding everything that names a block, by the same names that gc goes by.
Cost: each record is read once, and once more on the way to the files that have the block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from davserver.catalog.database import Tables
from davserver.catalog.model import Collection
from davserver.collection.attributes import EMPTY
from davserver.collection.codec import open_header
from davserver.collection.extents import StoredExtent
from davserver.collection.named import names_of
from davserver.live.directories import Directories
from davserver.live.uploads import extents_of
from davserver.manifest.locators import locators_of_line
from davserver.upkeep.gc import Yard
from davserver.upkeep.harvest import Policy
from davserver.upkeep.places import Damage, Tree
from davserver.values import PDH, Locator


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Something that names a block: a version, journal entry, upload or text; numbers are of versions or entries."""

    kind: str
    collection: str
    path: str = ""
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is known of a block, and what follows from it; times in seconds since the epoch."""

    locator: str
    verdict: str
    stored_s: float | None
    trashed_until_s: float | None
    holders: tuple[Holder, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it for ``json.dumps``."""
        return asdict(self)


def explain(yard: Yard, policy: Policy, locator: Locator) -> Explanation:
    """Tell why a block stays or goes. Raises what stops gc: RecordCorrupt, JournalCorrupt, StoreUnavailable."""
    locator = locator.bare()
    holders = tuple(_holders(yard, locator))
    stored = next((block for block in yard.blocks.index(locator.md5)), None)
    until_s = max((block.deadline_s for block in yard.blocks.trashed(locator.md5)), default=None)
    old_at_s = None if stored is None else stored.mtime_ns / 1e9 + policy.grace_s
    if stored is None:
        state = "is in the trash" if until_s is not None else "is not in the store"
        verdict = f"{state}, and {'is missed' if holders else 'nothing names it'}"
    elif holders:
        verdict = "stays: it is named"
    elif old_at_s is not None and old_at_s > yard.clock():
        verdict = "stays for now: nothing names it, but it is younger than the grace"
    else:
        verdict = "goes: nothing names it"
    return Explanation(
        locator=str(locator),
        verdict=verdict,
        stored_s=None if stored is None else stored.mtime_ns / 1e9,
        trashed_until_s=until_s,
        holders=holders,
    )


def _holders(yard: Yard, locator: Locator) -> Iterator[Holder]:
    with yard.catalog.read() as tables:
        rows = {row.id: row for row in [*tables.collections.live(), *tables.collections.trashed()]}
        trees = list(_trees(yard, tables, rows))
        entries = list(_entries(tables, rows, locator))
        uploads = list(_uploads(tables, locator))
    hits = Damage(Directories(yard.catalog), {locator}, set()).find(trees).get(str(locator))
    for place in hits.places() if hits is not None else ():
        yield Holder(kind="version", collection=place.collection, path=place.path, numbers=place.versions)
    yield from entries
    yield from uploads
    yield from _texts(yard, rows, locator)


def _trees(yard: Yard, tables: Tables, rows: dict[int, Collection]) -> Iterator[Tree]:
    load = Directories(yard.catalog).load
    for root in dict.fromkeys(tables.garbage.roots()):  # a checkpoint is a version, too
        tree = load(root.root, files=0, bytes=0, attributes=EMPTY)
        yield Tree(_name(rows[root.collection_id]), root.number, tree)


def _entries(tables: Tables, rows: dict[int, Collection], locator: Locator) -> Iterator[Holder]:
    for entry in tables.garbage.entries():
        if any(one.md5 == locator.md5 for one in names_of(entry.header).blocks):
            path = open_header(entry.header)["p"]
            yield Holder(kind="journal", collection=_name(rows[entry.collection_id]), path=path, numbers=(entry.seq,))


def _uploads(tables: Tables, locator: Locator) -> Iterator[Holder]:
    for part in tables.uploads.all_parts():
        stored = [extent.locator.md5 for extent in extents_of(part) if isinstance(extent, StoredExtent)]
        if locator.md5 in stored:
            yield Holder(kind="upload", collection="", numbers=(part.chunk,))


def _texts(yard: Yard, rows: dict[int, Collection], locator: Locator) -> Iterator[Holder]:
    with yard.catalog.read() as tables:
        kept = [version for row in rows.values() for version in tables.versions.of(row.id) if version.text]
    naming: dict[PDH, bool] = {}
    for version in kept:
        if version.pdh not in naming:
            with yard.catalog.read() as tables:
                lines = (tables.texts.get(version.pdh) or "").split("\n")
            naming[version.pdh] = any(word.startswith(locator.md5) for line in lines for word in locators_of_line(line))
        if naming[version.pdh]:
            yield Holder(kind="text", collection=_name(rows[version.collection_id]), numbers=(version.number,))


def _name(row: Collection) -> str:
    return row.name if row.trashed_ns is None else f"{row.name} (in the trash, {row.uuid})"
