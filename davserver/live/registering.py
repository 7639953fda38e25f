"""Registering: a collection that comes into being with its first version.

Owns: storing the records and the text of an imported tree, then making it visible in one step.
Never: parses a manifest or looks at blocks (``upkeep.importing``).
Invariants: what a crash leaves behind are records that no version names, never half a collection.
"""

from __future__ import annotations

from davserver.catalog.model import Collection, Version
from davserver.collection.dirnode import DirNode
from davserver.collection.marshal import manifest_text, seal
from davserver.collection.record import DirectoryRecord
from davserver.errors import StoreUnavailable
from davserver.live.directories import Directories
from davserver.live.edit import Edit
from davserver.live.lease import RENEWALS, Lease, Stale
from davserver.live.state import State
from davserver.live.writer import Writer
from davserver.manifest.pdh import PdhHasher, portable_data_hash
from davserver.values import PDH

_RECORDS_AT_ONCE = 256


class Registrar:
    """Registers trees whose bytes are all in blocks. Threads: any."""

    def __init__(self, writer: Writer, directories: Directories) -> None:
        self._writer = writer
        self._directories = directories

    def register(self, name: str, root: DirNode, text: str, lease: Lease) -> tuple[Collection, Version]:
        """Make a collection of a tree and of the manifest text it was loaded from; raises Exists or InvalidName.

        The text is kept verbatim if it is not in our normal form: the portable data hash is over it. Its records are
        in no version until the end: they are protected as the blocks of ``lease`` are, by being young.
        """
        for _ in range(RENEWALS):
            lease.begin()
            try:
                return self._register(name, root, text, lease)
            except Stale:
                lease.renew()
        raise StoreUnavailable("what an import stored grows old before it can be named")

    def _register(self, name: str, root: DirNode, text: str, lease: Lease) -> tuple[Collection, Version]:
        sealed = self._store_records(root)
        pdh = portable_data_hash(text)
        is_normal = pdh == self._normal_pdh(sealed)
        record = sealed.record
        assert record is not None  # noqa: S101  (sealing gives every directory its record)

        def make(edit: Edit) -> tuple[Collection, Version]:
            lease.check(edit.now_ns)
            row = edit.create_collection(name)
            if not is_normal:
                edit.add_text(pdh, text)
            version = Version(
                collection_id=row.id,
                number=1,
                created_ns=edit.now_ns,
                seq=0,
                root=record,
                pdh=pdh,
                files=sealed.files,
                bytes=sealed.bytes,
                text=not is_normal,
            )
            edit.checkpoint(version, State(row, self._directories.root(record), 0), is_new=True)
            return edit.view_id(row.id).info, version

        return self._writer.edit(make)

    def _store_records(self, root: DirNode) -> DirNode:
        waiting: dict[str, bytes] = {}

        def save(record: DirectoryRecord) -> None:
            waiting[record.hash] = record.to_bytes()
            if len(waiting) >= _RECORDS_AT_ONCE:
                self._flush(waiting)

        sealed = seal(root, save)
        self._flush(waiting)
        return sealed

    def _flush(self, waiting: dict[str, bytes]) -> None:
        records = list(waiting.items())
        waiting.clear()
        self._writer.edit(lambda edit: edit.add_records(records))

    def _normal_pdh(self, sealed: DirNode) -> PDH:
        hasher = PdhHasher()
        for line in manifest_text(sealed, self._directories.fetch):
            hasher.update(line)
        return hasher.pdh()
