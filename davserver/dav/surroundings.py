"""What a resource's properties need to know beside its node: the locks over it, the space around it.

Owns: one lookup per request of each, and only if it is asked for; rights.
Follows: RFC 4918 section 15.8 (an inherited lock shows on every member), RFC 4331 (quota).
"""

from __future__ import annotations

from collections.abc import Callable

from davserver.access.sharedhouse import SHARED_ID
from davserver.blocks.store import KnowsSpace
from davserver.catalog.model import Collection, Lock
from davserver.collection import tree
from davserver.collection.dirnode import DirNode, Node
from davserver.dav.lockpolicy import covers, is_below
from davserver.dav.lockxml import lockdiscovery
from davserver.dav.paths import href_of
from davserver.dav.privileges import privilege_set
from davserver.dav.quirks import finder
from davserver.dav.quota import available, of_collection
from davserver.dav.requests import Request
from davserver.dav.resources import Place, Resource, loaded
from davserver.errors import NotFound
from davserver.live.allowance import Allowance
from davserver.live.house import House
from davserver.values import TreePath

NO_LOCKS = "<D:lockdiscovery/>"
MAX_SUMMED = 100
"""With more collections than this the root does not say how many bytes are used: Finder asks every few seconds."""


class _Shown:
    """The locks of one collection, each with the href of its root."""

    def __init__(self, locks: list[tuple[Lock, str]], now_ns: int) -> None:
        self._locks = locks
        self._now_ns = now_ns

    def at(self, path: TreePath) -> str:
        """Write those that cover a path."""
        return lockdiscovery([pair for pair in self._locks if covers(pair[0], path)], self._now_ns)

    def names_in(self, folder: TreePath) -> frozenset[str] | None:
        """List the members of a folder that a lock covers; None for all, whatever members it has."""
        if any(lock.infinite and is_below(folder, lock.path) for lock, _ in self._locks):
            return None
        return frozenset(lock.path[-1] for lock, _ in self._locks if lock.path and lock.path[:-1] == folder)


class Surroundings:
    """Locks and space as one request sees them. Threads: one."""

    def __init__(self, request: Request, house: House) -> None:
        self._request = request
        self._house = house
        self._locks: dict[int, _Shown] = {}
        self._allowances: dict[str, Allowance | None] = {}

    def lockdiscovery(self, resource: Resource) -> str:
        """Write the property of a resource in a collection."""
        info = resource.collection
        return NO_LOCKS if info is None else self._shown(resource, info).at(resource.path)

    def locked_members(self, folder: Resource) -> frozenset[str] | None:
        """List the members of a folder of a tree on which a lock shows; None for all."""
        info = folder.collection
        if folder.place is not Place.LIVE or info is None:
            return frozenset()
        return self._shown(folder, info).names_in(folder.path)

    def _shown(self, resource: Resource, info: Collection) -> _Shown:
        known = self._locks.get(info.id)
        if known is None:
            known = self._locks[info.id] = self._look_up(resource, info)
        return known

    def used_bytes(self, resource: Resource) -> int | None:
        """Return the bytes of all files in a folder.

        Of the root, and of a collection whose owner's limit is tighter than its own: all that counts for the limit, so
        that used and available add up to it. Only the owner is told how much that is.
        """
        if isinstance(resource.node, DirNode):
            return self._counted_with(resource, resource.node)
        if resource.segments:
            return None
        own = self._own_allowance()
        if own is not None:
            return own.used_bytes
        collections = self._house.collections()
        if len(collections) > MAX_SUMMED:
            return None
        return sum(self._house.view_uuid(info.uuid).root.bytes for info in collections)

    def available_bytes(self, resource: Resource) -> int | None:
        """Return how many more bytes fit; None if nobody knows, or if the client is better not told."""
        info = resource.collection
        if self._request.asking.has(finder.NO_QUOTA) or (info is not None and info.id == SHARED_ID):
            return None  # whoever comes by a link is a stranger: the disk is none of their business
        blocks = self._house.blocks
        free = blocks.free_bytes() if isinstance(blocks, KnowsSpace) else None
        return available(self._allowances_of(resource), free)

    def privilege_set(self, resource: Resource) -> str:
        """Write what the maker of the request may do."""
        return privilege_set(resource, self._house)

    def _counted_with(self, resource: Resource, folder: DirNode) -> int:
        info = resource.collection
        if resource.path or info is None or info.owner is None or info.owner != self._request.principal:
            return folder.bytes
        tightest = min(self._allowances_of(resource), key=lambda each: each.left_bytes, default=None)
        return folder.bytes if tightest is None or tightest is not self._over(info) else tightest.used_bytes

    def _allowances_of(self, resource: Resource) -> list[Allowance]:
        """List the allowances that what grows in a resource counts for, the collection's own first."""
        info = resource.collection
        if info is None or resource.root is None:
            known = [None if resource.segments else self._own_allowance()]
        else:
            known = [of_collection(info, resource.root), self._over(info)]
        return [each for each in known if each is not None]

    def _over(self, info: Collection) -> Allowance | None:
        return self._remembered(info.owner or "", lambda: self._house.allowance_over(info))

    def _own_allowance(self) -> Allowance | None:
        """Return the allowance of who asks: what they make at the root is theirs."""
        name = self._request.principal
        return self._remembered(name, lambda: self._house.allowance(name))

    def _remembered(self, account: str, look: Callable[[], Allowance | None]) -> Allowance | None:
        if account and account not in self._allowances:
            self._allowances[account] = look()
        return self._allowances.get(account)

    def _look_up(self, resource: Resource, info: Collection) -> _Shown:
        try:
            locks = self._house.locks(info.name)
        except NotFound:
            # Renamed or deleted since it was looked up: what is shown is the tree as it was, without locks.
            return _NONE
        if not locks:
            return _NONE
        root = loaded(self._house, resource).root
        above = len(resource.segments) - len(resource.path)
        prefix, now_ns = self._request.prefix, int(self._request.now_s * 1e9)
        return _Shown([(lock, _root_href(prefix, resource.segments[:above], lock, root)) for lock in locks], now_ns)


_NONE = _Shown([], 0)


def _root_href(prefix: str, collection: TreePath, lock: Lock, root: Node | None) -> str:
    node = tree.lookup(root, lock.path) if isinstance(root, DirNode) else None
    return href_of(prefix, (*collection, *lock.path), folder=not lock.path or isinstance(node, DirNode))
