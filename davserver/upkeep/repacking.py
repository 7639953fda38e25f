"""Repacking: a new version with equal content, in fewer and fuller blocks.

Owns: making that version beside whoever reads and writes.
Never: decides what is worth it (``collection.repack``), or removes a block: those that no version names any more are
garbage, as long as older versions name them they stay.
Invariants: a reader, a journal entry and a sync token see no difference: content, attributes and ETags are equal, and
what arrives meanwhile is applied to the new checkpoint as to the old one. A kill leaves garbage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from davserver.catalog.model import Version
from davserver.collection.dirnode import DirNode
from davserver.collection.marshal import manifest_text
from davserver.collection.record import DirectoryRecord, files_in, record_of
from davserver.collection.repack import Repacker, Use, rebuilt, records_below, use_of, worth_it
from davserver.errors import StoreUnavailable
from davserver.live.edit import Edit
from davserver.live.grafting import EntryReader
from davserver.live.house import House
from davserver.live.lease import Lease, Stale
from davserver.live.state import State, replay
from davserver.manifest.pdh import PdhHasher
from davserver.values import PDH

Progress = Callable[[str, int, int], None]
"""Told what is being worked on, how many of it are done, and how many there are (0: not known)."""

_ATTEMPTS = 20
_RECORDS_AT_ONCE = 256
MESSAGE = "repacked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repacked:
    """What came of it: the new version (None: nothing was worth it, or a dry run), and blocks before and after.

    Of a dry run ``leaving`` tells how many blocks would be left, and ``after`` is what it was.
    """

    version: Version | None
    before: Use
    after: Use
    leaving: int = 0
    scattered: int = 0
    moved_bytes: int = 0


def repack(
    house: House, name: str, *, dry_run: bool = False, progress: Progress = lambda _what, _done, _total: None
) -> Repacked:
    """Repack the newest version of a collection, after a commit; a dry run looks at the newest version there is.

    Cost: each directory record is read; of files, those that move. Errors: NotFound; BlockMissing, BlockCorrupt (then
    nothing is changed); StoreFull; StoreUnavailable if others keep committing, or it cannot be stored now.
    """
    if dry_run:
        versions = house.versions(name)
        return _looked_at(house, versions[-1] if versions else None, progress)
    return _Work(house, name, progress).run()


def _looked_at(house: House, version: Version | None, progress: Progress) -> Repacked:
    if version is None:
        return Repacked(version=None, before=Use({}, set()), after=Use({}, set()))
    use = _use(house, version.root, progress)
    leave = worth_it(use.blocks, house.settings.block_bytes)
    return Repacked(version=None, before=use, after=use, leaving=len(leave), scattered=len(use.scattered))


def _use(house: House, root: str, progress: Progress) -> Use:
    return use_of(root, house.directories.fetch, lambda count: progress("directories", count, 0))


class _Work:
    """One repacking; what was moved once is not moved again if somebody commits in between."""

    def __init__(self, house: House, name: str, progress: Progress) -> None:
        self._house = house
        self._name = name
        self._progress = progress
        self._lease = house.lease()
        self._repacker = Repacker(house.blocks, self._lease, set(), house.settings.block_bytes)

    def run(self) -> Repacked:
        for _ in range(_ATTEMPTS):
            before = self._house.commit(self._name)
            use = _use(self._house, before.root, self._progress)
            leave = worth_it(use.blocks, self._house.settings.block_bytes)
            if not leave and not use.scattered:
                return Repacked(version=None, before=use, after=use)
            self._repacker.leave |= leave
            root, records = self._rebuilt(before.root, self._moved(before.root, use))
            if root.record == before.root:
                return Repacked(version=None, before=use, after=use)
            version = self._recorded(before, root, records)
            if version is not None:
                return Repacked(
                    version=version,
                    before=use,
                    after=_use(self._house, version.root, self._progress),
                    leaving=len(leave),
                    scattered=len(use.scattered),
                    moved_bytes=self._repacker.moved_bytes,
                )
        raise StoreUnavailable(f"others keep committing {self._name!r}", hint="try again when less is written")

    def _moved(self, root: str, use: Use) -> set[str]:
        """Move the bytes; returns the records of the directories they are in."""
        concerned: set[str] = set()
        for count, (record_hash, record) in enumerate(records_below(root, self._house.directories.fetch), 1):
            if record_hash in use.scattered or self._repacker.concerns(record.locators):
                concerned.add(record_hash)
                for _, node in files_in(record):
                    self._repacker.take(node)
            self._progress("repack", count, 0)
        self._repacker.flush()
        return concerned

    def _rebuilt(self, root: str, concerned: set[str]) -> tuple[DirNode, Lease]:
        """Store the new directories; returns the root, and a lease that tells how long ago they were young."""
        directories = self._house.directories
        young = self._house.lease()
        young.begin()
        waiting: list[tuple[str, bytes]] = []

        def finish(directory: DirNode) -> DirNode:
            record: DirectoryRecord = record_of(directory)
            waiting.append((record.hash, record.to_bytes()))
            if len(waiting) >= _RECORDS_AT_ONCE:
                self._store(waiting)
            return directories.load(
                record.hash, files=directory.files, bytes=directory.bytes, attributes=directory.attributes
            )

        fresh = rebuilt(directories.root(root), concerned, directories.fetch, self._repacker.remade, finish)
        self._store(waiting)
        return fresh, young

    def _store(self, waiting: list[tuple[str, bytes]]) -> None:
        records = list(waiting)
        waiting.clear()
        self._house.edit(lambda edit: edit.add_records(records))

    def _recorded(self, before: Version, root: DirNode, young: Lease) -> Version | None:
        """Record the version; None if somebody committed meanwhile, or it took so long that all has to be looked at."""
        pdh = self._pdh(root, without_litter=before.without_litter)
        return self._house.edit(lambda edit: self._record(edit, before, root, pdh, young))

    def _pdh(self, root: DirNode, *, without_litter: bool) -> PDH:
        hasher = PdhHasher()
        for line in manifest_text(root, self._house.directories.fetch, without_litter=without_litter):
            hasher.update(line)
        return hasher.pdh()

    def _record(self, edit: Edit, before: Version, root: DirNode, pdh: PDH, young: Lease) -> Version | None:
        self._lease.check(edit.now_ns)
        try:
            young.check(edit.now_ns)
        except Stale:  # what would make the blocks young again would leave the records old
            return None
        row = edit.view(self._name).info
        assert root.record is not None  # noqa: S101 - it was stored
        if (row.id, row.version, row.base_root) != (before.collection_id, before.number, before.root):
            return None
        version = Version(
            collection_id=row.id,
            number=row.version + 1,
            created_ns=edit.now_ns,
            seq=row.base_seq,
            root=root.record,
            pdh=pdh,
            files=root.files,
            bytes=root.bytes,
            without_litter=before.without_litter,
            message=MESSAGE,
        )
        base = State(row, root, row.base_seq, row.base_seq)
        tail = edit.tail(row.id, row.base_seq)
        ahead = replay(base, tail, EntryReader(self._house.directories, edit.tail))
        edit.replace_blocks(version, ahead)
        return version
