"""What a target is: the one lookup behind every reading verb.

Owns: from a target to the tree node (or folder of the URL space) it names, and from a folder to its members.
Never: HTTP, XML, or a change. One ``find`` reads the catalog at most once; members of a tree cost no query.
Invariant: a resource holds an immutable node, so whatever is read from it belongs to one moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from davserver.access.guarded_house import GuardedHouse
from davserver.catalog.model import Collection, Version
from davserver.collection import tree
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode, etag_of
from davserver.collection.litter import is_litter
from davserver.collection.spelling import settle
from davserver.dav.conditional import Validators
from davserver.dav.paths import (
    HistoryOf,
    HistoryRoot,
    InChunks,
    InCollection,
    InContent,
    InPreview,
    InUpload,
    InVersion,
    InZip,
    Target,
    target_of,
    version_folder,
)
from davserver.dav.spelling import in_any_spelling, view_of
from davserver.errors import NotFound, UnknownVersion
from davserver.live.house import House
from davserver.values import TreePath

_SECOND_NS = 1_000_000_000


class Place(Enum):
    """Where a resource stands, which decides what may be done to it."""

    SPACE = "a folder of the URL space itself"
    LIVE = "in a collection"
    FROZEN = "in a version, or in content named by its hash"


class Resource(NamedTuple):
    """Something that exists under a URL.

    ``segments`` are the names of the URL; ``node`` is None for a folder whose tree is not loaded or that has none.
    ``born_ns`` is when its collection or version was made and stands in for times nobody recorded. ``path`` leads
    from ``root`` to ``node``, in the spelling of the tree; ``seq`` is the newest change in it, None where
    only parts of it are shown.
    ``hides_litter`` marks a version whose manifest leaves litter out. ``version`` is where immutable content was found.
    """

    segments: TreePath
    place: Place
    born_ns: int
    node: Node | None = None
    collection: Collection | None = None
    root: DirNode | None = None
    path: TreePath = ()
    seq: int | None = None
    hides_litter: bool = False
    version: Version | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it has members."""
        return not isinstance(self.node, FileNode)

    @property
    def is_partial(self) -> bool:
        """Whether it is in a collection of which only parts are shown."""
        return self.place is Place.LIVE and self.root is not None and self.seq is None

    @property
    def modified_s(self) -> int:
        """Return the time for Last-Modified, in whole seconds."""
        return modified_s(self.node, self.born_ns)

    def member(self, name: str, node: Node) -> Resource:
        """Return a member of this folder of a tree."""
        return self._replace(segments=(*self.segments, name), node=node, path=(*self.path, name))

    def validators(self) -> Validators:
        """Return what conditions are held against; folders have no ETag."""
        node = self.node
        return Validators(etag_of(node) if isinstance(node, FileNode) else None, self.modified_s)


def modified_s(node: Node | None, born_ns: int) -> int:
    """Return a node's modification time in whole seconds, its collection's birth if none is known."""
    return known_s(None if node is None else node.attributes.mtime_ns, born_ns)


def created_s(node: Node | None, born_ns: int) -> int:
    """Return a node's creation time in whole seconds, its collection's birth if none is known."""
    return known_s(None if node is None else node.attributes.created_ns, born_ns)


def known_s(recorded_ns: int | None, born_ns: int) -> int:
    """Return a recorded time, else the other, in whole seconds."""
    return (born_ns if recorded_ns is None else recorded_ns) // _SECOND_NS


def find(house: House, target: Target) -> Resource:
    """Look up a target; raises NotFound."""
    match target:
        case InCollection():
            return _in_collection(house, target)
        case InContent(pdh):
            content = house.view_pdh(pdh)
            base = Resource(target.segments, Place.FROZEN, content.version.created_ns, version=content.version)
            return _in_tree(target, base._replace(hides_litter=content.version.without_litter), content.root)
        case InVersion():
            return _in_version(house, target)
        case HistoryOf(name):
            info = in_any_spelling(house.info, name)
            return Resource(target.segments, Place.SPACE, info.created_ns, collection=info)
        case InUpload() | InChunks():
            raise NotFound("an upload is no resource until it is complete")
        case InZip() | InPreview():
            raise NotFound("no resource, but another look at one")
        case _:
            return Resource(target.segments, Place.SPACE, 0)


