"""Trails: where changes were, for as long as somebody may ask, after their journal entries are gone.

Owns: the form of a trail in the database: JSON, compressed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator

from sqlalchemy import Connection, delete, insert, select

from davserver.catalog import schema
from davserver.catalog.model import Trail
from davserver.collection.trail import Step
from davserver.errors import CatalogCorrupt, Invalid
from davserver.values import format_path, parse_path

_table = schema.trails


class Trails:
    """Reads and writes trails on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, collection_id: int, trail: Trail) -> None:
        """Keep the trail of a commit."""
        body = json.dumps([[step.seq, step.whole, format_path(step.path)] for step in trail.steps]).encode()
        row = {"seq": trail.seq, "after_seq": trail.after_seq, "body": zlib.compress(body, level=1)}
        self._connection.execute(insert(_table).values(collection_id=collection_id, **row))

    def over(self, collection_id: int, seq: int) -> Trail | None:
        """Find the trail that this sequence lies in: at its start, or inside it."""
        found = self._connection.execute(
            select(_table).where(_table.c.collection_id == collection_id, _table.c.after_seq <= seq, _table.c.seq > seq)
        ).first()
        if found is None:
            return None
        return Trail(found.after_seq, found.seq, _steps(collection_id, found.seq, found.body))

    def all(self) -> Iterator[tuple[int, int, CatalogCorrupt | None]]:
        """Read every trail; yields (collection id, seq, what is wrong with it)."""
        for row in self._connection.execute(select(_table).order_by(_table.c.collection_id, _table.c.seq)):
            try:
                _steps(row.collection_id, row.seq, row.body)
            except CatalogCorrupt as error:
                yield row.collection_id, row.seq, error
            else:
                yield row.collection_id, row.seq, None

    def remove(self, collection_id: int, seq: int) -> None:
        """Forget one trail: whoever asks for what it told is told to begin anew."""
        self._connection.execute(delete(_table).where(_table.c.collection_id == collection_id, _table.c.seq == seq))


def _steps(collection_id: int, seq: int, body: bytes) -> tuple[Step, ...]:
    try:
        return tuple(Step(at, parse_path(path), whole) for at, whole, path in json.loads(zlib.decompress(body)))
    except (zlib.error, ValueError, TypeError, Invalid) as error:
        raise CatalogCorrupt(
            f"the trail {seq} of collection {collection_id} is damaged: {error}", hint="run davserver fsck"
        ) from error
