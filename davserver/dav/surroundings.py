"""What a resource's properties need to know beside its node: the locks over it, the space around it.

Owns: one lookup per request of each, and only if it is asked for; rights.
Follows: RFC 4918 section 15.8 (an inherited lock shows on every member), RFC 4331 (quota).
"""

from __future__ import annotations

from collections.abc import Callable

from davserver.blocks.store import KnowsSpace
from davserver.catalog.model import Collection, Lock
from davserver.collection import tree
from davserver.collection.dirnode import DirNode, Node
from davserver.dav.lockpolicy import covers
from davserver.dav.lockxml import lockdiscovery
from davserver.dav.paths import href_of
from davserver.dav.privileges import privilege_set
from davserver.dav.quirks import finder
from davserver.dav.quota import available
from davserver.dav.requests import Request
from davserver.dav.resources import Resource, loaded
from davserver.errors import NotFound
from davserver.live.house import House
from davserver.values import TreePath

NO_LOCKS = "<D:lockdiscovery/>"
MAX_SUMMED = 100
"""With more collections than this the root does not say how many bytes are used: Finder asks every few seconds."""

_LocksAt = Callable[[TreePath], str]


class Surroundings:
    """Locks and space as one request sees them. Threads: one."""

    def __init__(self, request: Request, house: House) -> None:
        self._request = request
        self._house = house
        self._locks: dict[int, _LocksAt] = {}

    def lockdiscovery(self, resource: Resource) -> str:
        """Write the property of a resource in a collection."""
        info = resource.collection
        if info is None:
            return NO_LOCKS
        known = self._locks.get(info.id)
        if known is None:
            known = self._locks[info.id] = self._look_up(resource, info)
        return known(resource.path)

    def used_bytes(self, resource: Resource) -> int | None:
        """Return the bytes of all files in a folder."""
        if isinstance(resource.node, DirNode):
            return resource.node.bytes
        if resource.segments:
            return None
        collections = self._house.collections()
        if len(collections) > MAX_SUMMED:
            return None
        return sum(self._house.view_uuid(info.uuid).root.bytes for info in collections)

    def available_bytes(self, resource: Resource) -> int | None:
        """Return how many more bytes fit; None if nobody knows, or if the client is better not told."""
        if self._request.asking.has(finder.NO_QUOTA):
            return None
        blocks = self._house.blocks
        free = blocks.free_bytes() if isinstance(blocks, KnowsSpace) else None
        if resource.collection is None or resource.root is None:
            return free
        return available(resource.collection.quota_bytes, resource.root.bytes, free)

    def privilege_set(self, resource: Resource) -> str:
        """Write what the maker of the request may do."""
        return privilege_set(resource, self._house)

    def _look_up(self, resource: Resource, info: Collection) -> _LocksAt:
        try:
            locks = self._house.locks(info.name)
        except NotFound:
            # Renamed or deleted since it was looked up: what is shown is the tree as it was, without locks.
            return _no_locks
        if not locks:
            return _no_locks
        root = loaded(self._house, resource).root
        above = len(resource.segments) - len(resource.path)
        prefix, now_ns = self._request.prefix, int(self._request.now_s * 1e9)
        roots = [(lock, _root_href(prefix, resource.segments[:above], lock, root)) for lock in locks]

        def discovery(path: TreePath) -> str:
            return lockdiscovery([pair for pair in roots if covers(pair[0], path)], now_ns)

        return discovery


def _root_href(prefix: str, collection: TreePath, lock: Lock, root: Node | None) -> str:
    node = tree.lookup(root, lock.path) if isinstance(root, DirNode) else None
    return href_of(prefix, (*collection, *lock.path), folder=not lock.path or isinstance(node, DirNode))


def _no_locks(_path: TreePath) -> str:
    return NO_LOCKS
