"""Checking what the catalog holds beside collections, versions and journals.

Owns: the database's own check, trails, grafts, rows that belong to nobody.
Never: changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from davserver.catalog.grafts import Graft, Grafts, needed
from davserver.catalog.integrity import Integrity
from davserver.catalog.model import Collection
from davserver.collection.change import Origin
from davserver.live.house import House
from davserver.upkeep.mending import drop_graft, forget_trail, note_graft
from davserver.upkeep.report import Finding, Kind

Report = Callable[[Finding], None]


def check_pages(house: House, report: Report) -> None:
    """Report what the database says of itself."""
    with house.read_catalog() as tables:
        problems = Integrity(tables.connection).problems()
    for problem in problems:
        report(Finding(kind=Kind.CATALOG, subject="catalog", message=problem))


def check_rows(house: House, grafts: Mapping[tuple[int, int], Origin], report: Report) -> None:
    """Report trails that cannot be read, notes that do not fit the journal, rows of collections that do not exist.

    ``grafts`` is what the entries that were replayed need of others.
    """
    with house.read_catalog() as tables:  # one state of notes and rows: a commit drops the notes it needs no more
        trails = [(key, seq, error) for key, seq, error in tables.trails.all() if error is not None]
        noted = Grafts(tables.connection).all()
        dangling = list(Integrity(tables.connection).dangling())
        rows = {row.id: row for row in [*tables.collections.live(), *tables.collections.trashed()]}
    for key, seq, error in trails:
        name = rows[key].name if key in rows else f"collection {key}"
        report(Finding(kind=Kind.TRAIL, subject=name, message=error.message, fix=partial(forget_trail, key, seq)))
    for table, key, count in dangling:
        message = f"{count} rows of a collection that does not exist, number {key}"
        report(Finding(kind=Kind.DANGLING, subject=table, message=message))
    known = {(graft.collection_id, graft.seq) for graft in noted}
    for graft in _not_noted(grafts, noted, rows):
        origin = grafts[graft.collection_id, graft.seq]
        fix = partial(note_graft, graft.collection_id, graft.seq, origin)
        message = f"entry {graft.seq} needs entries of collection {graft.source_id}, and nothing keeps them"
        report(Finding(kind=Kind.GRAFT, subject=rows[graft.collection_id].name, message=message, fix=fix))
    for key, seq in sorted(known):
        if key in rows and seq > rows[key].head_seq:
            message = f"entry {seq} is said to need another collection, and does not exist"
            report(Finding(kind=Kind.GRAFT, subject=rows[key].name, message=message, fix=partial(drop_graft, key, seq)))


def _not_noted(
    read: Mapping[tuple[int, int], Origin], noted: Sequence[Graft], rows: Mapping[int, Collection]
) -> list[Graft]:
    """List the grafts that were read from entries, are not noted, and are needed now: commits went on meanwhile."""
    known = {(graft.collection_id, graft.seq) for graft in noted}
    missing = {
        Graft(key, seq, origin.collection_id, origin.base_seq, origin.seq)
        for (key, seq), origin in read.items()
        if (key, seq) not in known and key in rows
    }
    both = [*(graft for graft in noted if graft.collection_id in rows), *missing]
    found = missing & needed(both, {key: row.base_seq for key, row in rows.items()})
    return sorted(found, key=lambda graft: (graft.collection_id, graft.seq))
