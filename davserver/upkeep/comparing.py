"""Comparing: which trees of a collection are meant, and what differs between them, for people and for scripts.

Owns: the ways to name a state: a version's number or label, ``live``, the portable data hash of any version.
Never: how two trees differ (``collection.compare``).
"""

from __future__ import annotations

from collections.abc import Iterator

from davserver.collection.compare import Comparison, compare
from davserver.collection.dirnode import DirNode
from davserver.errors import Invalid, LocatorError, UnknownVersion
from davserver.live.house import House
from davserver.values import PDH, TreePath

_MOST_DIGITS = 100
LIVE = "live"
"""How the state that clients see now is named."""


def tree_of(house: House, name: str, which: str) -> DirNode:
    """Return a state of a collection; raises NotFound, UnknownVersion, or Invalid for what names no state."""
    if which == LIVE:
        return house.view(name).root
    if "+" in which:
        house.info(name)
        try:
            return house.view_pdh(PDH.parse(which)).root
        except LocatorError as error:
            raise Invalid(error.message, hint="name a version by its number or label, or say live") from error
    return house.view_version(name, number_of(house, name, which)).root


def number_of(house: House, name: str, which: str) -> int:
    """Return the number of a version that is named by its number or its label; raises NotFound or UnknownVersion."""
    if which.isascii() and which.isdecimal() and len(which) <= _MOST_DIGITS:
        return int(which)
    for version in house.versions(name):
        if version.label == which:
            return version.number
    raise UnknownVersion(f"{name!r} has no version {which!r}")


def difference(
    house: House, name: str, states: tuple[str, str], path: TreePath = (), *, fold: bool = False, after: TreePath = ()
) -> Iterator[Comparison]:
    """Iterate over what differs from the first state to the second, see ``compare``; raises before the first entry."""
    old, new = (tree_of(house, name, which) for which in states)
    return compare(old, new, path, fold=fold, after=after)
