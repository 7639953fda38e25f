"""From stored directory records to trees that load on demand."""

from __future__ import annotations

from davserver.catalog.database import Catalog
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.record import DirectoryRecord, dirnode_of
from davserver.errors import StoreUnavailable


class Directories:
    """Opens directories by the hash of their record. Threads: any."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def fetch(self, record_hash: str) -> DirectoryRecord:
        """Read a record; raises StoreUnavailable if the catalog lost it (fsck tells more)."""
        with self._catalog.read() as tables:
            body = tables.records.get(record_hash)
        if body is None:
            raise StoreUnavailable(
                f"directory record {record_hash} is missing from the catalog", hint="run davserver fsck"
            )
        return DirectoryRecord.from_bytes(body)

    def root(self, record_hash: str | None) -> DirNode:
        """Open the root directory of a checkpoint; None is an empty tree."""
        if record_hash is None:
            return EMPTY_DIR
        return dirnode_of(record_hash, self.fetch(record_hash), self.fetch)
