"""Garbage collection: what nobody needs goes, and nothing else (ADR 12).

Owns: the order of the steps, and the refusal of a result that is more likely an accident.
Never: a lock that keeps anybody waiting: each write transaction is short, the mark reads immutable records.
Follows: arvados services/keep-balance (threshold before the scan, stop on an implausible result), services/keepstore
(trash with a deadline, age looked at again under the lock of a touch).
Invariants: a block or record goes only if nothing in the catalog named it at one moment after the run began, and it was
old ``grace_s`` before the run began (``live.lease`` says why that is enough). A run that ends anywhere has done no
harm; the next one does the rest. One run at a time.

The order: collections in the trash are purged, expired uploads dropped; the clock is read; one consistent look at all
names; the walk; a named block in the trash comes back; all blocks are counted; then, if that is plausible, records,
texts and blocks go, and at last what has been in the trash for long enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from davserver.blocks.store import BlockClaims, BlockIndex, BlockTrash, StoredBlock
from davserver.catalog.database import Catalog
from davserver.errors import BlockMissing, Implausible
from davserver.upkeep.harvest import MOST_LISTED, Harvest, Policy
from davserver.upkeep.mark import Marks
from davserver.upkeep.owner import Owner, doubts, note_run, owner_of
from davserver.values import Clock, Locator, RandomBytes

TASK = "gc"
_RECORDS_AT_ONCE = 100
_STEP = 64

Progress = Callable[[str, int, int], None]
"""Told what is being worked on, how many of it are done, and how many there are (0: not known)."""


class Blocks(BlockIndex, BlockTrash, BlockClaims, Protocol):
    """What gc needs of a block store."""

    def close(self) -> None:
        """Let go of what it holds."""


@dataclass(frozen=True, slots=True)
class Yard:
    """Where garbage is collected. The catalog is gc's own connection, not one that serves requests meanwhile."""

    catalog: Catalog
    blocks: Blocks
    clock: Clock
    random_bytes: RandomBytes

    def close(self) -> None:
        """Close the catalog and the store."""
        self.catalog.close()
        self.blocks.close()


def collect(
    yard: Yard,
    policy: Policy,
    *,
    dry_run: bool = False,
    force: bool = False,
    progress: Progress = lambda _what, _done, _total: None,
) -> Harvest:
    """Collect garbage, or only tell what would go; ``force`` takes an implausible result for the truth.

    Cost: each record that is named is read once, each block looked at twice. Errors: Implausible; AlreadyAtWork;
    JournalCorrupt, RecordCorrupt, CatalogCorrupt (nothing goes as long as it is not known what is named);
    StoreUnavailable.
    """
    run = Run(yard, policy, dry_run=dry_run, force=force, progress=progress)
    for _ in run.steps():
        pass
    return run.harvest


