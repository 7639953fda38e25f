"""Pages: up to 64 members of a directory as they are stored, and as the packed leaves of its names.

Owns: a page's form in bytes, and the way from members to a page and back.
Never: the record that pages stand in (``record``).
Why: a directory is mostly opened for a few of its members. A page is kept as the bytes it was stored as and read when
    somebody looks into it, so opening a directory costs its pages, not its members, and a member that nobody looks at
    takes the bytes of its record and some 5 more, instead of 370 without attributes and 760 with them.

A page is the file tokens of its members, as they stand in the directory's stream with a space before each, and one line
of JSON: an array with an entry for each member in the order of the names, or ``[]`` if all entries would be 0::

    0                                       a file without attributes
    {...}                                   a file with attributes (Attributes.to_json)
    [NAME,RECORD,FILES,BYTES,{...}]         a subdirectory; its attributes are left out if it has none
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import lt
from typing import Any, NamedTuple

from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.collection.layout import Layout, cut, starts_of
from davserver.errors import Invalid, InvalidOperation
from davserver.manifest.parse import FileToken, parse_locators, parse_tokens
from davserver.manifest.write import format_tokens
from davserver.values import Locator

_Members = Sequence[Mapping[str, Any] | Sequence[Any] | int]


class Subdirectory(NamedTuple):
    """A subdirectory as its parent's record names it: the hash of its own record, and the totals below it."""

    name: str
    record: str
    files: int
    bytes: int
    attributes: Mapping[str, Any] = {}


OpenDirectory = Callable[[Subdirectory], DirNode]
"""Makes the directory of a record, without a look into it."""


class Page(NamedTuple):
    """The stored form of members that follow each other: the first one's name, how many of which kind, and the rest."""

    first: str
    files: int
    directories: int
    tokens: bytes
    members: bytes

    def subdirectories(self) -> list[Subdirectory]:
        """Return the subdirectories in order; raises Invalid."""
        return [_subdirectory(entry) for entry in self.entries() if isinstance(entry, list)] if self.directories else []

    def entries(self) -> _Members:
        """Return the JSON entries, one for each member; raises Invalid."""
        try:
            entries = json.loads(self.members)
        except (ValueError, RecursionError) as error:
            raise Invalid(f"malformed directory record: {error}") from error
        count = self.files + self.directories
        if entries == []:
            entries = [0] * count
        if not isinstance(entries, list) or len(entries) != count:
            raise Invalid("malformed directory record: a page of other members than it tells")
        return entries


def page_of(members: Sequence[tuple[str, Node]], layout: Layout) -> Page:
    """Describe members; raises InvalidOperation if bytes are in no block or a subdirectory has no record."""
    tokens = []
    entries: list[Any] = []
    files = 0
    for name, node in members:
        if isinstance(node, FileNode):
            files += 1
            tokens += layout.tokens_of(name, node)
            entries.append(node.attributes_json() or 0)
        elif node.record is None:
            raise InvalidOperation(f"directory {name!r} is not recorded yet")
        else:
            entry = [name, node.record, node.files, node.bytes, node.attributes.to_json()]
            entries.append(entry if entry[-1] else entry[:-1])
    text = json.dumps(entries if any(entries) else [], sort_keys=True, separators=(",", ":"))
    return Page(members[0][0], files, len(members) - files, format_tokens(tokens).encode(), text.encode())


class Blocks:
    """The blocks of a directory's stream; read when the first of its pages is."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def locators(self) -> tuple[Locator, ...]:
        """The locators in order; raises ManifestError."""
        return parse_locators(self._text) if self._text else ()

    @cached_property
    def starts(self) -> list[int]:
        """Where each block begins, and where the last one ends."""
        return starts_of(self.locators)


class Unpack:
    """Makes the members of one page: what a packed leaf asks for."""

    __slots__ = ("_blocks", "_open", "_page")

    def __init__(self, page: Page, blocks: Blocks, open_directory: OpenDirectory) -> None:
        self._page = page
        self._blocks = blocks
        self._open = open_directory

    def __call__(self) -> tuple[list[str], list[Node]]:
        """Return names and nodes; raises Invalid for a page that no directory can have."""
        page = self._page
        files = files_of(page, self._blocks)
        nodes: list[Node]
        if page.directories:
            names, nodes = self._mixed(files)
        else:
            names = [file[0] for file in files]
            attributes = map(_attributes, page.entries())
            nodes = [
                FileNode.of_stored(extents, size, own)
                for (_, extents, size), own in zip(files, attributes, strict=True)
            ]
        if not names or names[0] != page.first or not all(map(lt, names, names[1:])):
            raise Invalid("malformed directory record: a name twice, or names out of order")
        return names, nodes

    def _mixed(self, files: list[_File]) -> tuple[list[str], list[Node]]:
        """Put files and subdirectories in their places."""
        names: list[str] = []
        nodes: list[Node] = []
        waiting = iter(files)
        for entry in self._page.entries():
            if isinstance(entry, list):
                below = _subdirectory(entry)
                names.append(below.name)
                nodes.append(self._open(below))
            else:
                file = next(waiting, None)
                if file is None:
                    raise Invalid("malformed directory record: a page of other members than it tells")
                names.append(file[0])
                nodes.append(FileNode.of_stored(file[1], file[2], _attributes(entry)))
        return names, nodes


_File = tuple[str, tuple[StoredExtent, ...], int]


def files_of(page: Page, blocks: Blocks) -> list[_File]:
    """Return (name, extents, size) of a page's files; raises Invalid (a ManifestError is one)."""
    try:
        tokens = parse_tokens(page.tokens.decode(), blocks.starts[-1]) if page.tokens else []
    except UnicodeDecodeError as error:
        raise Invalid(f"malformed directory record: {error}") from error
    pieces = cut(blocks.locators, tokens, blocks.starts)
    if len(tokens) == page.files:
        return [(token.path, extents, token.size) for token, extents in zip(tokens, pieces, strict=True)]
    files = list(_joined(tokens, pieces))
    if len(files) != page.files:
        raise Invalid("malformed directory record: a page of other files than it tells")
    return files


def _joined(tokens: Iterable[FileToken], pieces: Iterable[tuple[StoredExtent, ...]]) -> Iterator[_File]:
    """Yield files of which some have more than one token; these follow each other."""
    name = ""
    whole: tuple[StoredExtent, ...] = ()
    size = 0
    parts: list[StoredExtent] = []
    for token, extents in zip(tokens, pieces, strict=True):
        if token.path == name:
            parts += extents
            size += token.size
            continue
        if name:
            yield name, (*whole, *parts) if parts else whole, size
        name, whole, size = token.path, extents, token.size
        if parts:
            parts = []
    if name:
        yield name, (*whole, *parts) if parts else whole, size


def _attributes(entry: object) -> Mapping[str, Any] | Attributes:
    if entry == 0:
        return EMPTY
    if not isinstance(entry, dict):
        raise Invalid("malformed directory record: a member of another type")
    return entry


def _subdirectory(entry: Sequence[Any]) -> Subdirectory:
    kinds = tuple(map(type, entry))
    if kinds not in _SUBDIRECTORY:
        raise Invalid("malformed directory record: a member of another type")
    return Subdirectory(*entry)


_SUBDIRECTORY: Iterable[tuple[type, ...]] = ((str, str, int, int), (str, str, int, int, dict))
