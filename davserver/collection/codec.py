"""The form of a change in the journal: a header and the inline bytes, each under a digest.

Owns: the format, in both directions.
Never: what a change does (``change``) or where an entry is kept (``catalog``).
Invariants: ``decode(*encode(change), load)`` is the change; the header is one line of ASCII; bytes of an entry that
have changed in the database are an error and never content.

The header is the digest of the JSON behind it, then a space, then the JSON. A digest is SHA-256, cut to 32 hex digits:
no database that davserver runs on notices a flipped bit by itself. Members of the JSON::

    c  kind: put write truncate mkdir remove move copy splice attributes
    p  path, names joined by "/"; q  the path that a move or copy ends at
    o  offset; z  size; x  extents; a  attributes (Attributes.to_json)
    n  the nodes of a splice: [node, [index of its directory, name, node], ...], a directory before what is in it
    g  or where they come from: [collection id, base seq, base record, seq, path] (see change.Origin)
    i  the digest of the inline bytes, if there are any

A node is ``{"x": extents, "a": ...}`` for a file, ``{"r": record hash, "f": files, "b": bytes, "a": ...}`` for a
directory that is stored and unchanged, ``{"a": ...}`` for any other directory. The list is flat because a tree may be
deeper than a JSON parser goes. An extent is ``["md5+size", offset, length]`` if stored, ``n`` for the next n inline
bytes, ``[n]`` for n zeros. Members that would be empty are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Protocol, cast

from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.change import (
    Change,
    Copy,
    Mkdir,
    Move,
    Origin,
    Put,
    Remove,
    SetAttributes,
    Splice,
    Truncate,
    Write,
)
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.extents import Extent, MemExtent, StoredExtent, ZeroExtent
from davserver.collection.filenode import FileNode
from davserver.collection.names import NameMap
from davserver.errors import Invalid, JournalCorrupt
from davserver.values import Locator, TreePath, check_name, format_path, parse_path

Json = dict[str, Any]


class DirectoryLoader(Protocol):
    """Makes the lazy directory of a stored record, whose hash, totals and attributes the entry names."""

    def __call__(self, record: str, *, files: int, bytes: int, attributes: Attributes) -> DirNode:  # noqa: A002
        """Return the directory without reading the record."""
        ...


def encode(change: Change) -> tuple[bytes, bytes]:
    """Return a change as (header, inline bytes)."""
    plain = _plain_entry(change) if isinstance(change, Put) else None
    return _entry(change) if plain is None else plain


def _entry(change: Change) -> tuple[bytes, bytes]:
    writer = _Writer()
    header = writer.change(change)
    inline = b"".join(writer.inline)
    if inline:
        header["i"] = _digest(inline)
    text = _compact({name: value for name, value in header.items() if value != {}})
    return seal_header(text.encode("ascii")), inline


_compact = json.JSONEncoder(separators=(",", ":")).encode


def _plain_entry(change: Put) -> tuple[bytes, bytes] | None:
    """Write the entry of a client's small PUT, to the byte what ``_Writer`` would, in a third of the time.

    None for any other: the bytes of this one come in one piece, and its attributes are few.
    """
    extents, attributes = change.node.extents, change.node.attributes
    if len(extents) != 1 or attributes.etag is None or attributes.checksums or attributes.properties:
        return None
    extent = extents[0]
    if not isinstance(extent, MemExtent):
        return None
    inline = bytes(extent.view())
    modified = "" if attributes.mtime_ns is None else f',"m":{attributes.mtime_ns}'
    created = "" if attributes.created_ns is None else f',"c":{attributes.created_ns}'
    content_type = "" if attributes.content_type is None else f',"t":{_quoted(attributes.content_type)}'
    members = f'"e":{_quoted(attributes.etag)}{modified}{created}{content_type}'
    path = _quoted(format_path(change.path))
    text = f'{{"c":"put","p":{path},"x":[{extent.length}],"a":{{{members}}},"i":"{_digest(inline)}"}}'
    return seal_header(text.encode("ascii")), inline


def seal_header(text: bytes) -> bytes:
    """Put the digest before a header's JSON."""
    return f"{_digest(text)} ".encode("ascii") + text


