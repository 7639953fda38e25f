"""Mark: every block and directory record that anything in the catalog names.

Owns: where to look (versions, checkpoints, journals, open uploads, kept texts), and the walk through the records, each
read once, whatever the number of versions that share it.
Never: guesses. What cannot be read may name anything, so it ends the mark with an error.
Memory: 28 bytes for each block, 50 for each record, and the way to where the walk is.
"""

from __future__ import annotations

from collections.abc import Collection as AnyOf
from collections.abc import Iterator

from davserver.catalog.database import Catalog, Tables
from davserver.collection.named import names_of
from davserver.errors import JournalCorrupt, StoreUnavailable
from davserver.live.directories import verified
from davserver.live.uploads import named_blocks
from davserver.manifest.locators import locators_of_line, locators_of_stream
from davserver.upkeep.digests import DigestSet
from davserver.values import PDH

_RECORDS_AT_ONCE = 64


class Marks:
    """What is named. ``gather`` once, then ``walk`` to its end; before that it is not all."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._blocks = DigestSet(16)
        self._records = DigestSet(32)
        self._waiting: list[bytes] = []
        self._texts: list[str] = []

    @property
    def blocks(self) -> int:
        """How many blocks are named."""
        return len(self._blocks)

    @property
    def records(self) -> int:
        """How many directory records are named."""
        return len(self._records)

    def has_block(self, md5: str) -> bool:
        """Tell whether a block is named."""
        return bytes.fromhex(md5) in self._blocks

    def has_record(self, record_hash: str) -> bool:
        """Tell whether a directory record is named."""
        return bytes.fromhex(record_hash) in self._records

    def gather(self, tables: Tables, *, without: AnyOf[int] = (), uploads_after_ns: int | None = None) -> None:
        """Take the names that tables hold themselves, in the one transaction of ``tables``: a short one.

        Left out are collections, and uploads that expire before a time: what a dry run says of them. Raises
        JournalCorrupt.
        """
        for name in tables.garbage.gaps():  # what the missing entry named is not known
            raise JournalCorrupt(f"the journal of {name!r} lacks an entry", hint="run davserver fsck")
        for row in tables.garbage.roots(without):
            self._name_record(row.root)
        for entry in tables.garbage.entries(without):
            names = names_of(entry.header)
            for locator in names.blocks:
                self._blocks.add(bytes.fromhex(locator.md5))
            for record in names.records:
                self._name_record(record)
        for locator in named_blocks(tables.uploads, uploads_after_ns):
            self._blocks.add(bytes.fromhex(locator.md5))
        self._texts = tables.garbage.texts(without)

    def walk(self) -> Iterator[int]:
        """Read all that was gathered, and what that names; yields how many records are known, every few of them.

        Nothing of it can change meanwhile, as only gc deletes records and texts. Raises RecordCorrupt, CatalogCorrupt.
        """
        while self._waiting:
            batch = [digest.hex() for digest in self._waiting[-_RECORDS_AT_ONCE:]]
            del self._waiting[-_RECORDS_AT_ONCE:]
            with self._catalog.read() as tables:
                bodies = tables.records.bodies(batch)
            for record_hash in batch:
                self._look(record_hash, bodies.get(record_hash))
            yield self.records
        for pdh in self._texts:
            self._look_at_text(PDH.parse(pdh))
            yield self.records

    def _name_record(self, record_hash: str) -> None:
        digest = bytes.fromhex(record_hash)
        if self._records.add(digest):
            self._waiting.append(digest)

    def _look(self, record_hash: str, body: bytes | None) -> None:
        record = verified(record_hash, body)
        for locator in locators_of_stream(record.stream):
            self._blocks.add(bytes.fromhex(locator[:32]))
        for below in record.directories:
            self._name_record(below.record)

    def _look_at_text(self, pdh: PDH) -> None:
        with self._catalog.read() as tables:
            text = tables.texts.get(pdh)
        if text is None:
            raise StoreUnavailable(f"the manifest text {pdh} is missing from the catalog", hint="run davserver fsck")
        for line in text.split("\n"):
            for locator in locators_of_line(line):
                self._blocks.add(bytes.fromhex(locator[:32]))
