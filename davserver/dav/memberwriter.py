"""The members of a folder of a tree, written a leaf of its names at a time.

Owns: which members of a folder can be written without a look around each, and how.
Never: another text than each member alone has: it comes from the same writers of properties.
Invariant: what is written of a leaf that ``is_common`` follows from the leaf and ``key``, so that it can be kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from davserver.collection.dirnode import Node
from davserver.collection.litter import is_litter
from davserver.collection.names import AnyLeaf
from davserver.dav import xml
from davserver.dav.paths import quote_name
from davserver.dav.properties import LOCKDISCOVERY, PRIVILEGES, Member, Subject
from davserver.dav.propquery import Query
from davserver.dav.resources import Resource
from davserver.dav.surroundings import NO_LOCKS, Surroundings


class Common(NamedTuple):
    """What all members of a folder have around them, but for those ``apart``, which a lock tells from the others."""

    texts: Mapping[str, str]
    apart: frozenset[str]


def common(query: Query, folder: Resource, around: Surroundings) -> Common | None:
    """Write what the query asks of the surroundings once for all members of a folder; None if they differ in it.

    Where a folder shows in parts only, its members may be more theirs than itself is.
    """
    texts = {}
    apart: frozenset[str] | None = frozenset()
    for name in query.from_around:
        if name == LOCKDISCOVERY:
            apart = around.locked_members(folder)
            texts[name] = NO_LOCKS
        elif name == PRIVILEGES and not folder.is_partial:
            texts[name] = around.privilege_set(folder)
        else:
            return None
    return None if apart is None else Common(texts, apart)


class MemberWriter:
    """Writes the responses of members of one folder. Threads: one, as its surroundings."""

    def __init__(self, query: Query, href: str, folder: Resource, around: Surroundings, alike: Common) -> None:
        """``href`` is the folder's, ``alike`` what its members have in common."""
        self.key: Hashable = (query, href, folder.born_ns, folder.place, folder.hides_litter, *alike.texts.values())
        self._query = query
        self._href = href
        self._folder = folder
        self._around = around
        self._apart = alike.apart
        self._write = query.settled(alike.texts)

    def is_common(self, leaf: AnyLeaf[Node]) -> bool:
        """Tell whether what is written of a leaf follows from it and the key alone."""
        return not self._apart or self._apart.isdisjoint(leaf.names)

    def __call__(self, leaf: AnyLeaf[Node]) -> bytes:
        """Write the responses of all names in a leaf."""
        href, write, folder, apart = self._href, self._write, self._folder, self._apart
        responses = []
        for name, node in zip(leaf.names, leaf.values, strict=True):
            if folder.hides_litter and is_litter(name):
                continue
            member = Member(name, node, folder.born_ns, folder.place)
            slash = "/" if member.file is None else ""
            content = self._alone(name, node) if name in apart else write(member)
            responses.append(xml.response(href + quote_name(name) + slash, content))
        return "".join(responses).encode()

    def _alone(self, name: str, node: Node) -> str:
        return self._query(Subject(self._folder.member(name, node), self._around))
