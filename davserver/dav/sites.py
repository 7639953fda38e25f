"""Sites: where in which collection a write goes, as one reader sees it.

Owns: which targets can be written at all, and why the others cannot; looking a site and its parent up.
Never: a change.
Invariant: the same lookup serves the check before the body (reader: the house) and the one inside ``house.edit``
(reader: the edit), where nothing can change any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from davserver.catalog.model import Lock
from davserver.collection import tree
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode, etag_of
from davserver.collection.newname import check_new_name
from davserver.collection.spelling import settle
from davserver.dav.conditional import Validators
from davserver.dav.faults import BadRequest, Conflict, Forbidden
from davserver.dav.paths import HistoryOf, HistoryRoot, InCollection, InContent, InVersion, Target
from davserver.dav.resources import modified_s
from davserver.dav.spelling import view_of
from davserver.errors import NotFound
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.live.views import View
from davserver.values import TreePath, format_path

FILE_AT_THE_ROOT = "only folders stand at the root: each is a collection of its own"


Reader = House | Edit
"""Where things are looked up: as anyone sees them now, or as they are inside the edit's transaction."""


@dataclass(frozen=True, slots=True)
class Site:
    """A path in a collection. ``view`` is None if there is no such collection, ``node`` if nothing is there."""

    target: InCollection
    view: View | None
    node: Node | None

    @property
    def path(self) -> TreePath:
        """The path inside the collection, in the spelling of what exists there."""
        return self.target.path

    @property
    def is_collection_root(self) -> bool:
        """Whether this is a folder of the root: a whole collection, there or not."""
        return not self.target.path

    def require(self) -> tuple[View, Node]:
        """Return collection and node; raises NotFound."""
        if self.view is None or self.node is None:
            raise NotFound(f"nothing at /{format_path(self.target.segments)}")
        return self.view, self.node

    def require_parent(self) -> View:
        """Return the collection after a look at the parent of a path below its root; raises Conflict (409)."""
        above = self.target.segments[:-1]
        if self.view is None:
            raise Conflict(f"no collection {self.target.key!r}", hint="make it first, with MKCOL")
        if not isinstance(tree.lookup(self.view.root, self.path[:-1]), DirNode):
            raise Conflict(f"not a folder: /{format_path(above)}", hint="make it first, with MKCOL")
        return self.view

    def validators(self) -> Validators | None:
        """Return what conditions are held against; None for an unmapped URL."""
        if self.view is None or self.node is None:
            return None
        etag = etag_of(self.node) if isinstance(self.node, FileNode) else None
        return Validators(etag, modified_s(self.node, self.view.info.created_ns))

    def check_new(self) -> None:
        """Refuse a name that nothing new may have, unless something stands there already; raises InvalidName."""
        if self.node is None and self.path:
            check_new_name(self.path[-1])

    def check_new_file(self, *, slash: bool) -> None:
        """Like ``check_new``, and refuse a file whose URL ends with a slash; raises BadRequest."""
        if self.node is None and slash:
            raise BadRequest("a name with a slash at its end is a folder", hint="MKCOL makes a folder")
        self.check_new()


def locate(reader: Reader, target: InCollection) -> Site:
    """Look a site up; what is missing is None in it. Collections in the trash are not there."""
    try:
        view = reader.view_uuid(target.key) if target.by_uuid else view_of(reader, target.key)
    except NotFound:
        return Site(target, None, None)
    if view.info.trashed_ns is not None:
        return Site(target, None, None)
    path = settle(view.root, target.path)
    if path != target.path:
        target = replace(target, path=path)
    return Site(target, view, tree.lookup(view.root, path))


def locks_of(reader: Reader, site: Site) -> list[Lock]:
    """List the locks of the site's collection that have not expired."""
    if site.view is None:
        return []
    return reader.locks(site.view.info.name) if isinstance(reader, House) else reader.locks(site.view.info.id)


def writable(target: Target) -> InCollection:
    """Return the target if it lies in a live collection; raises Forbidden with the reason."""
    if isinstance(target, InCollection):
        return target
    if isinstance(target, InContent):
        raise Forbidden("content addressed by its hash never changes", hint="COPY it to where it may change")
    if isinstance(target, HistoryRoot | HistoryOf | InVersion):
        raise Forbidden("history never changes", hint="COPY a version to where it may change")
    raise Forbidden("this folder is made by the server", hint="MKCOL /NAME/ makes a collection")
