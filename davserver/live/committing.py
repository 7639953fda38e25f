"""A commit: the journal becomes a version.

Owns: pack, seal, marshal, record the version, trim the journal to a trail.
Never: blocks readers or writers while it packs and marshals; only the last step is in the writers' queue. Needs an open
collection to be up to date: what it lacks is read from the journal in steps, and packed whenever a block is full, so a
process that only commits holds the content of some blocks, whatever waits.
Invariants: every block is stored before the version that names it; two processes never commit the same entries twice
(the checkpoint moves only from where this commit found it); what arrived meanwhile stays in the journal.
Source: arvados sdk/go/arvados/fs_collection.go (marshalManifest, Sync); design.md section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from davserver.catalog.database import Catalog
from davserver.catalog.model import Trail, Version
from davserver.collection.marshal import manifest_text, seal
from davserver.collection.pack import pack
from davserver.collection.record import DirectoryRecord
from davserver.collection.trail import steps_of
from davserver.errors import NotFound, StoreUnavailable
from davserver.live.adopting import Adopter
from davserver.live.directories import Directories
from davserver.live.edit import Edit
from davserver.live.lease import RENEWALS, Lease, Stale
from davserver.live.replaying import Replayer, on_checkpoint
from davserver.live.state import LiveCollection, State
from davserver.live.writer import Writer
from davserver.manifest.pdh import PdhHasher
from davserver.values import MAX_BLOCK_BYTES, PDH

_READ_AT_ONCE = 256
"""Entries; of the largest files that travel in the journal, half a block."""
_TRIMMED_AT_ONCE = 500
"""Dropping an entry frees the pages of its content: 10,000 of 4 KiB in one transaction made all writers wait 0.25 s."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A state, packed and sealed: the tree, the records that are new, its identity."""

    state: State
    records: list[tuple[str, bytes]]
    pdh: PDH
    trail: Trail | None

    @property
    def root_hash(self) -> str:
        record = self.state.root.record
        assert record is not None  # noqa: S101  (sealing gives every directory its record)
        return record


class Committer:
    """Commits collections. Threads: any; one commit of a collection at a time."""

    def __init__(
        self,
        catalog: Catalog,
        writer: Writer,
        directories: Directories,
        adopter: Adopter,
        lease: Callable[[], Lease],
        *,
        block_bytes: int = MAX_BLOCK_BYTES,
    ) -> None:
        """Pack into blocks of up to ``block_bytes``."""
        self._catalog = catalog
        self._writer = writer
        self._directories = directories
        self._adopter = adopter
        self._lease = lease
        self._block_bytes = block_bytes

    def commit(self, live: LiveCollection, name: str | None = None) -> Version | None:
        """Make a version of the collection's current state; None if another process committed it meanwhile.

        With a ``name``, None also if the collection no longer has it. If nothing changed since the last version, that
        one is returned. Raises NotFound if the collection was purged.
        """
        with live.committing:
            lease = self._lease()
            sealed = self._seal(self._gathered(live.state, lease), lease)
            ahead = self._adopter.caught_up(sealed.state)
            for _ in range(RENEWALS):
                try:
                    version = self._writer.edit(lambda edit: self._record(edit, sealed, ahead, lease, name))
                except Stale:
                    lease.renew()
                else:
                    self._trim(live.id)
                    return version
            raise StoreUnavailable("what a commit stored grows old before it can be named")

    def _trim(self, collection_id: int) -> None:
        """Drop what the checkpoint holds from the journal, a little at a time, as writers wait for each step.

        Where this ends early, the next commit drops the rest: what a checkpoint holds is not read from the journal.
        """
        with self._catalog.read() as tables:
            entries = tables.journal.committed(collection_id)
        for last in (*entries[_TRIMMED_AT_ONCE - 1 :: _TRIMMED_AT_ONCE], *entries[-1:]):
            self._writer.edit(partial(_drop, collection_id, last))

    def _gathered(self, state: State, lease: Lease) -> State:
        """Bring a state to the head as of now, packing on the way; it ends early where another process committed."""
        with self._catalog.read() as tables:
            row = tables.collections.by_id(state.row.id)
        if row is None:
            raise NotFound(f"collection {state.row.uuid} is gone")
        if state.is_behind or (row.base_seq, row.base_root) != (state.row.base_seq, state.row.base_root):
            state = on_checkpoint(row, self._directories)  # or what another process packed would be packed once more
        state = replace(state, row=row)
        replayer = Replayer(self._catalog, self._directories)
        missing = row.head_seq - state.seq
        while missing and state.seq < row.head_seq:
            state, missing = replayer.step(state, min(row.head_seq - state.seq, _READ_AT_ONCE))
            if state.root.mem_bytes >= self._block_bytes:
                state = replace(state, root=pack(state.root, lease, self._block_bytes))
        return state

    def _seal(self, state: State, lease: Lease) -> _Sealed:
        new: dict[str, DirectoryRecord] = {}

        def save(record: DirectoryRecord) -> None:
            new[record.hash] = record

        def fetch(record_hash: str) -> DirectoryRecord:
            return new.get(record_hash) or self._directories.fetch(record_hash)

        root = seal(pack(state.root, lease, self._block_bytes), save)
        hasher = PdhHasher()
        for line in manifest_text(root, fetch, without_litter=state.row.drops_litter):
            hasher.update(line)
        records = [(record.hash, record.to_bytes()) for record in new.values()]
        return _Sealed(replace(state, root=root), records, hasher.pdh(), self._trail(state))

    def _trail(self, state: State) -> Trail | None:
        """Read where the changes were that this commit drops from the journal; None if they are too many to keep."""
        with self._catalog.read() as tables:
            steps = steps_of(tables.journal.headers(state.row.id, state.row.base_seq, state.seq))
        return None if not steps else Trail(state.row.base_seq, state.seq, steps)

    def _record(self, edit: Edit, sealed: _Sealed, ahead: State, lease: Lease, name: str | None) -> Version | None:
        """Record the version; ``ahead`` is the sealed state with what had arrived since when the edit began."""
        lease.check(edit.now_ns)
        before = sealed.state
        collection_id = before.row.id
        row = edit.row(collection_id)
        has_moved = name is not None and not row.bears(name)
        if has_moved or (row.version, row.base_seq) != (before.row.version, before.row.base_seq):
            return None
        last = edit.version(collection_id, row.version)
        drops_litter = before.row.drops_litter
        unchanged = last is not None and (last.root, last.without_litter) == (sealed.root_hash, drops_litter)
        if unchanged and last is not None:
            version = replace(last, seq=before.seq)
        else:
            version = _version(edit, sealed, number=row.version + 1)
            edit.add_records(sealed.records)
            if sealed.trail is not None:
                edit.add_trail(collection_id, sealed.trail)
        if before.seq > row.base_seq or not unchanged:
            edit.checkpoint(version, self._adopter.replayed(edit, ahead), is_new=not unchanged)
        return version


def _drop(collection_id: int, up_to: int, edit: Edit) -> None:
    edit.trim(collection_id, up_to)


def _version(edit: Edit, sealed: _Sealed, *, number: int) -> Version:
    root = sealed.state.root
    return Version(
        collection_id=sealed.state.row.id,
        number=number,
        created_ns=edit.now_ns,
        seq=sealed.state.seq,
        root=sealed.root_hash,
        pdh=sealed.pdh,
        files=root.files,
        bytes=root.bytes,
        without_litter=sealed.state.row.drops_litter,
    )
