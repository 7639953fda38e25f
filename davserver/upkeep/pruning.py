"""Pruning: versions that no rule keeps are removed from the catalog.

Owns: which collections' versions are looked at, and by whose rules.
Never: touches a block or a record: what no version names any more is garbage, and goes by the rules of gc.
Invariants: each collection's versions go in one transaction, which looks again at what must stay: the newest version,
and what was tagged or linked meanwhile. A kill leaves each collection as it was before or as it is after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from davserver.catalog.audit import COMMAND_LINE, Event
from davserver.catalog.database import Catalog
from davserver.catalog.model import Collection
from davserver.errors import NotFound
from davserver.upkeep.retention import Fate, Rules, fates


@dataclass(frozen=True, slots=True)
class Pruned:
    """One collection: its rules, what they say of each version, and the numbers of those that went (or would go)."""

    collection: Collection
    rules: Rules
    fates: list[Fate]
    gone: list[int]


def rules_of(collection: Collection, default: Rules) -> Rules:
    """Return the rules that hold for a collection; raises Invalid if its own cannot be read."""
    return default if collection.retention is None else Rules.from_text(collection.retention)


def prune(
    catalog: Catalog, collection: Collection, default: Rules, *, dry_run: bool = False, noted_ns: int | None = None
) -> Pruned:
    """Remove the versions of one collection that its rules do not keep; see ``Versions.remove`` for what stays anyway.

    The catalog is this call's own connection, as for gc. ``noted_ns`` is when somebody asked for it, for the audit log.
    Errors: CatalogCorrupt, and nothing is removed, if a version cannot be read; StoreUnavailable.
    """
    rules = rules_of(collection, default)
    with catalog.read() as tables:
        judged = fates(tables.versions.of(collection.id), rules, tables.versions.linked(collection.id))
    going = [fate.version.number for fate in judged if not fate.reasons]
    if going and not dry_run:
        with catalog.write() as tables:
            going = tables.versions.remove(collection.id, going)
            if going and noted_ns is not None:
                tables.audit.add(_event(collection, going, noted_ns))
    return Pruned(collection, rules, judged, going)


def _event(collection: Collection, gone: list[int], at_ns: int) -> Event:
    numbers = ", ".join(map(str, gone))
    return Event(at_ns=at_ns, actor="", address=COMMAND_LINE, action="prune", subject=collection.name, detail=numbers)


def prune_all(catalog: Catalog, default: Rules, pause: Callable[[], None] = lambda: None) -> dict[str, int]:
    """Prune every collection that is not in the trash; returns how many versions went, by collection.

    ``pause`` is called between two collections, and may raise to end here.
    """
    with catalog.read() as tables:
        rows = tables.collections.live()
    found: dict[str, int] = {}
    for row in rows:
        pause()
        if not rules_of(row, default).keep_all and (count := len(prune(catalog, row, default).gone)):
            found[row.name] = count
    return found


def named(catalog: Catalog, name: str) -> Collection:
    """Find a collection by name; raises NotFound."""
    with catalog.read() as tables:
        row = tables.collections.by_name(name)
    if row is None:
        raise NotFound(f"no collection named {name!r}")
    return row
