"""The JSON API of sizes: what collections take, for those who may read them.

Owns: what is counted of a large collection (so much as fits the time of a request), and what is remembered of it.
Memory: 64 answers of at most ``MOST_GROWTH`` versions each.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from davserver.access.guarded_house import GuardedHouse
from davserver.catalog.tallies import Tallies, Tally
from davserver.errors import NotFound
from davserver.live.house import House
from davserver.upkeep.stats import CollectionStats, collection_stats, tally_json
from davserver.web.responses import Answer, as_json

MOST_RECORDS = 20_000
"""Directory records that one answer reads: some seconds."""
MOST_GROWTH = 1000
_MOST_REMEMBERED = 64

_Key = tuple[int, int, int]


class Storage:
    """Answers from ``house``, which knows no rights, what a visitor's own house lets them see. Threads: any."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._counted: dict[_Key, CollectionStats] = {}

    def of_all(self, visited: House) -> Answer:
        """Sum up the collections that the visitor may read all of."""
        rows = visited.collections()
        if isinstance(visited, GuardedHouse):
            rows = [row for row in rows if visited.rights.sees_all(row.id)]
        with self._house.read_catalog() as tables:
            counts = Tallies(tables.connection).of_collections()
        shown = [(row, counts.get(row.id, Tally())) for row in rows]
        return as_json(
            200,
            {
                "collections": [tally_json(row, tally) for row, tally in shown],
                "bytes": sum(row.bytes for row, _ in shown),
                "versions": sum(tally.versions for _, tally in shown),
                "version_bytes": sum(tally.version_bytes for _, tally in shown),
            },
        )

    def of_one(self, visited: House, name: str) -> Answer:
        """Count one collection, and the growth of its newest versions."""
        view = visited.view(name)
        versions = visited.versions(name)
        row = view.info
        if any(version.collection_id != row.id for version in versions):
            raise NotFound("the name has passed to another collection")
        with self._house.read_catalog() as tables:
            tally = Tallies(tables.connection).of_collections(row.id).get(row.id, Tally())
        key = row.id, versions[-1].number if versions else 0, len(versions)
        with self._lock:
            known = self._counted.get(key)
        if known is None:
            fetch = self._house.directories.fetch
            known = collection_stats(row, versions, tally, fetch, files=0, size=0, most_records=MOST_RECORDS)
            known.growth = known.growth[-MOST_GROWTH:]
            self._remember(key, known)
        counted = replace(
            known,
            name=row.name,
            files=view.root.files,
            bytes=view.root.bytes,
            pending=tally.pending,
            pending_bytes=tally.pending_bytes,
        )
        return as_json(200, counted.to_json())

    def _remember(self, key: _Key, counted: CollectionStats) -> None:
        with self._lock:
            self._counted[key] = counted
            while len(self._counted) > _MOST_REMEMBERED:
                del self._counted[next(iter(self._counted))]
