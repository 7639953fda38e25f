"""The members of a folder of a tree, written a leaf of its names at a time.

Owns: when the members of a folder can be written without a look around each, and how.
Never: another text than each member alone has: it comes from the same writers of properties.
Invariant: what is written of a leaf follows from the leaf and the writer's ``key``, so that it can be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from davserver.collection.dirnode import Node
from davserver.collection.litter import is_litter
from davserver.collection.names import AnyLeaf
from davserver.dav import xml
from davserver.dav.paths import quote_name
from davserver.dav.properties import LOCKDISCOVERY, PRIVILEGES, Member
from davserver.dav.propquery import Query
from davserver.dav.resources import Resource
from davserver.dav.surroundings import Surroundings

_OF_ALL_MEMBERS: Mapping[str, Callable[[Surroundings, Resource], str | None]] = {
    LOCKDISCOVERY: Surroundings.members_lockdiscovery,
    PRIVILEGES: Surroundings.privilege_set,
}
"""What of the surroundings may be the same for all members of a folder; None if it is not."""


class MemberWriter:
    """Writes the responses of members of one folder. Threads: any."""

    __slots__ = ("_folder", "_href", "_write", "key")

    def __init__(self, query: Query, href: str, folder: Resource, around: Mapping[str, str]) -> None:
        """``href`` is the folder's, ``around`` what its members have in common (``common``)."""
        self.key: Hashable = (query, href, folder.born_ns, folder.place, folder.hides_litter, *around.values())
        self._href = href
        self._folder = folder
        self._write = query.settled(around)

    def __call__(self, leaf: AnyLeaf[Node]) -> bytes:
        """Write the responses of all names in a leaf."""
        href, write, folder = self._href, self._write, self._folder
        responses = []
        for name, node in zip(leaf.names, leaf.values, strict=True):
            if folder.hides_litter and is_litter(name):
                continue
            member = Member(name, node, folder.born_ns, folder.place)
            slash = "/" if member.file is None else ""
            responses.append(xml.response(href + quote_name(name) + slash, write(member)))
        return "".join(responses).encode()


def common(query: Query, folder: Resource, around: Surroundings) -> Mapping[str, str] | None:
    """Write what the query asks of the surroundings once for all members of a folder; None if they differ in it."""
    found = {}
    for name in query.from_around:
        write = _OF_ALL_MEMBERS.get(name)
        text = None if write is None else write(around, folder)
        if text is None:
            return None
        found[name] = text
    return found
