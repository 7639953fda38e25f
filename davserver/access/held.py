"""What somebody holds: the grants of a principal, put together.

Owns: how grants add up: the most of what was granted to the account, to its groups and to everybody, on the collection
or on any folder above.
Invariant: a part is only kept where it gives more than the whole collection does, so who has no parts pays for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from davserver.catalog.model import Grant, Right
from davserver.values import TreePath


class Part(NamedTuple):
    """A right on what is at a path of a collection, and on everything below it."""

    path: TreePath
    right: Right

    def covers(self, path: TreePath) -> bool:
        """Tell whether a path is the part's own, or below it."""
        return path[: len(self.path)] == self.path


class Held(NamedTuple):
    """Rights by the number of the collection: on all of it, and beyond that on parts of it."""

    whole: Mapping[int, Right]
    parts: Mapping[int, tuple[Part, ...]]
    groups: frozenset[str] = frozenset()

    def at(self, collection_id: int, path: TreePath) -> Right:
        """Return the right on a path."""
        right = self.whole.get(collection_id, Right.NONE)
        covering = (part.right for part in self.parts.get(collection_id, ()) if part.covers(path))
        return max(right, *covering, Right.NONE)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is granted at all."""
        return not self.whole and not self.parts


NOTHING = Held({}, {})


def put_together(grants: Iterable[Grant], groups: frozenset[str] = frozenset()) -> Held:
    """Add grants up, whoever of them they are to; ``groups`` are those that some were made to."""
    grants = list(grants)
    whole: dict[int, Right] = {}
    for grant in grants:
        if not grant.path:
            whole[grant.collection_id] = max(grant.right, whole.get(grant.collection_id, Right.NONE))
    parts: dict[int, dict[TreePath, Right]] = {}
    for grant in grants:
        if grant.right > whole.get(grant.collection_id, Right.NONE):
            of_collection = parts.setdefault(grant.collection_id, {})
            of_collection[grant.path] = max(grant.right, of_collection.get(grant.path, Right.NONE))
    in_order = {number: tuple(Part(*item) for item in sorted(found.items())) for number, found in parts.items()}
    return Held(whole, in_order, groups)