def open_header(header: bytes) -> Json:
    """Return the members of a header; raises JournalCorrupt if it is not what ``encode`` wrote."""
    digest, _, text = header.partition(b" ")
    if digest != _digest(text).encode("ascii"):
        raise JournalCorrupt("a journal entry is damaged: its header does not have its digest")
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as failure:
        raise JournalCorrupt(f"a journal entry cannot be read: {failure!r}") from failure
    if not isinstance(members, dict):
        raise JournalCorrupt("a journal entry cannot be read: it is no object")
    return members


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


class Grafter(Protocol):
    """Finds the subtree of an origin."""

    def __call__(self, origin: Origin) -> Node:
        """Return the node; raises JournalCorrupt if the origin's history is gone."""
        ...


def decode(header: bytes, inline: bytes, load: DirectoryLoader, graft: Grafter | None = None) -> Change:
    """Read what ``encode`` wrote; raises JournalCorrupt. Mem extents share the inline bytes.

    Without ``graft``, a splice that only names its origin cannot be read.
    """
    members = open_header(header)
    if members.get("i", "") != (_digest(inline) if inline else ""):
        raise JournalCorrupt("a journal entry is damaged: its inline bytes do not have their digest")
    reader = _Reader(inline, load, graft)
    try:
        change = reader.change(members)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, Invalid) as failure:
        raise JournalCorrupt(f"a journal entry cannot be read: {failure!r}") from failure
    if reader.position != len(inline):
        raise JournalCorrupt(f"a journal entry has {len(inline)} inline bytes and names {reader.position}")
    return change


class _Writer:
    """Encodes one change; gathers the inline bytes on the way."""

    def __init__(self) -> None:
        self.inline: list[memoryview] = []

    def change(self, change: Change) -> Json:  # noqa: PLR0911 - one return for each kind
        match change:
            case Put(path, node):
                return {"c": "put", "p": format_path(path), **self.file(node)}
            case Write(path, offset, extents, attributes):
                x = self.extents(extents)
                return {"c": "write", "p": format_path(path), "o": offset, "x": x, "a": attributes.to_json()}
            case Truncate(path, size, attributes):
                return {"c": "truncate", "p": format_path(path), "z": size, "a": attributes.to_json()}
            case Mkdir(path, attributes):
                return {"c": "mkdir", "p": format_path(path), "a": attributes.to_json()}
            case Remove(path):
                return {"c": "remove", "p": format_path(path)}
            case Move(src, dst):
                return {"c": "move", "p": format_path(src), "q": format_path(dst)}
            case Copy(src, dst):
                return {"c": "copy", "p": format_path(src), "q": format_path(dst)}
            case Splice():
                return self.splice(change)
            case SetAttributes(path, attributes):
                return {"c": "attributes", "p": format_path(path), "a": attributes.to_json()}

    def splice(self, change: Splice) -> Json:
        header: Json = {"c": "splice", "p": format_path(change.path)}
        if change.origin is None:
            return {**header, "n": self.nodes(change.node)}
        return {**header, "g": [*change.origin[:-1], format_path(change.origin.path)]}

    def extents(self, extents: Iterable[Extent]) -> list[Any]:
        result: list[Any] = []
        for extent in extents:
            if isinstance(extent, StoredExtent):
                result.append([str(extent.locator), extent.offset, extent.length])
            elif isinstance(extent, ZeroExtent):
                result.append([extent.length])
            else:
                self.inline.append(extent.view())
                result.append(extent.length)
        return result

    def file(self, node: FileNode) -> Json:
        return _with_attributes({"x": self.extents(node.extents)}, node.attributes)

    def nodes(self, top: Node) -> list[Any]:
        result: list[Any] = [self.node(top)]
        changed = [(0, top)]
        while changed:
            index, directory = changed.pop()
            if isinstance(directory, FileNode) or directory.record is not None:
                continue
            for name, node in directory.items():
                changed.append((len(result), node))
                result.append([index, name, self.node(node)])
        return result

    def node(self, node: Node) -> Json:
        if isinstance(node, FileNode):
            return self.file(node)
        if node.record is None:
            return _with_attributes({}, node.attributes)
        return _with_attributes({"r": node.record, "f": node.files, "b": node.bytes}, node.attributes)


