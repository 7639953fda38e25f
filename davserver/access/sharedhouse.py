"""The house as a link shows it: one tree, under one name, and nothing beside it.

Owns: what there is to look at: a folder with what is shared in it, under the name that the link gave it; of a drop
folder an empty one.
Invariants: the tree is made before a request begins, from what is shared alone, so nothing else can be reached from it,
whatever a request calls it. It shows nothing of its collection: no name, uuid, owner, limit, lock or change.
"""

from __future__ import annotations

from davserver.catalog.model import Collection, Link, Lock
from davserver.collection import tree
from davserver.collection.dirnode import EMPTY_DIR, DirNode, Node
from davserver.collection.spelling import settle
from davserver.errors import DavserverError, NotFound, NotPermitted, UnknownVersion
from davserver.live.allowance import Allowance
from davserver.live.house import House
from davserver.live.lease import Lease
from davserver.live.views import View

SHARED_ID = 0
"""The number of what a link shows; no collection has it."""


def shared_view(house: House, link: Link, uuid: str, text: str) -> View:
    """Return what a link to the collection of this uuid shows, under its text; raises NotFound if that is gone."""
    live = house.view_uuid(uuid)
    if live.info.trashed_ns is not None:
        raise _nothing()
    root = live.root if link.version is None else _version(house, live, link.version)
    node = tree.lookup(root, settle(root, link.path))
    if node is None or (link.is_drop and not isinstance(node, DirNode)):
        raise _nothing()
    shown: Node = EMPTY_DIR if link.is_drop else node
    info = Collection(id=SHARED_ID, uuid="", name=text, created_ns=link.created_ns)
    return View(info, tree.put(EMPTY_DIR, (link.name,), shown), None)


def _version(house: House, live: View, number: int) -> DirNode:
    try:
        version = house.view_version(live.info.name, number)
    except UnknownVersion:
        raise _nothing() from None
    if version.info.id != live.info.id:
        raise _nothing()
    return version.root


class SharedHouse(House):
    """A house with one collection, named by the link's text, to look at.

    It is a House to whoever takes one, and holds none of a House's own state: a method that is not written here fails
    instead of reaching the house behind it. Rights are held against it as against any (``GuardedHouse``).
    """

    def __init__(self, house: House, shown: View) -> None:
        # Not calling up, so that what is not written here does not work.
        self.settings = house.settings
        self.blocks = house.blocks
        self.clock = house.clock
        self.random_bytes = house.random_bytes
        self._shown = shown

    def collections(self) -> list[Collection]:
        """List nothing: who has no link's text learns of none."""
        return []

    def view(self, name: str) -> View:
        """Return what is shared; raises NotFound for any other name."""
        if name != self._shown.info.name:
            raise _nothing()
        return self._shown

    def view_uuid(self, _uuid: str) -> View:
        """Raise NotFound."""
        raise _nothing()

    def locks(self, _name: str) -> list[Lock]:
        """List nothing: who locked what is of those who work on it."""
        return []

    def allowance(self, _account: str) -> Allowance | None:
        """Tell of no limit."""
        return None

    def allowance_over(self, _collection: Collection) -> Allowance | None:
        """Tell of no limit."""
        return None

    def lease(self) -> Lease:
        """Raise NotPermitted: this one needs nothing of a House's own state, and would work."""
        raise NotPermitted("nothing is changed by this link")


def _nothing() -> DavserverError:
    return NotFound("nothing is here")
