"""A page of a listing: which members, in which order, as values that JSON and HTML are written from.

Owns: from a folder and what was asked to entries; the shape of an entry in JSON (docs/api.md).
Never: HTTP, HTML, rights: a folder that is here may be shown.
Cost: of a directory in the order of its names, what the page has in it and a logarithm; of any other order, a sort that
is remembered (``orders``); of a search, a walk that ends (``search``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from davserver.access.guarded_house import GuardedHouse
from davserver.access.sharedhouse import SHARED_ID
from davserver.catalog.model import Right
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode, etag_of
from davserver.collection.litter import is_litter
from davserver.live.house import House
from davserver.values import TreePath
from davserver.web.page.asked import Asked
from davserver.web.page.orders import Orders, changed_us, friendly, size_of
from davserver.web.page.search import search
from davserver.web.page.space import Space, Spot

MAX_WEIGHED = 100
"""Of so many collections of one page the size is told: each has its tree loaded for it."""


class Entry(NamedTuple):
    """A member as it is shown. ``where`` are the folders above it, below the listed one, if it was searched for."""

    name: str
    node: Node | None
    spot: Spot | None = None
    where: TreePath = ()
    born_ns: int = 0

    @property
    def is_folder(self) -> bool:
        """Whether it has members."""
        return not isinstance(self.node, FileNode)

    @property
    def size(self) -> int | None:
        """The bytes of it, or of all that is in it; None if nobody looked."""
        return None if self.node is None else size_of(self.node)

    @property
    def modified_s(self) -> int:
        """When it was changed, in seconds since 1970."""
        recorded = None if self.node is None else self.node.attributes.mtime_ns
        return (self.born_ns if recorded is None else recorded) // 1_000_000_000


class Listing(NamedTuple):
    """Some entries of a folder. ``total`` counts all that the question was for; ``complete``: all were looked at."""

    folder: Spot
    asked: Asked
    entries: list[Entry]
    total: int
    complete: bool = True


class Lister:
    """Makes listings. Threads: any."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._orders = Orders()

    def listing(self, folder: Spot, asked: Asked) -> Listing:
        """List a folder; raises what looking raises."""
        if asked.find:
            found = search(folder, asked.find, deep=asked.deep)
            entries = [Entry(path[-1], node, spot, path[:-1], folder.born_ns) for path, node, spot in found.matches]
            return self._paged(folder, asked, entries, complete=found.complete)
        if not isinstance(folder.node, DirNode):
            entries = [_of_spot(member) for member in folder.members()]
            return self._paged(folder, asked, entries)
        if folder.hides_litter:
            members = folder.node.items()
            entries = [Entry(name, node, None, (), folder.born_ns) for name, node in members if not is_litter(name)]
            return self._paged(folder, asked, entries)
        entries = [Entry(name, node, None, (), folder.born_ns) for name, node in self._page(folder.node, asked)]
        return Listing(folder, asked, entries, len(folder.node))

    def _page(self, directory: DirNode, asked: Asked) -> Iterator[tuple[str, Node]]:
        """Return the members of a page of a directory, whatever its size."""
        order = self._orders.of(directory, asked.sort)
        total = len(order)
        first, last = asked.offset, min(asked.offset + asked.limit, total)
        if asked.descending:
            first, last = total - last, total - first
        wanted: Sequence[int] = order[max(first, 0) : max(last, 0)]
        entries = directory.entries
        if isinstance(wanted, range):
            members = list(islice(entries.items_from(wanted.start), len(wanted)))
        else:
            members = [next(entries.items_from(place)) for place in wanted]
        return reversed(members) if asked.descending else iter(members)

    def _paged(self, folder: Spot, asked: Asked, entries: list[Entry], *, complete: bool = True) -> Listing:
        """Cut a page out of entries that are all there; collections are weighed if they are few."""
        if not folder.segments and len(entries) <= MAX_WEIGHED:
            entries = [weighed for entry in entries if (weighed := _weighed(entry)) is not None]
        entries.sort(key=_KEYS[asked.sort], reverse=asked.descending)
        return Listing(folder, asked, entries[asked.offset : asked.offset + asked.limit], len(entries), complete)

    def as_json(self, house: House, listing: Listing) -> dict[str, Any]:
        """Write a listing as values of JSON."""
        folder, asked = listing.folder, listing.asked
        return {
            "segments": folder.segments,
            "kind": kind_of(folder),
            "collection": None if folder.collection is None else folder.collection.name,
            "path": folder.path,
            "right": right_on(house, folder),
            "stamp": stamp_of(folder),
            "sort": asked.sort,
            "order": "desc" if asked.descending else "asc",
            "find": asked.find,
            "deep": asked.deep,
            "offset": asked.offset,
            "total": listing.total,
            "complete": listing.complete,
            "entries": [self._entry(house, folder, entry) for entry in listing.entries],
        }

    def _entry(self, house: House, folder: Spot, entry: Entry) -> dict[str, Any]:
        told: dict[str, Any] = {"name": entry.name, "folder": entry.is_folder, "modified": entry.modified_s}
        if entry.size is not None:
            told["size"] = entry.size
        if isinstance(entry.node, FileNode):
            told["etag"] = etag_of(entry.node)
            told["type"] = self._space.content_type(entry.name, entry.node)
        elif entry.node is not None:
            told["files"] = entry.node.files
        if entry.where:
            told["where"] = entry.where
        if entry.spot is not None and not folder.segments:
            told["right"] = right_on(house, entry.spot)
        if not _is_plain(entry.name) or not all(map(_is_plain, entry.where)):
            segments = (*folder.segments, *entry.where, entry.name)
            told["href"] = self._space.href("", segments, folder=entry.is_folder)
        return told


