"""An edit as one principal may make it.

Owns: which right each change needs, and what is shown of a collection that is theirs in parts. The names decide
nothing: rights are held against the collection that a name means inside the transaction.
Invariant: whatever makes a collection owns it: its maker is granted ``manage`` in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from davserver.access.needed import needs_of
from davserver.access.rights import Rights
from davserver.access.sight import covering, only, part_of
from davserver.catalog.model import Annotation, Collection, Grant, Link, Lock, Right, Version
from davserver.catalog.uploads import Uploads
from davserver.collection.change import Change
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import Extent
from davserver.errors import Exists, NotFound, NotPermitted, QuotaExceeded
from davserver.live.edit import Edit
from davserver.live.views import View
from davserver.values import TreePath

T = TypeVar("T")


@contextmanager
def untold() -> Iterator[None]:
    """Keep to ourselves how much more fits: limits belong to the whole, and what is left of them tells of its rest."""
    try:
        yield
    except QuotaExceeded as error:
        raise QuotaExceeded(error.need, 0) from None


class GuardedEdit(Edit):
    """An edit that refuses what its maker may not do.

    It is an Edit to whoever takes one, and holds none of an Edit's own state: a method that is not decided upon here
    fails instead of letting everybody in. A test lists those methods.
    """

    def __init__(self, edit: Edit, rights: Rights) -> None:
        # Not calling up, so that what is not written here does not work.
        self.now_ns = edit.now_ns
        self._edit = edit
        self._rights = rights
        self._made: set[int] = set()
        self.is_in_parts = False
        """Whether something was changed in a collection of which only parts are shown."""

    # -- looking ------------------------------------------------------------------------------------------------------

    def view(self, name: str) -> View:
        """Return what they may read of a collection."""
        return self._seen(lambda: self._edit.view(name))

    def view_uuid(self, uuid: str) -> View:
        """Return what they may read of a collection, trashed or not."""
        return self._seen(lambda: self._edit.view_uuid(uuid))

    def view_id(self, collection_id: int) -> View:
        """Return what they may read of a collection."""
        return self._seen(lambda: self._edit.view_id(collection_id))

    def locks(self, collection_id: int) -> list[Lock]:
        """List the locks on what they may read of a collection."""
        locks = self._edit.locks(collection_id)
        if self._has(collection_id, Right.READ):
            return locks
        return covering(locks, self._rights.seen_or_refuse(collection_id))

    @property
    def uploads(self) -> Uploads:
        """The uploads that are not linked yet: an account; whose an upload is, who continues it checks."""
        self._rights.require_account()
        return self._edit.uploads

    def check_leases(self, extents: Iterable[Extent]) -> None:
        """Forward: it is about blocks that this very request has stored."""
        self._edit.check_leases(extents)

    def require_version(self, version: Version) -> None:
        """Make sure that a version of a collection they may read still is there."""
        self._require(version.collection_id, Right.READ)
        self._edit.require_version(version)

    # -- changing -----------------------------------------------------------------------------------------------------

    def apply(self, collection_id: int, change: Change) -> DirNode:
        """Make a change: ``write`` where it is made; returns what they may read of the tree after it."""
        if self._has(collection_id, Right.WRITE):
            return self._edit.apply(collection_id, change)
        root = self._edit.view_id(collection_id).root
        for path, right in needs_of(change, root):
            self._require(collection_id, right, path)
        if self._has(collection_id, Right.READ):
            return self._edit.apply(collection_id, change)
        self.is_in_parts = True
        with untold():
            return self._part(collection_id, self._edit.apply(collection_id, change))

    def graft(self, collection_id: int, path: TreePath, source_id: int, source_path: TreePath) -> DirNode:
        """Share a subtree: ``read`` there, ``write`` here."""
        self._require(source_id, Right.READ, source_path)
        self._require(collection_id, Right.WRITE, path[:-1])
        if self._has(collection_id, Right.READ):
            return self._edit.graft(collection_id, path, source_id, source_path)
        self.is_in_parts = True
        with untold():
            return self._part(collection_id, self._edit.graft(collection_id, path, source_id, source_path))

    def create_collection(self, name: str, root: DirNode = EMPTY_DIR, *, owner: str | None = None) -> Collection:
        """Make a collection: any account, for itself; raises NotPermitted if one they cannot see has the name."""
        self._rights.require_account()
        maker = self._rights.principal.name
        if owner not in {None, maker}:
            raise NotPermitted("a collection belongs to whoever makes it")
        made = self._named(lambda: self._edit.create_collection(name, root, owner=maker))
        self._made.add(made.id)
        self._edit.access().set_grant(Grant(made.id, maker, Right.MANAGE))
        self.note("collection create", name)
        return made

    def rename_collection(self, collection_id: int, name: str) -> None:
        """Give a collection another name: ``manage``."""
        self._require(collection_id, Right.MANAGE)
        before = self._edit.view_id(collection_id).info.name
        self._named(lambda: self._edit.rename_collection(collection_id, name))
        self.note("collection rename", before, f"to {name}")

    def trash_collection(self, collection_id: int) -> None:
        """Put a collection into the trash: ``manage``."""
        self._require(collection_id, Right.MANAGE)
        self.note("collection trash", self._edit.view_id(collection_id).info.name)
        self._edit.trash_collection(collection_id)

    def restore_collection(self, collection_id: int, name: str) -> None:
        """Take a collection out of the trash: ``manage``."""
        self._require(collection_id, Right.MANAGE)
        self._named(lambda: self._edit.restore_collection(collection_id, name))
        self.note("collection restore", name)

    def set_quota(self, collection_id: int, limit_bytes: int | None) -> None:
        """Limit a collection: ``manage``."""
        self._require(collection_id, Right.MANAGE)
        self._edit.set_quota(collection_id, limit_bytes)

    def set_litter(self, collection_id: int, *, drops: bool) -> None:
        """Say what becomes of a collection's litter: ``manage``."""
        self._require(collection_id, Right.MANAGE)
        self._edit.set_litter(collection_id, drops=drops)

    def set_retention(self, collection_id: int, rules: str | None) -> None:
        """Say which versions stay: ``manage``."""
        self._require(collection_id, Right.MANAGE)
        self._edit.set_retention(collection_id, rules)

    def annotate(self, collection_id: int, number: int, note: Annotation) -> Version:
        """Label a version: ``write``; to let rules remove one that was tagged: ``manage``."""
        self._require(collection_id, Right.MANAGE if note.label == "" or note.kept is False else Right.WRITE)
        return self._edit.annotate(collection_id, number, note)

    def add_link(self, link: Link) -> Link:
        """Store a link, in the name of who asks: ``manage``, granted to an account of this server or its groups here.

        What a directory says of somebody's groups is known while they are here, and a link is used when they are not.
        """
        self._require(link.collection_id, Right.MANAGE)
        maker = self._rights.principal.name
        lasting = link.collection_id in self._made or self._rights.lasting_level(link.collection_id) is Right.MANAGE
        if not lasting or self._edit.access().account(maker) is None:
            raise NotPermitted("who shares something has to be an account of this server, and be granted manage itself")
        return self._edit.add_link(replace(link, made_by=maker))

    def remove_link(self, link_id: str) -> None:
        """End a link, whoever made it: ``manage``."""
        link = self._edit.links().one(link_id)
        if link is None or not self._has(link.collection_id, Right.MANAGE):
            raise self._rights.unseen()
        self._edit.remove_link(link_id)

    def purge(self, collection_id: int) -> bool:
        """Delete a collection in the trash for good: ``manage``."""
        self._require(collection_id, Right.MANAGE)
        info = self._edit.view_id(collection_id).info
        is_gone = self._edit.purge(collection_id)
        if is_gone:
            self.note("collection purge", info.name, info.uuid)
        return is_gone

    def add_lock(self, lock: Lock) -> None:
        """Store a lock: ``write``."""
        self._require(lock.collection_id, Right.WRITE, lock.path)
        self._edit.add_lock(lock)

    def refresh_lock(self, lock: Lock, *, timeout_s: int) -> Lock:
        """Start a lock's time anew: ``write``."""
        self._require(lock.collection_id, Right.WRITE, lock.path)
        return self._edit.refresh_lock(lock, timeout_s=timeout_s)

    def remove_lock(self, lock: Lock) -> None:
        """End a lock: ``write``."""
        self._require(lock.collection_id, Right.WRITE, lock.path)
        self._edit.remove_lock(lock)

    def remove_locks_below(self, collection_id: int, path: TreePath) -> None:
        """End the locks below a path: ``write``."""
        self._require(collection_id, Right.WRITE, path)
        self._edit.remove_locks_below(collection_id, path)

    def note(self, action: str, subject: str, detail: str = "", *, actor: str = "", address: str = "") -> None:
        """Note for the audit log what this edit does, in their name whatever is given."""
        del actor, address
        name, origin = self._rights.principal.name, self._rights.origin
        self._edit.note(action, subject, detail, actor=name, address=origin)

    # -- deciding -----------------------------------------------------------------------------------------------------

    def _has(self, collection_id: int, right: Right) -> bool:
        # What this edit made is its maker's, though the grant is not committed yet.
        return collection_id in self._made or self._rights.level(collection_id) >= right

    def _require(self, collection_id: int, right: Right, path: TreePath = ()) -> None:
        if collection_id not in self._made:
            self._rights.require(collection_id, right, path)

    def _seen(self, look: Callable[[], View]) -> View:
        try:
            view = look()
        except NotFound:
            raise self._rights.unseen() from None
        if self._has(view.info.id, Right.READ):
            return view
        return part_of(view, self._rights.seen_or_refuse(view.info.id))

    def _part(self, collection_id: int, root: DirNode) -> DirNode:
        return only(root, self._rights.seen_or_refuse(collection_id))

    def _named(self, change: Callable[[], T]) -> T:
        try:
            return change()
        except Exists:
            # Whoever could see the other one was told before: the verbs look at the destination first.
            raise NotPermitted("this name is taken") from None
