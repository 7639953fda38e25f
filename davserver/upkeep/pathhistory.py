"""The history of single paths: in which versions one changed, and which were deleted.

Owns: walking from the newest version to the oldest.
Cost: of a path, a look along it in each version; a version whose root record is that of its neighbour costs nothing.
Of what was deleted, the folders that differ between neighbours.
Both stop after a number of versions, and tell where to go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from davserver.catalog.model import Version
from davserver.collection import tree
from davserver.collection.compare import Status, compare
from davserver.collection.diff import is_same
from davserver.collection.dirnode import DirNode, Node
from davserver.live.house import House
from davserver.values import TreePath

T = TypeVar("T")

VERSIONS_AT_ONCE = 1000
"""So many versions are looked at for one page."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A version in which a path became what it is there; ``node`` is None where it was deleted."""

    version: Version
    node: Node | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """A path that is gone, and the last version that has it."""

    path: TreePath
    version: Version
    node: Node


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of what was found, the newest first; ``before`` is the version to go on before, None at the end."""

    found: list[T]
    before: int | None


def turns(house: House, name: str, path: TreePath, *, before: int | None = None, most: int = 100) -> Page[Turn]:
    """List the versions in which a path changed: was made, got other content or other properties, or was deleted."""
    versions = _newest_first(house, name, before)
    found: list[Turn] = []
    known: tuple[Version, Node | None] | None = None
    for count, version in enumerate(versions):
        if known is not None and known[0].root == version.root:
            known = version, known[1]
            continue
        if known is not None and count >= VERSIONS_AT_ONCE:
            return Page(found, known[0].number + 1)
        node = tree.lookup(house.view_version(name, version.number).root, path)
        if known is not None and not is_same(known[1], node):
            found.append(Turn(*known))
            if len(found) == most:
                return Page(found, known[0].number)
        known = version, node
    if known is not None and known[1] is not None:
        found.append(Turn(*known))
    return Page(found, None)


def deletions(
    house: House, name: str, path: TreePath = (), *, before: int | None = None, most: int = 100
) -> Page[Deleted]:
    """List what was deleted below a path and is not there now, with the last version that has it.

    Of a folder only the folder is told; what moved was not deleted. All of one version's come on one page.
    """
    versions = _newest_first(house, name, None)
    start = next(
        (at for at, version in enumerate(versions) if before is None or version.number < before), len(versions)
    )
    now = house.view(name).root
    later = now if not start else house.view_version(name, versions[start - 1].number).root
    found: dict[TreePath, Deleted] = {}
    for count, version in enumerate(versions[start:], 1):
        earlier = house.view_version(name, version.number).root
        for gone, node in _gone(earlier, later, path):
            if tree.lookup(now, gone) is None:
                found.setdefault(gone, Deleted(gone, version, node))
        later = earlier
        if (len(found) >= most or count >= VERSIONS_AT_ONCE) and start + count < len(versions):
            return Page(list(found.values()), version.number)
    return Page(list(found.values()), None)


def _gone(earlier: DirNode, later: DirNode, path: TreePath) -> Iterator[tuple[TreePath, Node]]:
    if tree.lookup(earlier, path) is None:
        return
    for one in compare(earlier, later, path, fold=True):
        if one.status is Status.REMOVED and one.old is not None:
            yield one.path, one.old


def _newest_first(house: House, name: str, before: int | None) -> list[Version]:
    return [version for version in reversed(house.versions(name)) if before is None or version.number < before]
