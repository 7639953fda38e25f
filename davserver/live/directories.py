"""From stored directory records to trees that load on demand."""

from __future__ import annotations

import hashlib

from davserver.catalog.database import Catalog
from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.record import DirectoryRecord, dirnode_of, lazy_directory
from davserver.errors import Invalid, RecordCorrupt

_DIRECTORIES_KEPT = 4


class Directories:
    """Opens directories by the hash of their record. Threads: any."""

    def __init__(self, catalog: Catalog, memory_bytes: int = 1 << 27) -> None:
        """``memory_bytes``: how much may be read before it is time to let go of trees (the size of the records)."""
        self._catalog = catalog
        self._memory_bytes = memory_bytes
        # Counted without a lock: a record that is lost in a race is one of thousands.
        self._read_bytes = 0
        self._largest_bytes = 0

    @property
    def many_loaded(self) -> bool:
        """Whether so much was read that trees should be let go; never because of a few large directories alone."""
        return self._read_bytes > max(self._memory_bytes, _DIRECTORIES_KEPT * self._largest_bytes)

    def start_counting(self) -> None:
        """Count anew: the trees were let go."""
        self._read_bytes = 0

    def fetch(self, record_hash: str) -> DirectoryRecord:
        """Read a record and verify its hash; raises RecordCorrupt if it is missing or damaged."""
        with self._catalog.read() as tables:
            body = tables.records.get(record_hash)
        if body is not None:
            self._read_bytes += len(body)
            self._largest_bytes = max(self._largest_bytes, len(body))
        return verified(record_hash, body)

    def root(self, record_hash: str | None) -> DirNode:
        """Open the root directory of a checkpoint; None is an empty tree."""
        if record_hash is None:
            return EMPTY_DIR
        return dirnode_of(record_hash, self.fetch(record_hash), self.fetch)

    def load(self, record: str, *, files: int, bytes: int, attributes: Attributes) -> DirNode:  # noqa: A002
        """Open a directory of which the totals and attributes are known; its record is read when it is looked into."""
        return lazy_directory(record, self.fetch, files=files, bytes=bytes, attributes=attributes)


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
