"""A drop folder: files are put into it by whoever has the link, and nothing of it is seen.

Owns: what becomes of a file that is put there: its name, and the room it takes.
Invariants: nothing that is there is ever replaced: a name that is taken gets a number, in the transaction of the
change, and the answer is the same, so that nobody learns what is there. Whether the link still holds is asked in that
transaction, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from davserver.access.sharedhouse import SharedHouse
from davserver.catalog.model import Link, Lock
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Change, Put
from davserver.collection.dirnode import DirNode
from davserver.collection.filenode import FileNode
from davserver.collection.spelling import settle
from davserver.errors import Invalid, Locked, NotFound, NotPermitted, QuotaExceeded
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.live.lease import Lease
from davserver.live.upload import Upload
from davserver.live.views import View
from davserver.values import TreePath

T = TypeVar("T")

LEAST_BYTES = 1024
"""What a file takes of a link's room at least: else there could be any number of empty ones."""
_NUMBERED = 100
"""So many files of one name are told apart by number, more by chance: looking for a free number takes a while."""

Holds = Callable[[Edit, str], Link]
"""Returns a link by its id as it is inside an edit; raises NotFound if it does not hold any more."""


class DropHouse(SharedHouse):
    """What a link to a drop folder shows, and where files may be put."""

    def __init__(self, house: House, shown: View, link: Link, holds: Holds) -> None:
        super().__init__(house, shown)
        self._house = house
        self._link = link
        self._holds = holds

    def upload(self, expected_bytes: int | None = None) -> Upload:
        """Begin to receive a file; raises QuotaExceeded, or Invalid for one of unknown length where room is counted."""
        self._require_room(expected_bytes)
        return self._house.upload(expected_bytes)

    def whole(self, body: bytes, attributes: Callable[[str], Attributes]) -> FileNode:
        """Make a file of a body: like ``upload``."""
        self._require_room(len(body))
        return self._house.whole(body, attributes)

    def lease(self) -> Lease:
        """Begin to store blocks."""
        return self._house.lease()

    def edit(self, fn: Callable[[Edit], T]) -> T:
        """Run a function on an edit that puts files into the folder, and does nothing else."""
        try:
            return self._house.edit(lambda edit: fn(self._guarded(edit)))
        except QuotaExceeded as error:
            # How much more the collection or its owner may hold is not told to strangers.
            raise QuotaExceeded(error.need, 0) from None

    def _guarded(self, edit: Edit) -> Edit:
        return DropEdit(edit, self._shown, self._holds(edit, self._link.id), self.random_bytes(6).hex())

    def _require_room(self, size: int | None) -> None:
        room = self._link.room_bytes
        if room is None:
            return
        if size is None:
            raise Invalid("the length of what is dropped here has to be known", hint="send a Content-Length")
        if max(size, LEAST_BYTES) > room:
            raise QuotaExceeded(size, 0)


class DropEdit(Edit):
    """An edit of a drop folder's link. Like ``GuardedEdit`` it holds none of an Edit's own state."""

    def __init__(self, edit: Edit, shown: View, link: Link, chance: str) -> None:
        """``chance`` is a part of a name that no other file has."""
        # Not calling up, so that what is not written here does not work.
        self.now_ns = edit.now_ns
        self._edit = edit
        self._shown = shown
        self._link = link
        self._chance = chance

    def view(self, name: str) -> View:
        """Return the empty folder; raises NotFound for any other name."""
        if name != self._shown.info.name:
            raise NotFound("nothing is here")
        return self._shown

    def view_id(self, _collection_id: int) -> View:
        """Return the empty folder."""
        return self._shown

    def locks(self, _collection_id: int) -> list[Lock]:
        """List nothing."""
        return []

    def apply(self, _collection_id: int, change: Change) -> DirNode:
        """Put a file into the folder, under its name or, if that is taken, one with a number; returns what is shown.

        Raises NotPermitted for any other change, NotFound if the folder is gone, Locked, and QuotaExceeded.
        """
        link = self._link
        if not isinstance(change, Put) or len(change.path) != 2 or change.path[0] != link.name:
            raise NotPermitted("files can be put here, and nothing else can be done")
        view = self._edit.view_id(link.collection_id)
        folder = settle(view.root, link.path)
        directory = tree.lookup(view.root, folder)
        if view.info.trashed_ns is not None or not isinstance(directory, DirNode):
            raise NotFound("nothing is here")
        if any(_stands_in_the_way(lock, folder) for lock in self._edit.locks(link.collection_id)):
            raise Locked(())
        size = change.node.size
        if link.room_bytes is not None and not self._edit.links().take_room(link.id, max(size, LEAST_BYTES)):
            raise QuotaExceeded(size, 0)
        self._edit.apply(link.collection_id, Put((*folder, self._free(directory, change.path[1])), change.node))
        return self._shown.root

    def _free(self, directory: DirNode, wanted: str) -> str:
        """Return a name that nothing in the folder has, in any spelling."""
        dot = wanted.rfind(".")
        stem, ending = (wanted[:dot], wanted[dot:]) if dot > 0 else (wanted, "")
        numbered = (f"{stem} ({number}){ending}" for number in range(2, _NUMBERED))
        for name in (wanted, *numbered):
            if directory.get(settle(directory, (name,))[0]) is None:
                return name
        return f"{stem} ({self._chance}){ending}"


def _stands_in_the_way(lock: Lock, folder: TreePath) -> bool:
    """Tell whether a lock is on the names in a folder (RFC 4918 section 7.4)."""
    return lock.path == folder or (lock.infinite and folder[: len(lock.path)] == lock.path)
