"""Restoring: a collection, or a file or folder in it, gets the content of one of its versions again.

Owns: which content is replaced, and where it goes.
Follows: RFC 4918 section 7 (a lock holds whatever way a change takes).
Invariants: a restore is one change, whatever its size, and durable when it is answered; history is not rewritten. What
was there is in a version, too, also what a client wrote in the meantime.
"""

from __future__ import annotations

from dataclasses import dataclass

from davserver.catalog.model import Lock, Version
from davserver.collection import tree
from davserver.collection.change import Splice
from davserver.collection.diff import is_same
from davserver.collection.dirnode import EMPTY_DIR, DirNode, Node
from davserver.collection.newname import check_new_name
from davserver.errors import InvalidOperation, Locked, NotADirectory, StoreUnavailable, UnknownVersion
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.live.views import VersionView, View
from davserver.values import TreePath, format_path

_ATTEMPTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is restored: version ``number``, ``path`` in it, to the place ``to`` (None: where it was).

    ``lock_tokens`` open the locks that ``principal`` holds; with ``breaks_locks``, locks in the way end.
    """

    number: int
    path: TreePath = ()
    to: TreePath | None = None
    lock_tokens: frozenset[str] = frozenset()
    principal: str = ""
    breaks_locks: bool = False

    @property
    def target(self) -> TreePath:
        """Where it goes."""
        return self.path if self.to is None else self.to


def restore(house: House, name: str, number: int) -> Version:
    """Make the content of a version the newest one and return the version that records it; see ``put_back``."""
    put_back(house, name, Wish(number=number))
    return house.commit(name)


def put_back(house: House, name: str, wish: Wish) -> bool:
    """Put what a version holds in the place of what is there; False if it is there already.

    Folders on the way that are gone are made, as they were in that version where it has them. Errors: NotFound;
    UnknownVersion; NotADirectory; Locked; QuotaExceeded; StoreUnavailable if clients keep writing between the commit
    of what is there and its replacement.
    """
    for _ in range(_ATTEMPTS):
        wanted = house.view_version(name, wish.number)
        node = tree.require(wanted.root, wish.path)
        if not wish.target and not isinstance(node, DirNode):
            raise InvalidOperation("a file cannot take the place of a collection")
        kept = _commit_if_needed(house, name)
        job = _Job(name, wish, wanted, node, kept)
        done = house.edit(job.run)
        if done is not None:
            return done
    raise StoreUnavailable(f"{name!r} is being written all the time", hint="stop what writes to it, then try again")


def _commit_if_needed(house: House, name: str) -> VersionView:
    """Return the newest version, which has all that is there now; a commit without need would cost its hash."""
    view = house.view(name)
    if view.info.version and view.seq == view.info.base_seq:
        try:
            return house.view_version(name, view.info.version)
        except UnknownVersion:
            pass  # the name has passed to another collection since
    return house.view_version(name, house.commit(name).number)


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    wish: Wish
    wanted: VersionView
    node: Node
    kept: VersionView

    def run(self, edit: Edit) -> bool | None:
        """Make the change; None if what is there is newer than what was kept."""
        target = self.wish.target
        view = edit.view(self.name)
        there = tree.lookup(view.root, target)
        if view.info.id != self.wanted.info.id or not self._is_kept(view, there):
            return None
        self._check_locks(edit, view.info.id)
        edit.require_version(self.wanted.version)
        if there is not None and is_same(there, self.node):
            return False
        place, node = self._with_folders(view.root)
        root = edit.apply(view.info.id, Splice(place, node))
        self._end_locks(edit, view.info.id, root)
        return True

    def _is_kept(self, view: View, there: Node | None) -> bool:
        """Tell whether what would be replaced is in the version that was made before."""
        if view.info.id != self.kept.info.id:
            return False
        if view.seq == view.info.base_seq and view.info.version == self.kept.version.number:
            return True
        before = tree.lookup(self.kept.root, self.wish.target)
        return there is None or (before is not None and is_same(there, before))

    def _check_locks(self, edit: Edit, collection_id: int) -> None:
        """Raise Locked for a lock on the target, below it, or above it."""
        if self.wish.breaks_locks:
            return
        target = self.wish.target
        found = {
            format_path(lock.path): None
            for lock in edit.locks(collection_id)
            if not self._opens(lock) and lock.is_in_the_way_of(target)
        }
        if found:
            raise Locked(tuple(found))

    def _end_locks(self, edit: Edit, collection_id: int, root: DirNode) -> None:
        """End the locks on what is gone now, and those that were broken."""
        for lock in edit.locks(collection_id):
            is_broken = self.wish.breaks_locks and lock.is_in_the_way_of(self.wish.target)
            if is_broken or tree.lookup(root, lock.path) is None:
                edit.remove_lock(lock)

    def _opens(self, lock: Lock) -> bool:
        return lock.token in self.wish.lock_tokens and lock.principal in {"", self.wish.principal}

    def _with_folders(self, root: DirNode) -> tuple[TreePath, Node]:
        """Return what to put where, so that folders which are missing on the way come with it: one change."""
        target, node = self.wish.target, self.node
        depth = 0
        folder: Node | None = root
        while depth < len(target) - 1 and isinstance(folder, DirNode) and folder.get(target[depth]) is not None:
            folder = folder.get(target[depth])
            depth += 1
        if not isinstance(folder, DirNode):
            raise NotADirectory(f"not a directory: {format_path(target[:depth])}")
        for name in () if self.wish.to is None else target[depth:]:
            check_new_name(name)  # what was there before may come back under any name it had
        for length in range(len(target) - 1, depth, -1):
            was = tree.lookup(self.wanted.root, target[:length])
            attributes = was.attributes if isinstance(was, DirNode) else EMPTY_DIR.attributes
            node = EMPTY_DIR.with_attributes(attributes).with_entry(target[length], node)
        return target[: depth + 1], node
