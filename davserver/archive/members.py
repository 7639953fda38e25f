"""The members of a zip, in their order: the walk over a tree.

Owns: the order (names by code point, a folder before what is in it), the names, the times; going on from any place.
Never: an offset (``plan``), a record (``format``).
Invariant: the walk from behind a path gives what the walk from the beginning gives behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import NamedTuple

from davserver.archive.format import MAX_NAME_BYTES, Member
from davserver.collection.dirnode import DirNode, Node
from davserver.collection.filenode import FileNode
from davserver.collection.litter import is_litter
from davserver.errors import Unpackable
from davserver.values import TreePath, format_path

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Packing:
    """What is to be packed: a folder, under the name ``top``.

    ``born_ns`` stands in for times nobody recorded; ``zone`` is the time zone of the fields that are in local time.
    """

    root: DirNode
    top: str
    born_ns: int
    zone: tzinfo = UTC
    hides_litter: bool = False


class Step(NamedTuple):
    """A member of the walk and where it was found."""

    path: TreePath
    node: Node
    member: Member


class _Name(NamedTuple):
    """The name of an open folder, with its slash."""

    written: bytes
    is_utf8: bool


def walk(packing: Packing, after: TreePath | None = None) -> Iterator[Step]:
    """Yield the members behind a path, or all: the folder itself first, its path is ``()``. Errors: Unpackable."""
    top = _named(_Name(b"", is_utf8=True), packing.top, packing.root)
    if after is None:
        yield _step((), packing.root, top, packing)
        after = ()
    open_folders = _opened(packing.root, after, top)
    while open_folders:
        path, prefix, items = open_folders[-1]
        name, node = next(items, ("", None))
        if node is None:
            open_folders.pop()
            continue
        if packing.hides_litter and is_litter(name):
            continue
        here = (*path, name)
        named = _named(prefix, name, node)
        yield _step(here, node, named, packing)
        if isinstance(node, DirNode):
            open_folders.append((here, named, node.items()))


_Open = tuple[TreePath, _Name, Iterator[tuple[str, Node]]]


def _opened(root: DirNode, after: TreePath, top: _Name) -> list[_Open]:
    """Return the folders from the root down to what is at ``after``, each with what in it comes behind that."""
    opened: list[_Open] = []
    node: Node | None = root
    name = top
    for depth in range(len(after) + 1):
        if not isinstance(node, DirNode):
            break
        below = after[depth] if depth < len(after) else None
        opened.append((after[:depth], name, node.items(start_after=below)))
        if below is not None:
            node = node.get(below)
            name = _named(name, below, node) if node is not None else name
    return opened


def _named(prefix: _Name, name: str, node: Node) -> _Name:
    try:
        written, is_utf8 = name.encode(), prefix.is_utf8
    except UnicodeEncodeError:  # a manifest may hold names that are no UTF-8; they go out as they are
        written, is_utf8 = name.encode("utf-8", "surrogateescape"), False
    return _Name(prefix.written + written + (b"/" if isinstance(node, DirNode) else b""), is_utf8)


def _step(path: TreePath, node: Node, name: _Name, packing: Packing) -> Step:
    if len(name.written) > MAX_NAME_BYTES:
        raise Unpackable(
            f"a path is longer than the {MAX_NAME_BYTES} bytes that a zip holds: {format_path(path)[:80]}...",
            hint="pack a folder below it",
        )
    mtime_ns = node.attributes.mtime_ns
    mtime_s = (packing.born_ns if mtime_ns is None else mtime_ns) // _SECOND_NS
    size = node.size if isinstance(node, FileNode) else 0
    return Step(path, node, Member(name.written, name.is_utf8, isinstance(node, DirNode), size, mtime_s))
