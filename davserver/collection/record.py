"""Directory records: what is stored of one directory, once, under its hash.

Owns: the record's form in bytes, and the way from a directory to its record and back.
Never: the table the records lie in, or which of them stay in memory (``shelf``).
Follows: Merkle trees: a record names the records of its subdirectories, so that two versions of a tree share every
    directory that is equal in both.
Invariants: equal directories have equal bytes: names ascend, JSON keys are sorted, the stream is in normal form, every
page but the last has 64 members.

The form, version 1: a line of JSON in ASCII, a line with the text of the directory's own stream without name (UTF-8),
a line of JSON for each page (``page``); no LF at the end::

    {"a":ATTRIBUTES,"b":BYTES,"f":FILES,"p":[[FIRST,FILES,DIRECTORIES,LENGTH],...],"v":1}
    LOCATOR... FILE-TOKEN...
    [...]

``a`` are the directory's own attributes, ``b`` and ``f`` the totals of the subtree. ``p`` tells of each page the name
of its first member, how many files and subdirectories it has, and how many bytes of the stream are its tokens.
"""

from __future__ import annotations

import builtins
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode
from davserver.collection.layout import Layout
from davserver.collection.names import MAX_ITEMS, NameMap, Packed, Recent
from davserver.collection.page import Blocks, OpenDirectory, Page, Subdirectory, Unpack, files_of, page_of
from davserver.errors import Invalid
from davserver.manifest.write import format_locators

_VERSION = 1
_PAGE_OVERHEAD_BYTES = 500
"""What a page costs in memory beside its bytes: its leaf and its part of the branch above."""


@dataclass(frozen=True)
class DirectoryRecord:
    """One directory as it is stored; ``locators`` is the beginning of its stream, "" without own files."""

    attributes: Mapping[str, Any]
    files: int
    bytes: int
    locators: str
    pages: tuple[Page, ...]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of ``to_bytes()`` in hex: the record's key."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def stream(self) -> str:
        """The text of the directory's own files, without stream name and LF; "" if there are none."""
        return self.locators + b"".join([page.tokens for page in self.pages]).decode()

    @property
    def directories(self) -> tuple[Subdirectory, ...]:
        """The subdirectories in order of their names; raises Invalid."""
        return tuple([below for page in self.pages for below in page.subdirectories()])

    @property
    def memory_bytes(self) -> int:
        """What it takes to keep the directory in memory, as long as nobody looks into its pages."""
        pages = sum([len(page.tokens) + len(page.members) for page in self.pages])
        return len(self.locators) + pages + _PAGE_OVERHEAD_BYTES * (len(self.pages) + 1)

    def to_bytes(self) -> builtins.bytes:
        """Return the canonical form."""
        return self._encoded

    @cached_property
    def _encoded(self) -> builtins.bytes:
        header = {
            "a": self.attributes,
            "b": self.bytes,
            "f": self.files,
            "p": [(page.first, page.files, page.directories, len(page.tokens)) for page in self.pages],
            "v": _VERSION,
        }
        text = json.dumps(header, sort_keys=True, separators=(",", ":"))
        stream = b"".join([self.locators.encode(), *[page.tokens for page in self.pages]])
        return b"\n".join([text.encode(), stream, *[page.members for page in self.pages]])

    @classmethod
    def from_bytes(cls, data: builtins.bytes) -> DirectoryRecord:
        """Read the canonical form; raises Invalid for anything else, and for a version of the future.

        A page is not looked into: what is wrong with it is told by who does.
        """
        header, *lines = data.split(b"\n")
        try:
            members = json.loads(header)
            version, index = members["v"], members["p"]
            own, files, size = members["a"], members["f"], members["b"]
            if not lines:
                raise Invalid("malformed directory record: no stream")
            if version != _VERSION:
                raise Invalid(
                    f"directory record of unknown version {version!r}", hint="a newer davserver wrote it; use that one"
                )
            if not _has_form(own, files, size, index):
                raise Invalid("malformed directory record: a member of another type")
            locators, pages = _pages(index, *lines)
            return cls(own, files, size, locators.decode(), pages)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Invalid(f"malformed directory record: {error}") from error


def _has_form(own: object, files: object, size: object, index: object) -> bool:
    """Tell whether the members of a header are of their types, so that nobody trips over one later."""
    return (
        isinstance(files, int)
        and isinstance(size, int)
        and isinstance(own, dict)
        and isinstance(index, list)
        and all(tuple(map(type, entry)) == (str, int, int, int) and min(entry[1:]) >= 0 for entry in index)
    )


def _pages(
    index: Sequence[Sequence[Any]], stream: builtins.bytes, *lines: builtins.bytes
) -> tuple[builtins.bytes, tuple[Page, ...]]:
    """Cut a record into the text of its locators and its pages."""
    start = files_at = len(stream) - sum([entry[3] for entry in index])
    if (
        len(lines) != len(index)
        or files_at < 0
        or not all(1 <= files + dirs <= MAX_ITEMS for _, files, dirs, _ in index)
    ):
        raise Invalid("malformed directory record: other pages than it tells")
    pages = []
    for (first, files, directories, length), line in zip(index, lines, strict=True):
        pages.append(Page(first, files, directories, stream[start : start + length], line))
        start += length
    return stream[:files_at], tuple(pages)


Fetch = Callable[[str], DirectoryRecord]
"""Returns the record of a hash."""


def record_of(directory: DirNode) -> DirectoryRecord:
    """Describe a directory; raises InvalidOperation if bytes below are in no block or a subdirectory has no record."""
    layout = Layout()
    members = directory.items()
    pages = []
    while page := list(islice(members, MAX_ITEMS)):
        pages.append(page_of(page, layout))
    locators = format_locators(layout.locators) if any(page.files for page in pages) else ""
    return DirectoryRecord(directory.attributes.to_json(), directory.files, directory.bytes, locators, tuple(pages))


def entries_of(record: DirectoryRecord, open_directory: OpenDirectory, recent: Recent) -> NameMap[Node]:
    """Return the members of a record as packed leaves, one for each page; raises Invalid if pages do not ascend."""
    blocks = Blocks(record.locators)
    leaves = [
        Packed(page.first, page.files + page.directories, Unpack(page, blocks, open_directory), recent)
        for page in record.pages
    ]
    try:
        return NameMap.from_leaves(leaves)
    except ValueError as error:
        raise Invalid("malformed directory record: names out of order") from error


def files_in(record: DirectoryRecord) -> Iterator[tuple[str, FileNode]]:
    """Yield a record's own files, without their attributes; raises Invalid."""
    blocks = Blocks(record.locators)
    for page in record.pages:
        for name, extents, size in files_of(page, blocks):
            yield name, FileNode.of_stored(extents, size)