def kind_of(folder: Spot) -> str:
    """Say what a folder is: root, collection, folder, version (or in one), space (of the URL space itself), shared."""
    if not folder.segments:
        return "root"
    if not isinstance(folder.node, DirNode):
        return "space"
    if not folder.is_live:
        return "version"
    if is_shared(folder):
        return "shared"
    return "folder" if folder.path else "collection"


def is_shared(folder: Spot) -> bool:
    """Tell whether a folder is seen by a link."""
    return folder.collection is not None and folder.collection.id == SHARED_ID


def right_on(house: House, spot: Spot) -> str:
    """Say what who asks may do: read, write or manage; at the root, ``write`` is making collections."""
    if not spot.may_write:
        return "read"
    if spot.collection is None or spot.path:
        return "write"
    if isinstance(house, GuardedHouse) and house.rights.level(spot.collection.id) < Right.MANAGE:
        return "write"
    return "manage"


def stamp_of(folder: Spot) -> str:
    """Name the state of a folder: while it is the same, offsets mean the same members. "": it has no name."""
    if folder.is_live and folder.collection is not None:
        # Where only parts are shown, nothing may tell of changes elsewhere.
        return "" if folder.seq is None else f"{folder.collection.uuid}:{folder.seq}"
    return "" if folder.version is None else str(folder.version.pdh)


def _of_spot(spot: Spot) -> Entry:
    return Entry(spot.segments[-1], spot.node, spot, (), spot.born_ns)


def _weighed(entry: Entry) -> Entry | None:
    """Return a collection with its tree; None if it is gone. What was found below one is what it is."""
    if entry.spot is None:
        return entry
    whole = entry.spot.with_tree()
    return None if whole is None else entry._replace(node=whole.node, spot=whole)


def _is_plain(name: str) -> bool:
    """Tell whether a browser can make the address of a name: one that is no Unicode is the server's to write."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _by_size(entry: Entry) -> object:
    return (entry.size or 0, entry.name)


def _by_modified(entry: Entry) -> object:
    micros = entry.born_ns // 1000 if entry.node is None else changed_us(entry.node)
    return (micros, entry.name)


def _by_name(entry: Entry) -> Any:
    return friendly(entry.name, is_folder=entry.is_folder)


_KEYS: dict[str, Any] = {"name": _by_name, "size": _by_size, "modified": _by_modified}
