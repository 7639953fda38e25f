"""What the page needs to know of the URL space; the WebDAV room knows it, the composition root hands it over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from davserver.catalog.model import Collection, Version
from davserver.collection.dirnode import Node
from davserver.collection.filenode import FileNode
from davserver.live.house import House
from davserver.values import TreePath


class Spot(Protocol):
    """What a URL names, as whoever asks may see it."""

    @property
    def segments(self) -> TreePath:
        """The names of the URL."""
        ...

    @property
    def path(self) -> TreePath:
        """The names below the collection."""
        ...

    @property
    def node(self) -> Node | None:
        """The file or directory; None for a folder of the URL space itself."""
        ...

    @property
    def collection(self) -> Collection | None:
        """The collection it is in, if it is in one."""
        ...

    @property
    def version(self) -> Version | None:
        """The version it is in, if it is in one."""
        ...

    @property
    def seq(self) -> int | None:
        """The newest change of the collection it is live in."""
        ...

    @property
    def is_folder(self) -> bool:
        """Whether it has members."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether it is a collection, or in one, as it is now."""
        ...

    @property
    def hides_litter(self) -> bool:
        """Whether members that are litter are left out."""
        ...

    @property
    def born_ns(self) -> int:
        """What stands in for times that nobody recorded."""
        ...

    @property
    def may_write(self) -> bool:
        """Whether who asks may change what is in it; at the root, make collections."""
        ...

    def members(self) -> Iterator[Spot]:
        """Iterate over the members of a folder of the URL space; trees are not loaded."""
        ...

    def with_tree(self) -> Spot | None:
        """Return a listed collection with its tree; None if it went away since it was listed."""
        ...


class Space(Protocol):
    """The URL space. Threads: any."""

    def find(self, house: House, raw_path: str) -> Spot:
        """Look up a still encoded path; raises a DavserverError for what is not there or not theirs to see."""
        ...

    def href(self, prefix: str, segments: TreePath, *, folder: bool) -> str:
        """Write the address of something, percent-encoded."""
        ...

    def content_type(self, name: str, node: FileNode) -> str:
        """Return the type of a file."""
        ...