def _with_attributes(members: Json, attributes: Attributes) -> Json:
    if attributes != EMPTY:
        members["a"] = attributes.to_json()
    return members


class _Reader:
    """Decodes one change; ``position`` counts the inline bytes that were taken."""

    def __init__(self, inline: bytes, load: DirectoryLoader, graft: Grafter | None) -> None:
        self.inline = inline
        self.load = load
        self.graft = graft
        self.position = 0
        # Files in one block share its locator, as they do where they came from.
        self.locators: dict[str, Locator] = {}

    def change(self, header: Json) -> Change:
        path = parse_path(header["p"])
        if header["c"] == "put":
            return Put(path, self.file(header))
        attributes = Attributes.from_json(header.get("a", {}))
        kinds: dict[str, Callable[[], Change]] = {
            "write": lambda: Write(path, header["o"], tuple(self.extents(header["x"])), attributes),
            "truncate": lambda: Truncate(path, header["z"], attributes),
            "mkdir": lambda: Mkdir(path, attributes),
            "remove": lambda: Remove(path),
            "move": lambda: Move(path, parse_path(header["q"])),
            "copy": lambda: Copy(path, parse_path(header["q"])),
            "splice": lambda: self.splice(path, header),
            "attributes": lambda: SetAttributes(path, attributes),
        }
        return kinds[header["c"]]()

    def extents(self, items: Sequence[Any]) -> list[Extent]:
        return [self.extent(item) for item in items]

    def extent(self, item: Any) -> Extent:
        if isinstance(item, int):
            if not 0 <= item <= len(self.inline) - self.position:
                raise ValueError("more inline bytes are named than there are")
            start, self.position = self.position, self.position + item
            return MemExtent(self.inline, start, item)
        if len(item) == 1:
            return ZeroExtent(int(item[0]))
        text, offset, length = item
        locator = self.locators.get(text)
        if locator is None:
            locator = self.locators[text] = Locator.parse(text)
        if not 0 <= offset <= offset + length <= locator.size:
            raise ValueError(f"{offset}+{length} is not inside block {text}")
        return StoredExtent(locator, offset, length)

    def file(self, members: Json) -> FileNode:
        return FileNode(self.extents(members["x"]), Attributes.from_json(members.get("a", {}))).freeze()

    def splice(self, path: TreePath, header: Json) -> Splice:
        if "g" not in header:
            return Splice(path, self.nodes(header["n"]))
        collection_id, base_seq, base_root, seq, source = header["g"]
        origin = Origin(collection_id, base_seq, base_root, seq, parse_path(source))
        if self.graft is None:
            raise ValueError("a splice from another collection, whose history is not at hand")
        return Splice(path, self.graft(origin), origin)

    def nodes(self, items: Sequence[Any]) -> Node:
        forms = [items[0], *(item[2] for item in items[1:])]
        # Inline bytes come in the order of the list, so files are read forwards; directories are linked backwards,
        # when all that is in them is known.
        nodes: list[Node | None] = [self.file(form) if "x" in form else self.stored(form) for form in forms]
        children: list[list[tuple[str, Node]]] = [[] for _ in forms]
        for index in range(len(forms) - 1, -1, -1):
            node = nodes[index]
            if node is None:
                entries = NameMap.from_sorted(sorted(children[index], key=_name))
                node = DirNode.of(entries, Attributes.from_json(forms[index].get("a", {})))
            if not index:
                return node
            parent, name, _ = items[index]
            if not 0 <= parent < index or nodes[parent] is not None:
                raise ValueError(f"node {index} is in no directory")
            check_name(name)
            children[parent].append((name, node))
        raise ValueError("a splice without nodes")

    def stored(self, form: Json) -> DirNode | None:
        if "r" not in form:
            return None
        attributes = Attributes.from_json(form.get("a", {}))
        return self.load(cast("str", form["r"]), files=form["f"], bytes=form["b"], attributes=attributes)


def _name(item: tuple[str, Node]) -> str:
    return item[0]
