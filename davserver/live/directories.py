"""From stored directory records to trees that load on demand."""

from __future__ import annotations

import hashlib

from davserver.catalog.database import Catalog
from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.record import DirectoryRecord
from davserver.collection.shelf import Shelf
from davserver.errors import Invalid, RecordCorrupt


class Directories:
    """Opens directories by the hash of their record. Threads: any."""

    def __init__(self, catalog: Catalog, memory_bytes: int = 1 << 27) -> None:
        """``memory_bytes``: how much of stored directories may stay in memory."""
        self._catalog = catalog
        self._shelf = Shelf(self.fetch, memory_bytes)

    def fetch(self, record_hash: str) -> DirectoryRecord:
        """Read a record and verify its hash; raises RecordCorrupt if it is missing or damaged."""
        with self._catalog.read() as tables:
            body = tables.records.get(record_hash)
        return verified(record_hash, body)

    def root(self, record_hash: str | None) -> DirNode:
        """Open the root directory of a checkpoint; None is an empty tree. Raises RecordCorrupt."""
        return EMPTY_DIR if record_hash is None else self._shelf.root(record_hash)

    def load(self, record: str, *, files: int, bytes: int, attributes: Attributes) -> DirNode:  # noqa: A002
        """Open a directory of which the totals and attributes are known; its record is read when it is looked into."""
        return self._shelf.directory(record, files=files, bytes=bytes, attributes=attributes)


def verified(record_hash: str, body: bytes | None) -> DirectoryRecord:
    """Read a record as the catalog holds it; raises RecordCorrupt if it is missing or does not have its hash."""
    if body is None:
        raise RecordCorrupt(record_hash, "missing from the catalog")
    if hashlib.sha256(body).hexdigest() != record_hash:
        raise RecordCorrupt(record_hash, "its bytes do not have this hash")
    try:
        return DirectoryRecord.from_bytes(body)
    except Invalid as error:
        raise RecordCorrupt(record_hash, error.message) from error
