"""Directory records: what is stored of one directory, once, under its hash.

Owns: the record's form in bytes, and the way from a directory to its record and back.
Never: the table the records lie in; a ``fetch`` is handed in.
Follows: Merkle trees: a record names the records of its subdirectories, so that two versions of a tree share every
    directory that is equal in both.
Invariants: equal directories have equal bytes: names ascend, JSON keys are sorted, the stream is in normal form.

The form, version 1: a line of JSON in ASCII, then the text of the directory's own stream without name and LF (UTF-8)::

    {"a":{NAME:ATTRIBUTES,...},"b":BYTES,"d":[[NAME,RECORD,FILES,BYTES],...],"f":FILES,"v":1}
    LOCATOR... FILE-TOKEN...

``a`` has only names that have attributes, of files and of subdirectories (so that a listing reads one record), and
under the empty name the directory's own. ``b`` and ``f`` are the totals of the subtree.
"""

from __future__ import annotations

import builtins
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.collection.layout import body_of, cut
from davserver.collection.names import NameMap
from davserver.errors import Invalid, InvalidOperation
from davserver.manifest.parse import parse_files

_VERSION = 1


class Subdirectory(NamedTuple):
    """A subdirectory as its parent's record names it: the hash of its own record, and the totals below it."""

    name: str
    record: str
    files: int
    bytes: int


@dataclass(frozen=True)
class DirectoryRecord:
    """One directory as it is stored; ``stream`` is "" without own files, ``directories`` ascend by name."""

    stream: str
    directories: tuple[Subdirectory, ...]
    attributes: Mapping[str, Mapping[str, Any]]
    files: int
    bytes: int

    @cached_property
    def hash(self) -> str:
        """SHA-256 of ``to_bytes()`` in hex: the record's key."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> builtins.bytes:
        """Return the canonical form."""
        return self._encoded

    @cached_property
    def _encoded(self) -> builtins.bytes:
        header = {
            "a": self.attributes,
            "b": self.bytes,
            "d": self.directories,
            "f": self.files,
            "v": _VERSION,
        }
        text = json.dumps(header, sort_keys=True, separators=(",", ":"))
        return f"{text}\n{self.stream}".encode()

    @classmethod
    def from_bytes(cls, data: builtins.bytes) -> DirectoryRecord:
        """Read the canonical form; raises Invalid for anything else, and for a version of the future."""
        header, lf, stream = data.partition(b"\n")
        try:
            members = json.loads(header)
            version = members["v"]
            record = cls(
                stream.decode(),
                tuple([Subdirectory(*entry) for entry in members["d"]]),
                members["a"],
                members["f"],
                members["b"],
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Invalid(f"malformed directory record: {error}") from error
        if not lf:
            raise Invalid("malformed directory record: no stream")
        if not _has_form(record):
            raise Invalid("malformed directory record: a member of another type")
        if version != _VERSION:
            raise Invalid(
                f"directory record of unknown version {version!r}", hint="a newer davserver wrote it; use that one"
            )
        return record


def _has_form(record: DirectoryRecord) -> bool:
    """Tell whether the members of a header are of their types, so that nobody trips over one later."""
    return (
        all(isinstance(total, int) for total in (record.files, record.bytes))
        and isinstance(record.attributes, dict)
        and all(isinstance(members, dict) for members in record.attributes.values())
        and all(tuple(map(type, entry)) == (str, str, int, int) for entry in record.directories)
    )


Fetch = Callable[[str], DirectoryRecord]
"""Returns the record of a hash."""


def record_of(directory: DirNode) -> DirectoryRecord:
    """Describe a directory; raises InvalidOperation if bytes below are in no block or a subdirectory has no record."""
    files: list[tuple[str, FileNode]] = []
    directories: list[Subdirectory] = []
    attributes: dict[str, Mapping[str, Any]] = {"": directory.attributes.to_json()}
    for name, node in directory.items():
        if isinstance(node, FileNode):
            files.append((name, node))
            attributes[name] = node.attributes_json()
        elif node.record is None:
            raise InvalidOperation(f"directory {name!r} is not recorded yet")
        else:
            directories.append(Subdirectory(name, node.record, node.files, node.bytes))
            attributes[name] = node.attributes.to_json()
    attributes = {name: members for name, members in attributes.items() if members}
    return DirectoryRecord(body_of(files), tuple(directories), attributes, directory.files, directory.bytes)


def dirnode_of(record_hash: str, record: DirectoryRecord, fetch: Fetch) -> DirNode:
    """Return the directory of a record, with its subtree; nothing is fetched, or parsed, before it is asked for."""
    return DirNode.lazy(
        _Entries(record_hash, fetch, record),
        files=record.files,
        bytes=record.bytes,
        attributes=Attributes.from_json(record.attributes.get("", {})),
        record=record_hash,
    )


def lazy_directory(
    record_hash: str,
    fetch: Fetch,
    *,
    files: int,
    bytes: int,  # noqa: A002 - the word for it everywhere else
    attributes: Attributes,
) -> DirNode:
    """Return the directory of a record of which only the hash, the totals and the directory's attributes are known."""
    load = _Entries(record_hash, fetch)
    return DirNode.lazy(load, files=files, bytes=bytes, attributes=attributes, record=record_hash)


class _Entries:
    """Loads the entries of one directory; a record that is at hand serves the first time, and is then let go."""

    __slots__ = ("_at_hand", "_fetch", "_hash")

    def __init__(self, record_hash: str, fetch: Fetch, record: DirectoryRecord | None = None) -> None:
        self._hash = record_hash
        self._fetch = fetch
        self._at_hand = record

    def __call__(self) -> NameMap[Node]:
        record, self._at_hand = self._at_hand, None
        return _entries(record or self._fetch(self._hash), self._fetch)


def _entries(record: DirectoryRecord, fetch: Fetch) -> NameMap[Node]:
    files: Iterator[tuple[str, Node]] = files_of(record)
    if not record.directories:
        return _sorted(files)
    members = record.attributes
    items = list(files)
    for name, record_hash, count, size in record.directories:
        attributes = Attributes.from_json(members.get(name, {}))
        items.append((name, lazy_directory(record_hash, fetch, files=count, bytes=size, attributes=attributes)))
    items.sort(key=_name)
    return _sorted(items)


def _sorted(items: Iterable[tuple[str, Node]]) -> NameMap[Node]:
    try:
        return NameMap.from_sorted(items)
    except ValueError as error:
        raise Invalid("malformed directory record: a name twice, or names out of order") from error


def _name(item: tuple[str, Node]) -> str:
    return item[0]


def files_of(record: DirectoryRecord) -> Iterator[tuple[str, FileNode]]:
    """Yield a record's own files; the tokens of one file follow each other."""
    locators, tokens = parse_files(record.stream)
    attributes = record.attributes
    name = ""
    whole: tuple[StoredExtent, ...] = ()
    size = 0
    parts: list[StoredExtent] = []
    for token, extents in zip(tokens, cut(locators, tokens), strict=True):
        if token.path == name:
            parts += extents
            size += token.size
            continue
        if name:
            yield name, _file(whole, parts, size, attributes.get(name))
        name, whole, size = token.path, extents, token.size
        if parts:
            parts = []
    if name:
        yield name, _file(whole, parts, size, attributes.get(name))


def _file(
    extents: tuple[StoredExtent, ...], more: list[StoredExtent], size: int, members: Mapping[str, Any] | None
) -> FileNode:
    if more:
        extents = (*extents, *more)
    return FileNode.of_stored(extents, size, members or EMPTY)
