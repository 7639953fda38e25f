"""COPY and MOVE: nodes are shared, no byte moves, whatever the size and also between collections.

Owns: both verbs; what a collection, a folder and a file become where they arrive.
Follows: RFC 4918 sections 9.8, 9.9, 10.3, 10.6 and 7.6 (locks stay behind; the destination's own lock stays there).
Invariants: all or nothing, also between collections, since it is one edit; 201 if nothing was there, 204 if something
was replaced.

::

    source               to /NAME/                           to /NAME/path
    a collection         COPY: a new one that shares all     a folder (MOVE: the collection goes to the trash)
                         MOVE: its new name
    a folder             a new collection                    a folder
    a file               refused                             a file
    history, by hash     COPY: a new collection (restore)    COPY: a folder or file; MOVE is refused

A collection that is replaced goes to the trash first, unless it is by what it was itself: a version, or a folder of
one, over the collection it is of is a change of that collection, which keeps its uuid, its history and its grants.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from davserver.catalog.model import Version
from davserver.collection.change import Copy, Move, Remove, SetAttributes, Splice
from davserver.collection.dirnode import EMPTY_DIR, DirNode, Node
from davserver.dav.conditional import Validators
from davserver.dav.delete import GOES_AWAY
from davserver.dav.destination import raw_path_of
from davserver.dav.faults import BadRequest, Forbidden
from davserver.dav.guard import Guard, Need
from davserver.dav.lockpolicy import READ, Touch, is_below
from davserver.dav.mtime import ACCEPTED, wanted_mtime_ns
from davserver.dav.paths import InCollection, InContent, InVersion, parse_address
from davserver.dav.requests import Depth, Request
from davserver.dav.resources import find
from davserver.dav.responses import Response, created, no_content
from davserver.dav.sites import FILE_AT_THE_ROOT, Site, locate, writable
from davserver.errors import PreconditionFailed, StoreUnavailable
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.values import TreePath

_ATTEMPTS = 20
_ARRIVES = Touch.CONTENT | Touch.MEMBERSHIP
_REPLACED = Touch.CONTENT | Touch.SUBTREE


def handle(request: Request, house: House) -> Response:
    """Serve a COPY or a MOVE: 201 or 204."""
    transfer = Transfer.of(request, house)
    is_new = _run(transfer, house)
    headers = [] if transfer.mtime_ns is None else [ACCEPTED]
    return created(headers) if is_new else no_content(headers)


def _run(transfer: Transfer, house: House) -> bool:
    for _ in range(_ATTEMPTS):
        try:
            return house.edit(transfer.run)
        except _Unkept as unkept:
            house.commit(unkept.name)
    raise StoreUnavailable("this is being written all the time")


class _Unkept(Exception):
    """What a version would replace is in no version yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Source:
    """What is copied or moved. ``site`` is None for immutable content, which is looked up before the edit.

    ``version`` is where that content was found; the edit makes sure that nobody purged it since.
    """

    node: Node
    site: Site | None
    validators: Validators | None
    version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One COPY or MOVE as its headers describe it."""

    moves: bool
    source: InCollection | None
    frozen: Source | None
    destination: InCollection
    overwrite: bool
    depth: Depth
    guard: Guard
    mtime_ns: int | None

    @classmethod
    def of(cls, request: Request, house: House) -> Transfer:
        """Read the headers; raises what can be refused before the edit."""
        moves = request.method == "MOVE"
        depth = request.depth(Depth.INFINITY)
        if depth is Depth.ONE:
            raise BadRequest("COPY and MOVE take all of a folder, or COPY the folder alone: Depth is infinity or 0")
        frozen = None
        if not moves and isinstance(request.target, InContent | InVersion):
            found = find(house, request.target)
            if found.node is None:
                raise Forbidden("this folder is made by the server")
            # The folder of a version shows the version's time; what is stored, and taken in one step, has its own.
            node = found.node if found.path or found.root is None else found.root
            frozen = Source(node, None, found.validators(), found.version)
        return cls(
            moves=moves,
            source=writable(request.target) if frozen is None else None,
            frozen=frozen,
            destination=_destination(request),
            overwrite=request.overwrite(),
            depth=depth,
            guard=Guard.of(request),
            mtime_ns=wanted_mtime_ns(request.headers),
        )

    def run(self, edit: Edit) -> bool:
        """Check and change inside the edit; tell whether the destination is new."""
        source = self._find_source(edit)
        target = locate(edit, self.destination)
        self._refuse(source, target)
        if target.path:
            target.require_parent()
            target.check_new()
        is_new = target.node is None
        if not is_new and not self.overwrite:
            raise PreconditionFailed("something is at the destination, and Overwrite is F")
        self._check(edit, source, target)
        arrived_id = (
            self._to_root(edit, source, target) if target.is_collection_root else self._into(edit, source, target)
        )
        if self.mtime_ns is not None:
            attributes = replace(source.node.attributes, mtime_ns=self.mtime_ns)
            edit.apply(arrived_id, SetAttributes(target.path, attributes))
        return is_new

    def _find_source(self, edit: Edit) -> Source:
        if self.frozen is not None:
            if self.frozen.version is not None:
                edit.require_version(self.frozen.version)
            return self.frozen
        assert self.source is not None  # noqa: S101 - a source is live or frozen
        site = locate(edit, self.source)
        _, node = site.require()
        if self.moves and self.depth is Depth.ZERO and isinstance(node, DirNode):
            raise BadRequest("a folder is moved with all that is in it", hint="leave Depth out")
        return Source(node, site, site.validators())

    def _refuse(self, source: Source, target: Site) -> None:
        """Raise Forbidden for what makes no sense whatever the state of the destination is."""
        if target.is_collection_root and not isinstance(source.node, DirNode):
            raise Forbidden("a file cannot stand at the root", hint=FILE_AT_THE_ROOT)
        if target.is_collection_root and target.target.by_uuid:
            raise Forbidden("the server gives out the uuids", hint="use the collection's name")
        if source.site is None or not _same_collection(source.site, target):
            return
        here, there = source.site.path, target.path
        if here == there:
            raise Forbidden("source and destination are the same resource")
        if is_below(here, there):
            raise Forbidden("the destination holds the source and would be replaced by it")
        if self.moves and is_below(there, here):
            raise Forbidden("a folder cannot be moved into itself")

    def _check(self, edit: Edit, source: Source, target: Site) -> None:
        arrival = Need(target, _ARRIVES if target.node is None else _REPLACED)
        if source.site is None:
            self.guard.check(edit, arrival, frozen=source.validators)
        else:
            self.guard.check(edit, Need(source.site, GOES_AWAY if self.moves else READ), arrival)

    def _to_root(self, edit: Edit, source: Source, target: Site) -> int:
        """Make the source a collection of its own; returns the collection's id."""
        if target.view is not None:
            info = target.view.info
            if source.version is not None and source.version.collection_id == info.id:
                if target.view.seq != info.base_seq:
                    raise _Unkept(info.name)
                return self._into(edit, source, target)
            edit.trash_collection(info.id)
        name = target.target.key
        if self.moves and source.site is not None and source.site.is_collection_root:
            collection_id = source.site.require()[0].info.id
            edit.rename_collection(collection_id, name)
            edit.remove_locks_below(collection_id, ())
            return collection_id
        info = edit.create_collection(name)
        self._bring(edit, source, info.id, ())
        self._leave(edit, source)
        return info.id

    def _into(self, edit: Edit, source: Source, target: Site) -> int:
        """Put the source under a path of a collection; returns that collection's id."""
        collection_id = target.require_parent().info.id
        for lock in edit.locks(collection_id):
            if lock.path != target.path and is_below(lock.path, target.path):
                edit.remove_lock(lock)
        whole = self.depth is Depth.INFINITY or not isinstance(source.node, DirNode)
        if source.site is not None and whole and _same_collection(source.site, target):
            src = source.site.path
            edit.apply(collection_id, Move(src, target.path) if self.moves else Copy(src, target.path))
            if self.moves:
                edit.remove_locks_below(collection_id, src)
            return collection_id
        self._bring(edit, source, collection_id, target.path)
        self._leave(edit, source)
        return collection_id

    def _bring(self, edit: Edit, source: Source, collection_id: int, path: TreePath) -> None:
        """Put the source into another place: all of it, or of a folder copied with Depth 0 the folder alone."""
        if self.depth is Depth.ZERO and isinstance(source.node, DirNode):
            edit.apply(collection_id, Splice(path, EMPTY_DIR.with_attributes(source.node.attributes)))
        elif source.site is None:
            edit.apply(collection_id, Splice(path, source.node))
        else:
            edit.graft(collection_id, path, source.site.require()[0].info.id, source.site.path)

    def _leave(self, edit: Edit, source: Source) -> None:
        """Take a moved source from where it was, with its locks."""
        if not self.moves or source.site is None:
            return
        collection_id = source.site.require()[0].info.id
        if source.site.is_collection_root:
            edit.trash_collection(collection_id)
        else:
            edit.apply(collection_id, Remove(source.site.path))
            edit.remove_locks_below(collection_id, source.site.path)


def _same_collection(one: Site, other: Site) -> bool:
    return one.view is not None and other.view is not None and one.view.info.id == other.view.info.id


def _destination(request: Request) -> InCollection:
    header = request.headers.get("Destination")
    if header is None:
        raise BadRequest(f"{request.method} needs a Destination")
    raw = raw_path_of(header.strip(), request.authorities, prefix=request.prefix)
    return writable(parse_address(raw).target)
