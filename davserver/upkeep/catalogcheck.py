"""Checking what the catalog holds beside collections, versions and journals.

Owns: the database's own check, trails, grafts, rows that belong to nobody.
Never: changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from davserver.catalog.grafts import Grafts
from davserver.catalog.integrity import Integrity
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
    with house.read_catalog() as tables:
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
    for (key, seq), origin in sorted(grafts.items()):
        if (key, seq) not in known and key in rows:
            fix = partial(note_graft, key, seq, origin)
            message = f"entry {seq} needs entries of collection {origin.collection_id}, and nothing keeps them"
            report(Finding(kind=Kind.GRAFT, subject=rows[key].name, message=message, fix=fix))
    for key, seq in sorted(known):
        if key in rows and seq > rows[key].head_seq:
            message = f"entry {seq} is said to need another collection, and does not exist"
            report(Finding(kind=Kind.GRAFT, subject=rows[key].name, message=message, fix=partial(drop_graft, key, seq)))
