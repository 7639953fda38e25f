"""What a reader gets: an immutable tree and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from davserver.catalog.model import Collection, Version
from davserver.collection.dirnode import DirNode


class View(NamedTuple):
    """A collection at one moment: ``root`` never changes, ``seq`` is the sequence of its newest change.

    ``seq`` is None where only a part of the collection is shown: it would tell of changes elsewhere.
    """

    info: Collection
    root: DirNode
    seq: int | None


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version of a collection."""

    info: Collection
    version: Version
    root: DirNode