def _in_collection(house: House, target: InCollection) -> Resource:
    view = house.view_uuid(target.key) if target.by_uuid else view_of(house, target.key)
    if view.info.trashed_ns is not None:
        raise NotFound("this collection is in the trash")
    path, node = _look_up(view.root, target.path)
    return Resource(target.segments, Place.LIVE, view.info.created_ns, node, view.info, view.root, path, view.seq)


def _in_version(house: House, target: InVersion) -> Resource:
    try:
        name = target.name if target.name.isascii() else in_any_spelling(house.info, target.name).name
        view = house.view_version(name, target.number)
    except UnknownVersion:
        raise NotFound("no version of this number") from None
    version = view.version
    if target.folder != version_folder(version.number, version.created_ns // _SECOND_NS):
        raise NotFound("the version of this number was made at another time")
    base = Resource(target.segments, Place.FROZEN, version.created_ns, collection=view.info, version=version)
    found = _in_tree(target, base._replace(hides_litter=version.without_litter), view.root)
    return found if target.path else found._replace(node=_dated(view.root, version.created_ns))


def _dated(root: DirNode, created_ns: int) -> DirNode:
    """Let the folder of a version bear the time of the version, here as in the list of versions."""
    return root.with_attributes(replace(root.attributes, created_ns=created_ns, mtime_ns=created_ns))


def _in_tree(target: InContent | InVersion, base: Resource, root: DirNode) -> Resource:
    path, node = _look_up(root, target.path)
    if base.hides_litter and any(is_litter(name) for name in path):
        raise NotFound("nothing is here")
    return base._replace(node=node, root=root, path=path)


def _look_up(root: DirNode, asked: TreePath) -> tuple[TreePath, Node]:
    """Return the path in the spelling of the tree, and what is there; raises NotFound."""
    path = settle(root, asked)
    node = tree.lookup(root, path)
    if node is None:
        raise NotFound("nothing is here")
    return path, node


def loaded(house: House, resource: Resource) -> Resource:
    """Return a listed collection with its tree, so that it shows all it has; anything else as it is.

    Raises NotFound if the collection went away since it was listed.
    """
    if resource.node is not None or resource.place is not Place.LIVE or resource.collection is None:
        return resource
    view = house.view_uuid(resource.collection.uuid)
    if view.info.trashed_ns is not None:
        raise NotFound("this collection is in the trash")
    return resource._replace(collection=view.info, node=view.root, root=view.root, seq=view.seq)


def members(house: House, folder: Resource) -> Iterator[Resource]:
    """Iterate over what is in a folder, in the order of names; the trees of listed collections are not loaded."""
    if isinstance(folder.node, DirNode):
        for name, node in folder.node.items():
            if not (folder.hides_litter and is_litter(name)):
                yield folder.member(name, node)
        return
    if folder.segments == ():
        for info in house.collections():
            yield Resource((info.name,), Place.LIVE, info.created_ns, collection=info)
        return
    target = target_of(folder.segments)
    if isinstance(target, HistoryRoot):
        for info in _with_history(house):
            yield Resource((*folder.segments, info.name), Place.SPACE, info.created_ns, collection=info)
    elif isinstance(target, HistoryOf) and folder.collection is not None:
        for version in house.versions(folder.collection.name):
            name = version_folder(version.number, version.created_ns // _SECOND_NS)
            found = Resource((*folder.segments, name), Place.FROZEN, version.created_ns, collection=folder.collection)
            yield found._replace(version=version)


def _with_history(house: House) -> list[Collection]:
    """List the collections whose versions can be looked at: one sees them where one sees all of a collection."""
    found = house.collections()
    return [info for info in found if house.rights.sees_all(info.id)] if isinstance(house, GuardedHouse) else found