class Run:
    """One run. Threads: one."""

    def __init__(self, yard: Yard, policy: Policy, *, dry_run: bool, force: bool, progress: Progress) -> None:
        self._yard = yard
        self._policy = policy
        self._force = force
        self._progress = progress
        self._marks = Marks(yard.catalog)
        self.harvest = Harvest(dry_run=dry_run)

    def steps(self) -> Iterator[str]:
        """Do the work a little at a time; yields what is being done, wherever others may act in between."""
        with self._yard.catalog.alone(TASK):
            owner = owner_of(self._yard.catalog, self._yard.random_bytes)
            self._refuse_strangers(owner)
            yield from self._mark()
            if not self.harvest.dry_run:
                yield from self._restore()
            yield from self._survey()
            self._refuse_implausible(owner)
            yield from self._sweep_records()
            yield from self._sweep_texts()
            if not self.harvest.dry_run:
                yield from self._sweep_blocks()
                self.harvest.emptied = self._yard.blocks.empty_trash()
                note_run(owner, self._yard.catalog, self._yard.blocks, self.harvest.started_ns)

    # -- what is named ------------------------------------------------------------------------------------------------

    def _mark(self) -> Iterator[str]:
        leaving: set[int] = set()
        for group in self._purgeable():
            if self._purge(group):
                leaving.update(group)
            yield "purge"
        expiry_ns = self._begin()
        yield "begin"
        with self._yard.catalog.read() as tables:
            without = leaving if self.harvest.dry_run else ()
            self._marks.gather(tables, without=without, uploads_after_ns=expiry_ns if self.harvest.dry_run else None)
        yield "gather"
        for count in self._marks.walk():
            self._progress("directories", count, 0)
            yield "walk"
        self.harvest.blocks_named = self._marks.blocks
        self.harvest.records_named = self._marks.records

    def _purgeable(self) -> list[list[int]]:
        with self._yard.catalog.read() as tables:
            return tables.garbage.purgeable(self._trashed_before_ns())

    def _purge(self, group: list[int]) -> bool:
        with self._yard.catalog.read() as tables:
            rows = [tables.collections.by_id(key) for key in group]
        if not self.harvest.dry_run:
            with self._yard.catalog.write() as tables:
                if not tables.garbage.purge(group, self._trashed_before_ns()):
                    return False
        self.harvest.purged += [f"{row.name} ({row.uuid})" for row in rows if row is not None]
        return True

    def _begin(self) -> int:
        """Read the clock where no edit is half done: each one that the mark does not see reads it later."""
        if self.harvest.dry_run:
            now_ns = self._now_ns()
            with self._yard.catalog.read() as tables:
                self.harvest.uploads = len(tables.uploads.expired(now_ns))
        else:
            with self._yard.catalog.write() as tables:
                now_ns = self._now_ns()
                self.harvest.uploads = tables.uploads.expire(now_ns)
                tables.locks.expire(now_ns)
        self.harvest.started_ns = now_ns
        self.harvest.threshold_ns = now_ns - int(self._policy.grace_s * 1e9)
        return now_ns

    # -- what is there ------------------------------------------------------------------------------------------------

    def _restore(self) -> Iterator[str]:
        """Bring back what is named and in the trash: nothing should be, and nothing is lost by looking."""
        for number, block in enumerate(self._yard.blocks.trashed()):
            if self._marks.has_block(block.md5) and self._is_missing(locator := Locator(block.md5, block.size)):
                self._yard.blocks.untrash(locator)
                self.harvest.restored += 1
            if not number % _STEP:
                yield "restore"

    def _is_missing(self, locator: Locator) -> bool:
        try:
            self._yard.blocks.stat(locator)
        except BlockMissing:
            return True
        return False

    def _survey(self) -> Iterator[str]:
        harvest = self.harvest
        for block in self._yard.blocks.index():
            harvest.blocks += 1
            if self._marks.has_block(block.md5):
                harvest.named += 1
            elif not self._is_old(block):
                harvest.young += 1
            else:
                harvest.garbage += 1
                harvest.garbage_bytes += block.size
                if len(harvest.going) < MOST_LISTED:
                    harvest.going.append(str(block.locator))
            if not harvest.blocks % _STEP:
                self._progress("blocks", harvest.blocks, 0)
                yield "survey"
        yield "surveyed"

    def _is_old(self, block: StoredBlock) -> bool:
        return block.mtime_ns < self.harvest.threshold_ns

    # -- whether to believe it ----------------------------------------------------------------------------------------

    def _refuse_strangers(self, owner: Owner) -> None:
        for doubt in doubts(owner, self._yard.blocks):
            self._refuse(doubt)

    def _refuse_implausible(self, owner: Owner) -> None:
        """Raise Implausible where the store does not look like this catalog's."""
        harvest, policy = self.harvest, self._policy
        share = f"{harvest.garbage} of {harvest.blocks} blocks would go"
        if harvest.blocks_named and harvest.garbage and not harvest.named:
            self._refuse(Implausible(f"{share}, and none of the {harvest.blocks_named} that are named is there"))
        if harvest.garbage and not harvest.blocks_named and not owner.runs:
            self._refuse(Implausible(f"{share}, as the catalog names none, and it never collected garbage before"))
        if harvest.garbage > max(policy.small_store, policy.most_share * harvest.blocks):
            self._refuse(Implausible(f"{share}, more than {policy.most_share:.0%}"))

    def _refuse(self, doubt: Implausible) -> None:
        if not self._force and not self.harvest.dry_run:
            hint = doubt.hint or "is this the right catalog and the right store? look with --dry-run"
            raise Implausible(doubt.message, hint=f"{hint}; davserver gc --force does it all the same")
        if self.harvest.dry_run:
            self.harvest.doubts.append(doubt.message)

    # -- what goes ----------------------------------------------------------------------------------------------------

    def _sweep_records(self) -> Iterator[str]:
        after = ""
        while True:
            with self._yard.catalog.read() as tables:
                records = tables.garbage.records_after(after)
            if not records:
                return
            after = records[-1].hash
            old = [one for one in records if one.added_ns < self.harvest.threshold_ns]
            going = [one for one in old if not self._marks.has_record(one.hash)]
            for start in range(0, len(going), _RECORDS_AT_ONCE):
                batch = going[start : start + _RECORDS_AT_ONCE]
                self.harvest.records += self._delete_records([one.hash for one in batch])
                self.harvest.record_bytes += sum(one.size for one in batch)
                yield "records"

    def _delete_records(self, hashes: list[str]) -> int:
        if self.harvest.dry_run:
            return len(hashes)
        with self._yard.catalog.write() as tables:
            return tables.garbage.delete_records(hashes, self.harvest.threshold_ns)

    def _sweep_texts(self) -> Iterator[str]:
        with self._yard.catalog.read() as tables:
            unnamed = tables.garbage.unnamed_texts()
        for pdh in unnamed:
            if self.harvest.dry_run:
                self.harvest.texts += 1
            else:
                with self._yard.catalog.write() as tables:
                    self.harvest.texts += tables.garbage.delete_text(pdh)
            yield "texts"

    def _sweep_blocks(self) -> Iterator[str]:
        keep_s, limit_ns = self._policy.keep_s, self.harvest.threshold_ns
        for number, block in enumerate(self._yard.blocks.index()):
            if self._is_old(block) and not self._marks.has_block(block.md5):
                if self._yard.blocks.trash(block.locator, older_than_ns=limit_ns, keep_s=keep_s):
                    self.harvest.trashed += 1
                    self.harvest.trashed_bytes += block.size
                    yield "trash"
            elif not number % _STEP:
                self._progress("sweep", number, self.harvest.blocks)
                yield "sweep"

    def _trashed_before_ns(self) -> int:
        return self._now_ns() - int(self._policy.purge_s * 1e9)

    def _now_ns(self) -> int:
        return int(self._yard.clock() * 1e9)
