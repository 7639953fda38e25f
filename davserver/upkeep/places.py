"""Where damage shows: the files and directories that a bad block or record hits.

Owns: the walk through all versions and heads, past everything that is sound.
Cost: nothing is walked if nothing is bad; else each stored directory is looked at once, and those with damage below
once for each version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from davserver.collection.attributes import EMPTY
from davserver.collection.dirnode import DirNode
from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.errors import CatalogCorrupt, DavserverError
from davserver.live.directories import Directories
from davserver.live.house import House
from davserver.upkeep.merkle import settle
from davserver.upkeep.report import MAX_PLACES, Place
from davserver.values import Locator, TreePath, format_path


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree to look for damage in: a version (its number) or the head (None) of a collection."""

    collection: str
    version: int | None
    root: DirNode


@dataclass(slots=True)
class Hits:
    """The places that one bad block or record hits; those beyond the limit are only counted."""

    seen: dict[tuple[str, str], list[int | None]] = field(default_factory=dict)
    more: int = 0

    def add(self, collection: str, path: str, version: int | None) -> None:
        """Count one more version of a place."""
        key = (collection, path)
        if key in self.seen:
            self.seen[key].append(version)
        elif len(self.seen) < MAX_PLACES:
            self.seen[key] = [version]
        else:
            self.more += 1

    def places(self) -> tuple[Place, ...]:
        """Return the places by collection and path."""
        return tuple(
            Place(collection, path, tuple(sorted(v for v in versions if v is not None)), None in versions)
            for (collection, path), versions in sorted(self.seen.items())
        )


class Damage:
    """What is bad, and where it shows."""

    def __init__(self, directories: Directories, blocks: set[Locator], records: set[str]) -> None:
        self._directories = directories
        self._blocks = blocks
        self._records = records
        self._clean: dict[str, bool] = {}

    def find(self, trees: Iterable[Tree]) -> dict[str, Hits]:
        """Return what each bad block (its locator as text) and each bad record hits."""
        hits: dict[str, Hits] = {}
        if not self._blocks and not self._records:
            return hits
        for tree in trees:
            for subject, path in self._hit_in(tree.root):
                hits.setdefault(subject, Hits()).add(tree.collection, path, tree.version)
        return hits

    def _hit_in(self, root: DirNode) -> Iterator[tuple[str, str]]:
        waiting: list[tuple[TreePath, DirNode]] = [((), root)]
        while waiting:
            path, directory = waiting.pop()
            if directory.record in self._records:
                yield str(directory.record), format_path(path) + "/"
                continue
            if directory.record is not None and self._is_clean(directory.record):
                continue
            for name, node in directory.items():
                if isinstance(node, DirNode):
                    waiting.append(((*path, name), node))
                else:
                    for locator in self._bad_blocks(node):
                        yield str(locator), format_path((*path, name))

    def _bad_blocks(self, node: FileNode) -> set[Locator]:
        return {extent.locator.bare() for extent in node.extents if isinstance(extent, StoredExtent)} & self._blocks

    def _is_clean(self, record: str) -> bool:
        return settle(record, self._clean, self._look)

    def _look(self, record: str) -> list[str] | None:
        if record in self._records:
            return None
        try:
            nodes = list(self._directories.root(record).entries.values())
        except DavserverError:
            return None  # reported where records are checked
        if any(isinstance(node, FileNode) and self._bad_blocks(node) for node in nodes):
            return None
        return [node.record for node in nodes if isinstance(node, DirNode) and node.record is not None]


def trees_of(house: House) -> Iterator[Tree]:
    """Iterate over the versions and heads of all collections that can be had, the trashed ones too."""
    for row in [*house.collections(), *house.trashed()]:
        with house.read_catalog() as tables:
            versions, _ = tables.versions.survey(row.id)
        for version in versions:
            size = version.bytes
            root = house.directories.load(version.root, files=version.files, bytes=size, attributes=EMPTY)
            yield Tree(row.name, version.number, root)
        with suppress(CatalogCorrupt):  # fsck tells of that
            yield Tree(row.name, None, house.view_uuid(row.uuid).root)
