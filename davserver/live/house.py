"""The house: all collections of one process, to look at and to change.

Owns: wiring of the room; the face that dav, upkeep and the command line use.
Threads: everything here may be called from any thread. Processes: any number of houses on one catalog and store.
Durability: when ``edit`` or ``commit`` returns, what it did is on disk, and so is every block it names.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol, TypeVar

from davserver.blocks.store import BlockIndex
from davserver.catalog.database import Catalog, Tables
from davserver.catalog.model import Collection, Link, Lock, Version
from davserver.catalog.uploads import Uploads
from davserver.collection.attributes import Attributes
from davserver.collection.dirnode import DirNode
from davserver.collection.etag import content_etag
from davserver.collection.extents import MemExtent, RangeReader
from davserver.collection.filenode import FileNode
from davserver.collection.marshal import manifest_text
from davserver.cores import anywhere
from davserver.errors import CatalogBusy, CatalogCorrupt, DavserverError, NotFound, StoreUnavailable, UnknownVersion
from davserver.live.adopting import Adopter
from davserver.live.allowance import Allowance, allowance
from davserver.live.backlog import Backlog
from davserver.live.budget import MemoryBudget
from davserver.live.committing import Committer
from davserver.live.directories import Directories
from davserver.live.edit import Edit
from davserver.live.following import Follower
from davserver.live.keeper import Keeper, Troubles
from davserver.live.lease import RENEWALS, BlockWriter, Lease, Stale, TouchesBlocks
from davserver.live.past import Past, recall
from davserver.live.registering import Registrar
from davserver.live.registry import Registry
from davserver.live.reserve import Reserve
from davserver.live.schedule import CommitSchedule
from davserver.live.settings import LiveSettings
from davserver.live.upload import Threads, Upload
from davserver.live.views import VersionView, View
from davserver.live.writer import Writer
from davserver.values import PDH, Clock, RandomBytes, make_cluster_id, make_collection_uuid

T = TypeVar("T")

PARTS = ("catalog", "blocks", "space", "commits")
"""What ``House.trouble`` may name."""
_STORING_THREADS = 4
_COMMIT_ATTEMPTS = 20
_LOOKS = 20


class Blocks(RangeReader, TouchesBlocks, BlockIndex, Protocol):
    """What the house and those who look after it need of a block store."""

    def check_ready(self) -> None:
        """Raise StoreUnavailable, with the reason, if the store cannot take blocks now."""


class House:
    """One process's collections. Call ``start`` where commits are to be made in the background."""

    def __init__(
        self,
        catalog: Catalog,
        blocks: Blocks,
        *,
        settings: LiveSettings | None = None,
        clock: Clock = time.time,
        random_bytes: RandomBytes = os.urandom,
        report: Callable[[str, BaseException], None] = lambda _name, _error: None,
        committed: Callable[[float], None] = lambda _seconds: None,
        before_wait: Callable[[], None] = lambda: None,
        keeper: Keeper | None = None,
    ) -> None:
        """``report`` hears (collection name, error) of failed background commits, ``committed`` the others' seconds.

        Who is about to wait calls ``before_wait``. Without a ``keeper`` this house commits, once it is started.
        """
        self.settings = settings or LiveSettings()
        self.blocks = blocks
        self.clock = clock
        self.random_bytes = random_bytes
        self._catalog = catalog
        self.free_bytes = catalog.free_bytes
        self._report = report
        self._before_wait = before_wait
        self._directories = Directories(catalog, self.settings.loaded_bytes)
        self._registry = Registry(catalog, self._directories, capacity=self.settings.open_collections)
        self._cluster = self._cluster_id()
        self._writer = Writer(catalog, self._registry, clock=clock, new_uuid=self._new_uuid)
        adopter = Adopter(catalog, self._writer, self._directories)
        self._committer = Committer(
            catalog, self._writer, self._directories, adopter, self.lease, block_bytes=self.settings.block_bytes
        )
        self._registrar = Registrar(self._writer, self._directories)
        self._budget = MemoryBudget(self.settings.body_bytes, self.settings.patience_s)
        self._reserve = Reserve(blocks, catalog.free_bytes, self.settings.reserve_bytes)
        self._threads = Threads(
            ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="hash", initializer=anywhere),
            ThreadPoolExecutor(_STORING_THREADS, thread_name_prefix="store", initializer=anywhere),
        )
        self._schedule: CommitSchedule | None = None
        if keeper is None:
            keeper = self._schedule = CommitSchedule(
                Backlog(catalog),
                self._commit_quietly,
                self.settings.policy,
                memory_bytes=self.settings.waiting_bytes,
                report=self._report_failure,
                committed=committed,
            )
        self._keeper = keeper
        self._follower = Follower(
            self._registry,
            adopter.adopt,
            keeper,
            memory_bytes=self.settings.waiting_bytes,
            patience_s=self.settings.patience_s,
            poll_s=self.settings.policy.poll_s,
        )
        self._started = False

    # -- looking ------------------------------------------------------------------------------------------------------

    def collections(self) -> list[Collection]:
        """List the collections by name."""
        with self._catalog.read() as tables:
            return tables.collections.live()

    def trashed(self) -> list[Collection]:
        """List the collections in the trash, the oldest first."""
        with self._catalog.read() as tables:
            return tables.collections.trashed()

    def info(self, name: str) -> Collection:
        """Return what a collection's row says, whatever has become of its tree; raises NotFound."""
        with self._catalog.read() as tables:
            return _row(tables, name)

    def view(self, name: str) -> View:
        """Return a collection as it is now in any process; raises NotFound or CatalogBusy."""
        for _ in range(_LOOKS):
            state = self._registry.view(name).state
            # Between those two the collection may have gone and another one have got its name, which was never free.
            if state.row.bears(name):
                return state.view()
        raise _restless(name)

    def view_uuid(self, uuid: str) -> View:
        """Return a collection by its uuid, trashed or not; raises NotFound."""
        return self._registry.view_row(uuid).state.view()

    def view_pdh(self, pdh: PDH, allowed: Callable[[int], bool] = lambda _collection_id: True) -> VersionView:
        """Return a version with this content, of whichever collection is allowed; raises NotFound."""
        with self._catalog.read() as tables:
            version = tables.versions.by_pdh(pdh, allowed)
            info = None if version is None else tables.collections.by_id(version.collection_id)
        if version is None or info is None:
            raise NotFound(f"no version with portable data hash {pdh}")
        return VersionView(info, version, self._directories.root(version.root))

    def versions(self, name: str) -> list[Version]:
        """List the versions of a collection, the oldest first; raises NotFound."""
        with self._catalog.read() as tables:
            return tables.versions.of(_row(tables, name).id)

    def view_version(self, name: str, number: int) -> VersionView:
        """Return one version of a collection; raises NotFound or UnknownVersion."""
        info = self.info(name)
        with self._catalog.read() as tables:
            version = tables.versions.one(info.id, number)
        if version is None:
            raise UnknownVersion(f"{name!r} has no version {number}")
        return VersionView(info, version, self._directories.root(version.root))

    def manifest(self, version: VersionView) -> Iterator[str]:
        """Iterate over the lines of a version's manifest text, as it was imported or in normal form."""
        if not version.version.text:
            without_litter = version.version.without_litter
            yield from manifest_text(version.root, self._directories.fetch, without_litter=without_litter)
            return
        with self._catalog.read() as tables:
            text = tables.texts.get(version.version.pdh)
        if text is None:
            raise CatalogCorrupt(
                f"the manifest text {version.version.pdh} is missing from the catalog", hint="run davserver fsck"
            )
        # Not splitlines(): names may contain what Unicode takes for line ends.
        yield from io.StringIO(text, newline="\n")

    def locks(self, name: str) -> list[Lock]:
        """List the locks of a collection that have not expired; raises NotFound or CatalogBusy."""
        now_ns = self.clock() * 1e9
        for _ in range(_LOOKS):
            try:
                found = self._registry.read_locks(self._registry.view(name))
            except CatalogCorrupt:  # its tree cannot be had; its locks can, so that it can be listed
                with self._catalog.read() as tables:
                    row = _row(tables, name)
                    found = row, tables.locks.of(row.id)
            if found is not None and found[0].bears(name):  # else the name has passed to another, as in ``view``
                return [lock for lock in found[1] if lock.expires_ns > now_ns]
        raise _restless(name)

    def recall(self, view: View, seq: int) -> Past:
        """Return what a collection was after the change ``seq``; raises Forgotten."""
        with self._catalog.read() as tables:
            return recall(tables, self._directories, view, seq)

    def links(self, name: str) -> list[Link]:
        """List the links to a collection, whether or not they still hold; raises NotFound."""
        with self._catalog.read() as tables:
            return tables.links.of(_row(tables, name).id)

    def allowance(self, account: str) -> Allowance | None:
        """Return what an account may store and what it stores; None if it has no limit."""
        with self._catalog.read() as tables:
            return allowance(tables, account)

    def allowance_over(self, collection: Collection) -> Allowance | None:
        """Return the allowance of a collection's owner; None if there is no limit but the collection's own."""
        return None if collection.owner is None else self.allowance(collection.owner)

    def access_changes(self) -> int:
        """Return a number that changes when accounts, tokens or grants did, in any process (a few microseconds)."""
        return self._catalog.access_changes()

    @contextmanager
    def uploads(self) -> Iterator[Uploads]:
        """Look at the uploads that are not linked yet, in one consistent state."""
        with self._catalog.read() as tables:
            yield tables.uploads

    def read_catalog(self) -> AbstractContextManager[Tables]:
        """Open a read transaction on the tables, for what looks after the store (fsck, statistics)."""
        return self._catalog.read()

    @property
    def directories(self) -> Directories:
        """The way from stored directory records to trees."""
        return self._directories

    # -- changing -----------------------------------------------------------------------------------------------------

    def upload(self, expected_bytes: int | None = None) -> Upload:
        """Begin to receive a body of this length, or of an unknown one.

        Raises StoreUnavailable for want of memory, StoreFull for want of space.
        """
        self._reserve.require(expected_bytes or 0)
        return Upload(
            self._lease(self._reserve),
            self._threads,
            self._budget,
            expected_bytes=expected_bytes,
            block_bytes=self.settings.block_bytes,
            inline_bytes=self.settings.inline_bytes,
        )

    def whole(self, body: bytes, attributes: Callable[[str], Attributes]) -> FileNode:
        """Make a file, frozen, of a body that is all there; ``attributes`` makes its attributes from its ETag.

        As by ``upload``, but a small body costs a tenth. The memory is its caller's to answer for.
        """
        if len(body) > self.settings.inline_bytes:
            with self.upload(len(body)) as upload:
                upload.write(body)
                return upload.finish(attributes)
        self._reserve.require(len(body))
        extents = (MemExtent(body),) if body else ()
        return FileNode(extents, attributes(content_etag(extents))).freeze()

    def lease(self) -> Lease:
        """Begin to store blocks that an edit will name."""
        return self._lease(self.blocks)

    def edit(self, fn: Callable[[Edit], T]) -> T:
        """Run a function in the group commit; when it returns, all that the function did is durable.

        The function checks its preconditions on what the Edit shows and then changes; it may be run more than once.
        Raises what the function raised (nothing of it was done), QuotaExceeded, StoreFull or StoreUnavailable.
        """
        self._before_wait()
        self._follower.admit()
        for _ in range(RENEWALS):
            try:
                return self._writer.edit(fn)
            except Stale as stale:
                stale.lease.renew()
        raise StoreUnavailable("what was stored grows old before it can be named")

    def commit(self, name: str) -> Version:
        """Make a version of a collection as it is now and return it; the newest one if nothing changed since."""
        self._before_wait()
        for _ in range(_COMMIT_ATTEMPTS):
            live = self._registry.view(name)
            with suppress(NotFound):  # purged since; the name may be another's by now
                version = self._committer.commit(live, name)
                if version is not None:
                    return version
        raise StoreUnavailable(f"others keep committing or replacing {name!r}")

    def register(self, name: str, root: DirNode, text: str, lease: Lease | None = None) -> tuple[Collection, Version]:
        """Make a collection of a tree whose bytes are all in blocks, loaded from ``text``; raises Exists, InvalidName.

        ``lease`` holds those blocks; without one, other versions have to name them. Its version 1 has the portable
        data hash of the text, which is kept verbatim if it is not in normal form.
        """
        return self._registrar.register(name, root, text, lease or self.lease())

    def _lease(self, writer: BlockWriter) -> Lease:
        return Lease(self.blocks, writer, clock=self.clock, fresh_s=self.settings.fresh_s)

    # -- living -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to let go of what was committed, and to commit, unless a keeper does that."""
        self._started = True
        self._follower.start()
        if self._schedule is not None:
            self._schedule.start()

    def troubles(self) -> Troubles:
        """Say which background commits did not go well yet, whoever makes them."""
        return self._keeper.troubles()

    def hurry(self) -> None:
        """Have all that waits committed as soon as possible."""
        self._keeper.hurry()

    def trouble(self) -> dict[str, str]:
        """Say which part cannot do its work now, and why; empty when all is well."""
        checks: dict[str, Callable[[], None]] = {
            "catalog": self._catalog.check_ready,
            "blocks": self.blocks.check_ready,
            "space": lambda: self._reserve.require(0),
        }
        found: dict[str, str] = {}
        for part, check in checks.items():
            try:
                check()
            except DavserverError as error:
                found[part] = error.message
        if failing := self.troubles().failing:
            found["commits"] = "; ".join(failing)
        return found

    def close(self) -> None:
        """Commit what waits, if that is ours to do, and close; what cannot be committed stays in the journal. Alone."""
        self._follower.stop()
        if self._schedule is not None and self._started:
            self._schedule.stop()
            self._schedule.finish()
        self._threads.storing.shutdown()
        self._threads.hashing.shutdown()
        self._catalog.close()

    def _commit_quietly(self, collection_id: int) -> None:
        """Commit if there is anything that no process committed yet."""
        with suppress(NotFound):  # purged, with all that was to be committed
            live, row = self._registry.lagging(collection_id)
            if row.head_seq > row.base_seq:
                self._committer.commit(live)

    def _report_failure(self, collection_id: int, error: BaseException) -> None:
        row = None
        with suppress(DavserverError), self._catalog.read() as tables:  # it may be the catalog that fails
            row = tables.collections.by_id(collection_id)
        self._report(f"collection {collection_id}" if row is None else row.name, error)

    def _new_uuid(self) -> str:
        return make_collection_uuid(self._cluster, self.random_bytes)

    def _cluster_id(self) -> str:
        with self._catalog.read() as tables:
            if (known := tables.settings.get("cluster_id")) is not None:
                return known
        with self._catalog.write() as tables:
            return tables.settings.set_once("cluster_id", make_cluster_id(self.random_bytes))


def _row(tables: Tables, name: str) -> Collection:
    row = tables.collections.by_name(name)
    if row is None:
        raise NotFound(f"no collection named {name!r}")
    return row


def _restless(name: str) -> CatalogBusy:
    return CatalogBusy(f"the name {name!r} goes from one collection to the next")
