"""Load: from manifest text to a tree.

Owns: what only the whole text shows: pieces of one file on several lines, a path that is a file and a directory.
Never: whether blocks exist.
Follows: Keep manifest format v1; the Go loader's refusals. A file's pieces are joined in the order of the text. Local
    permission signatures (``+A`` hints) are dropped, since they expire; other hints are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from davserver.collection.dirnode import DirNode, Node
from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.collection.layout import cut
from davserver.collection.names import NameMap
from davserver.errors import ManifestError
from davserver.manifest.parse import EMPTY_DIRECTORY_PATH, Stream, iter_streams
from davserver.values import Locator

_SIGNATURE = "A"


def load_manifest(text: str) -> DirNode:
    """Return the tree of a text, without records; raises ManifestError with the line and the reason."""
    return load_lines(text)


def load_lines(lines: str | Iterable[str]) -> DirNode:
    """As ``load_manifest``, also from lines that each end in LF; one line is in memory at a time, beside the tree."""
    loader = _Loader()
    for number, stream in enumerate(iter_streams(lines), 1):
        loader.add(stream, number)
    return loader.tree()


class _Directory:
    """A directory while it grows: pieces of its files by name, and its subdirectories."""

    __slots__ = ("below", "files", "name", "parent")

    def __init__(self, parent: _Directory | None, name: str) -> None:
        self.parent = parent
        self.name = name
        # A tuple is a file with one token, as nearly all have; a list collects the pieces of several.
        self.files: dict[str, tuple[StoredExtent, ...] | list[StoredExtent]] = {}
        self.below: dict[str, _Directory] = {}

    def path_of(self, name: str) -> str:
        """Name something in the directory for an error message."""
        names = [name]
        directory = self
        while directory.parent is not None:
            names.append(directory.name)
            directory = directory.parent
        return repr("/".join(reversed(names)))


class _Loader:
    """Collects streams; directories stand in the list in order of creation, parents before what is in them."""

    def __init__(self) -> None:
        self._root = _Directory(None, "")
        self._directories = [self._root]
        self._unsigned: dict[Locator, Locator] = {}

    def add(self, stream: Stream, line: int) -> None:
        """Add one line's files and directories; raises ManifestError."""
        home = self._enter(self._root, stream.name.split("/")[1:], line)
        locators = [self._without_signature(locator) if locator.hints else locator for locator in stream.locators]
        tokens = stream.tokens
        for (_, _, path), extents in zip(tokens, cut(locators, tokens), strict=True):
            directory = home
            name = path
            if "/" in path:
                *names, name = path.split("/")
                directory = self._enter(home, names, line)
            elif path == EMPTY_DIRECTORY_PATH:
                continue
            if name in directory.below:
                raise ManifestError(line, f"{directory.path_of(name)} is a file here and a directory before")
            known = directory.files.get(name)
            if known is None:
                directory.files[name] = extents
            elif isinstance(known, list):
                known += extents
            else:
                directory.files[name] = [*known, *extents]

    def tree(self) -> DirNode:
        """Return the tree, built from the leaves up; what was collected is let go on the way."""
        done: dict[_Directory, DirNode] = {}
        while self._directories:
            directory = self._directories.pop()
            done[directory] = _dirnode(directory, {name: done.pop(below) for name, below in directory.below.items()})
        return done[self._root]

    def _enter(self, directory: _Directory, names: list[str], line: int) -> _Directory:
        for name in names:
            below = directory.below.get(name)
            if below is None:
                if name in directory.files:
                    raise ManifestError(line, f"{directory.path_of(name)} is a directory here and a file before")
                below = directory.below[name] = _Directory(directory, name)
                self._directories.append(below)
            directory = below
        return directory

    def _without_signature(self, locator: Locator) -> Locator:
        if not any(hint.startswith(_SIGNATURE) for hint in locator.hints):
            return locator
        hints = tuple([hint for hint in locator.hints if not hint.startswith(_SIGNATURE)])
        unsigned = Locator(locator.md5, locator.size, hints)
        return self._unsigned.setdefault(unsigned, unsigned)


def _dirnode(directory: _Directory, below: dict[str, DirNode]) -> DirNode:
    items: list[tuple[str, Node]] = [(name, _filenode(extents)) for name, extents in directory.files.items()]
    items += below.items()
    items.sort(key=_name)
    return DirNode.of(NameMap.from_sorted(items))


def _filenode(extents: tuple[StoredExtent, ...] | list[StoredExtent]) -> FileNode:
    if isinstance(extents, list):
        return FileNode(extents).freeze()
    return FileNode.of_stored(extents, extents[0].length if len(extents) == 1 else sum(map(_length, extents)))


def _name(item: tuple[str, Node]) -> str:
    return item[0]


def _length(extent: StoredExtent) -> int:
    return extent.length
