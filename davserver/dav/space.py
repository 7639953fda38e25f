"""The URL space, for rooms that serve it in another form than WebDAV: pages, archives.

Owns: from the target of a request to what is there, as its maker may see it; what they may do there.
Never: an answer. The rooms say what they need of this in a Protocol of their own; the composition root hands it over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from davserver.catalog.model import Collection, Version
from davserver.collection.dirnode import Node
from davserver.collection.filenode import FileNode
from davserver.dav import mediatypes, nextcloud, privileges
from davserver.dav.paths import href_of, parse_address
from davserver.dav.resources import Place, Resource, find, loaded, members
from davserver.errors import DavserverError, NotFound
from davserver.live.house import House
from davserver.values import TreePath


@dataclass(frozen=True, slots=True)
class Spot:
    """What a URL names, and the house of whoever asks."""

    resource: Resource
    house: House

    @property
    def segments(self) -> TreePath:
        """The names of the URL from the root down."""
        return self.resource.segments

    @property
    def path(self) -> TreePath:
        """The names from the collection down; empty for a folder of the URL space."""
        return self.resource.path

    @property
    def node(self) -> Node | None:
        """The file or directory; None for a folder of the URL space."""
        return self.resource.node

    @property
    def collection(self) -> Collection | None:
        """The collection it is in, if it is in one."""
        return self.resource.collection

    @property
    def version(self) -> Version | None:
        """The version it is in, if it is in one."""
        return self.resource.version

    @property
    def seq(self) -> int | None:
        """The newest change of the collection it is live in."""
        return self.resource.seq

    @property
    def is_folder(self) -> bool:
        """Whether it has members."""
        return self.resource.is_folder

    @property
    def is_live(self) -> bool:
        """Whether it is a collection, or in one, as it is now."""
        return self.resource.place is Place.LIVE

    @property
    def hides_litter(self) -> bool:
        """Whether members that are litter are left out."""
        return self.resource.hides_litter

    @property
    def born_ns(self) -> int:
        """When its collection or version was made: stands in for times that nobody recorded."""
        return self.resource.born_ns

    @property
    def may_write(self) -> bool:
        """Whether who asks may change what is in it: at the root, make collections."""
        return bool({"write", "bind"} & set(privileges.privileges(self.resource, self.house)))

    def members(self) -> Iterator[Spot]:
        """Iterate over the members of a folder of the URL space; trees are not loaded. Raises what looking raises."""
        return (Spot(member, self.house) for member in members(self.house, self.resource))

    def with_tree(self) -> Spot | None:
        """Return a listed collection with its tree; None if it went away since it was listed."""
        try:
            return Spot(loaded(self.house, self.resource), self.house)
        except DavserverError as error:
            if isinstance(error, NotFound):
                return None
            raise


class UrlSpace:
    """Finds what URLs name."""

    def find(self, house: House, raw_path: str) -> Spot:
        """Look up a still encoded path; raises BadRequest, NotFound, and what refuses to show it.

        Below the names that Nextcloud's clients use nothing is found: whoever is there is such a client.
        """
        published, path = nextcloud.split(raw_path)
        if published:
            raise NotFound("not a page")
        return Spot(find(house, parse_address(path).target), house)

    def href(self, prefix: str, segments: TreePath, *, folder: bool) -> str:
        """Write the address of something, percent-encoded."""
        return href_of(prefix, segments, folder=folder)

    def content_type(self, name: str, node: FileNode) -> str:
        """Return the type of a file: what it was declared as, else what its name says."""
        return mediatypes.type_of(name, node)
