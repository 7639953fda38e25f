"""Edits: what a request may do inside the one transaction that it shares with others.

Owns: the changes a job can make, and the limit of a collection.
Never: keeps what a batch works on, or takes it back (``batch``); begins or ends the transaction (``writer``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from davserver.catalog.accounts import Access
from davserver.catalog.audit import COMMAND_LINE, Event
from davserver.catalog.database import Tables
from davserver.catalog.links import Links
from davserver.catalog.model import Annotation, Collection, Entry, Link, Lock, Trail, Version
from davserver.catalog.uploads import Uploads
from davserver.collection import tree
from davserver.collection.change import Change, Origin, Put, Splice, Write, apply
from davserver.collection.codec import encode
from davserver.collection.dirnode import EMPTY_DIR, DirNode, Node
from davserver.collection.extents import Extent
from davserver.collection.filenode import FileNode
from davserver.errors import NotFound, QuotaExceeded, UnknownVersion
from davserver.live.annotations import check_annotation
from davserver.live.batch import Batch
from davserver.live.lease import check_leases
from davserver.live.names import check_collection_name
from davserver.live.state import State
from davserver.live.views import View
from davserver.values import PDH, TreePath


class Edit:
    """What one job may see and do; valid only while its function runs."""

    def __init__(self, batch: Batch, now_ns: int, new_uuid: Callable[[], str]) -> None:
        self._batch = batch
        self.now_ns = now_ns
        self._new_uuid = new_uuid

    def view(self, name: str) -> View:
        """Return a collection as it is now, inside the transaction; raises NotFound."""
        return self._batch.by_name(name).view()

    def view_uuid(self, uuid: str) -> View:
        """Return a collection by its uuid, trashed or not; raises NotFound."""
        return self._batch.by_uuid(uuid).view()

    def view_id(self, collection_id: int) -> View:
        """Return a collection by its number in the catalog; raises NotFound."""
        return self._batch.working(collection_id).state.view()

    def row(self, collection_id: int) -> Collection:
        """Return a collection's row as it is now, for whoever needs no tree; raises NotFound."""
        return self._batch.row(collection_id)

    def apply(self, collection_id: int, change: Change) -> DirNode:
        """Make a change; returns the new root. Raises what ``collection.change.apply`` raises, or QuotaExceeded."""
        if isinstance(change, Put):
            self.check_leases(change.node.extents)
        elif isinstance(change, Write):
            self.check_leases(change.extents)
        working = self._batch.working(collection_id)
        root = apply(working.state.root, change)
        _check_quota(working.state, root)
        header, inline = encode(change)
        seq = working.state.seq + 1
        origin = change.origin if isinstance(change, Splice) else None
        working.entries.append(Entry(seq, header, inline, origin))
        working.state = State(working.state.row, root, seq, working.state.stands_on)
        return root

    def check_leases(self, extents: Iterable[Extent]) -> None:
        """Refuse to name blocks that may be too old; what raises here is tried again, with blocks made young."""
        check_leases(extents, self.now_ns)

    def require_version(self, version: Version) -> None:
        """Make sure that a version that was looked up before this edit still is there; raises NotFound.

        Whoever takes a tree from it has to ask, as nothing else in this edit tells that the tree's records are named.
        """
        if self.version(version.collection_id, version.number) is None:
            raise NotFound(f"version {version.number} is gone with its collection")

    def graft(self, collection_id: int, path: TreePath, source_id: int, source_path: TreePath) -> DirNode:
        """Put what is at a path of one collection under a path of another; returns the new root.

        O(1) whatever its size: what is neither small nor committed is named by its place in the source's journal.
        Raises what ``apply`` raises.
        """
        source = self._batch.working(source_id).state
        node = tree.require(source.root, source_path)
        origin = None
        if not _is_short(node):
            row = source.row
            origin = Origin(source_id, row.base_seq, row.base_root, source.seq, source_path)
        return self.apply(collection_id, Splice(path, node, origin))

    def create_collection(self, name: str, root: DirNode = EMPTY_DIR, *, owner: str | None = None) -> Collection:
        """Make a collection that holds a tree; raises Exists or InvalidName. O(1) for a tree that is committed."""
        check_collection_name(name)
        tables = self._batch.directly()
        row = tables.collections.add(uuid=self._new_uuid(), name=name, created_ns=self.now_ns, owner=owner)
        self._batch.names_changed = True
        self._batch.adopt(State(row, EMPTY_DIR, 0))
        if root is not EMPTY_DIR:
            self.apply(row.id, Splice((), root))
        return row

    def rename_collection(self, collection_id: int, name: str) -> None:
        """Give a collection another name; raises Exists or InvalidName."""
        check_collection_name(name)
        self._change_row(collection_id, lambda tables: tables.collections.rename(collection_id, name))

    def trash_collection(self, collection_id: int) -> None:
        """Put a collection into the trash, from where ``restore_collection`` brings it back; its locks end."""
        if self._batch.locks(collection_id):
            self._batch.set_locks(collection_id, ())
        self._change_row(collection_id, lambda tables: tables.collections.trash(collection_id, self.now_ns))

    def restore_collection(self, collection_id: int, name: str) -> None:
        """Take a collection out of the trash under a name; raises Exists or InvalidName."""
        check_collection_name(name)
        self._change_row(collection_id, lambda tables: tables.collections.restore(collection_id, name))

    def locks(self, collection_id: int) -> list[Lock]:
        """List the locks of a collection that have not expired."""
        return [lock for lock in self._batch.locks(collection_id) if lock.expires_ns > self.now_ns]

    def add_lock(self, lock: Lock) -> None:
        """Store a lock; conflicts are the caller's to judge. Those of the collection that expired go on the way."""
        self._batch.set_locks(lock.collection_id, [*self.locks(lock.collection_id), lock])

    def refresh_lock(self, lock: Lock, *, timeout_s: int) -> Lock:
        """Start a lock's time anew; returns it as it is now."""
        fresh = replace(lock, timeout_s=timeout_s, expires_ns=self.now_ns + timeout_s * 1_000_000_000)
        self._batch.set_locks(lock.collection_id, [*self._others(lock), fresh])
        return fresh

    def remove_lock(self, lock: Lock) -> None:
        """End a lock."""
        self._batch.set_locks(lock.collection_id, self._others(lock))

    def remove_locks_below(self, collection_id: int, path: TreePath) -> None:
        """End the locks on a path and on everything below it."""
        locks = self.locks(collection_id)
        rest = [lock for lock in locks if lock.path[: len(path)] != path]
        if len(rest) < len(locks):
            self._batch.set_locks(collection_id, rest)

    def _others(self, lock: Lock) -> list[Lock]:
        return [other for other in self.locks(lock.collection_id) if other.token != lock.token]

    @property
    def uploads(self) -> Uploads:
        """The uploads that are not linked yet, to read and to change (``live.uploads`` says how)."""
        return self._batch.directly().uploads

    def version(self, collection_id: int, number: int) -> Version | None:
        """Find a version of a collection."""
        return self._batch.tables.versions.one(collection_id, number)

    def tail(self, collection_id: int, seq: int) -> list[Entry]:
        """Return a collection's journal entries after ``seq``."""
        return self._batch.tail(collection_id, seq)

    def access(self) -> Access:
        """Return the tables of accounts, tokens and grants, to read and to change as part of this edit."""
        return self._batch.directly().access

    def add_link(self, link: Link) -> Link:
        """Store a link to something of a collection; raises UnknownVersion if it is to a version that is not there.

        Returns it as it was stored.
        """
        if link.version is not None and self.version(link.collection_id, link.version) is None:
            raise UnknownVersion(f"there is no version {link.version}")
        self.links().add(link)
        return link

    def remove_link(self, link_id: str) -> None:
        """End a link; raises NotFound."""
        if not self.links().remove(link_id):
            raise NotFound(f"no link {link_id!r}", hint="davserver link list")

    def links(self) -> Links:
        """Return the table of links, to read and to change as part of this edit."""
        return self._batch.directly().links

    def note(
        self, action: str, subject: str, detail: str = "", *, actor: str = "", address: str = COMMAND_LINE
    ) -> None:
        """Note for the audit log what this edit does; who does it is an account, or whoever has the command line."""
        event = Event(at_ns=self.now_ns, actor=actor, address=address, action=action, subject=subject, detail=detail)
        self._batch.directly().audit.add(event)

    def add_records(self, records: Iterable[tuple[str, bytes]]) -> None:
        """Store directory records given as (hash, body)."""
        self._batch.directly().records.add(records, self.now_ns)

    def add_trail(self, collection_id: int, trail: Trail) -> None:
        """Keep where the changes were that a checkpoint drops from the journal."""
        self._batch.directly().trails.add(collection_id, trail)

    def set_quota(self, collection_id: int, limit_bytes: int | None) -> None:
        """Limit the bytes of all files of a collection together, None: no limit; what is there stays in any case."""
        self._change_row(collection_id, lambda tables: tables.collections.set_quota(collection_id, limit_bytes))

    def owned(self, owner: str) -> list[Collection]:
        """List the collections of an account by name, trashed ones too."""
        return self._batch.tables.collections.owned(owner)

    def set_owner(self, collection_id: int, owner: str | None) -> None:
        """Let an account own a collection, None: nobody. Its bytes count for that account, whether they fit or not."""
        self._change_row(collection_id, lambda tables: tables.collections.set_owner(collection_id, owner))

    def refuse_growth(self) -> None:
        """Raise QuotaExceeded if what this edit did lets an account store more than it may; the writer asks last."""
        self._batch.refuse_growth()

    def set_litter(self, collection_id: int, *, drops: bool) -> None:
        """Keep litter out of the manifests of versions to come, or let it in again; its clients keep it anyway."""
        self._change_row(collection_id, lambda tables: tables.collections.set_litter(collection_id, drops=drops))

    def set_retention(self, collection_id: int, rules: str | None) -> None:
        """Give a collection rules of its own for which versions stay; None: those of the configuration."""
        self._change_row(collection_id, lambda tables: tables.collections.set_retention(collection_id, rules))

    def annotate(self, collection_id: int, number: int, note: Annotation) -> Version:
        """Label a version or say something of it; raises Invalid, UnknownVersion, or Exists for a label in use."""
        check_annotation(note)
        version = self._batch.directly().versions.annotate(collection_id, number, note)
        if version is None:
            raise UnknownVersion(f"there is no version {number}")
        return version

    def purge(self, collection_id: int) -> bool:
        """Delete a collection that is in the trash for good; False if another one's journal still needs its own."""
        return self._batch.directly().garbage.purge([collection_id], self.now_ns + 1)

    def tables(self) -> Tables:
        """Return all tables, for repairs; who changes a collection's rows through them does nothing else to it."""
        return self._batch.directly()

    def add_text(self, pdh: PDH, text: str) -> None:
        """Keep a manifest text verbatim."""
        self._batch.directly().texts.add(pdh, text)

    def checkpoint(self, version: Version, state: State, *, is_new: bool) -> None:
        """Let loading start from a version from now on; ``trim`` drops the journal that it holds.

        ``state`` is the version's tree with the entries after ``version.seq`` applied (``tail``): it takes the place of
        the tree in memory, which is equal but holds content that is in blocks now, or lags behind.
        """
        working = self._batch.hand(state)
        tables = self._batch.directly()
        if is_new:
            tables.versions.add(version)
        number, seq = version.number, version.seq
        size = state.root.bytes
        tables.collections.checkpoint(version.collection_id, version=number, seq=seq, root=version.root, size=size)
        row = replace(working.state.row, version=number, base_seq=seq, base_root=version.root, bytes=size)
        working.state = replace(working.state, row=row, stands_on=seq)

    def replace_blocks(self, version: Version, state: State) -> None:
        """Make a version of equal content in other blocks the checkpoint; no process keeps a tree that names the old.

        As ``checkpoint``; gc may take the old blocks once no version names them.
        """
        self.checkpoint(version, state, is_new=True)
        key = version.collection_id
        self._change_row(key, lambda tables: tables.collections.count_repack(key))

    def trim(self, collection_id: int, up_to: int) -> None:
        """Drop the entries up to one that a collection's checkpoint holds."""
        self._batch.trim(collection_id, up_to)

    def rebase(self, state: State) -> None:
        """Let an equal tree that stands on the collection's newest checkpoint take the place of the one in memory.

        Changes nothing that anyone could see; does nothing if there is a newer checkpoint or a newer change by now.
        """
        working = self._batch.working(state.row.id)
        row = working.state.row
        if (row.base_seq, row.base_root, working.state.seq) == (state.stands_on, state.row.base_root, state.seq):
            working.state = replace(working.state, root=state.root, stands_on=state.stands_on)

    def _change_row(self, collection_id: int, change: Callable[[Tables], None]) -> None:
        """Change a collection's row in SQL, and read the row again."""
        working = self._batch.working(collection_id)
        tables = self._batch.directly()
        change(tables)
        fresh = tables.collections.by_id(collection_id)
        if fresh is None:
            raise NotFound(f"no collection with id {collection_id}")
        row = working.state.row
        if fresh.name != row.name or fresh.trashed_ns != row.trashed_ns:
            self._batch.names_changed = True
        # What the batch counts is not in the database yet: it stays as it is here.
        working.state = replace(working.state, row=replace(fresh, head_seq=row.head_seq, lock_seq=row.lock_seq))
        self._batch.count(collection_id)


def _check_quota(before: State, root: DirNode) -> None:
    """Refuse growth beyond the limit; what shrinks a collection that is over it (the limit was lowered) may go on."""
    limit = before.row.quota_bytes
    used = before.root.bytes
    if limit is not None and root.bytes > max(limit, used):
        raise QuotaExceeded(root.bytes - used, max(0, limit - used))


_SHORT_FILES = 64
_SHORT_BYTES = 64 << 10


def _is_short(node: Node) -> bool:
    """Tell whether an entry may hold the node itself: it names a record, or what it writes out is little."""
    if isinstance(node, FileNode):
        return node.mem_bytes <= _SHORT_BYTES
    return node.record is not None or (node.files <= _SHORT_FILES and node.mem_bytes <= _SHORT_BYTES)
