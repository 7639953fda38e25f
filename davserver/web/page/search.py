"""Find members by a part of their name, in a folder or in all that is below it.

Owns: what matches, and where looking ends.
Invariants: at most ``MAX_MATCHES`` are kept, at most ``MAX_WALKED`` members looked at (some two seconds); then the
answer says that it is not complete. DAV SEARCH has every other condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import normalize

from davserver.collection.dirnode import DirNode, Node
from davserver.collection.litter import is_litter
from davserver.values import TreePath
from davserver.web.page.space import Spot

MAX_MATCHES = 1000
MAX_WALKED = 200_000

Match = tuple[TreePath, Node | None, Spot | None]
"""The names from the searched folder down, and what is there."""


class Found(NamedTuple):
    """What a search found."""

    matches: list[Match]
    complete: bool


def search(folder: Spot, text: str, *, deep: bool) -> Found:
    """Look for names that hold a text, whatever its case and spelling."""
    wanted = _folded(text)
    matches: list[Match] = []
    for number, match in enumerate(_walk(folder, deep=deep)):
        if number >= MAX_WALKED or len(matches) >= MAX_MATCHES:
            return Found(matches, complete=False)
        if wanted in _folded(match[0][-1]):
            matches.append(match)
    return Found(matches, complete=True)


def _walk(folder: Spot, *, deep: bool) -> Iterator[Match]:
    if isinstance(folder.node, DirNode):
        yield from _below(folder, folder.node, deep=deep)
        return
    for member in folder.members():
        name = member.segments[-1]
        yield (name,), member.node, member
        tree = member.with_tree() if deep and not folder.segments else None
        if tree is not None and isinstance(tree.node, DirNode):
            yield from (((name, *path), node, None) for path, node, _ in _below(folder, tree.node, deep=True))


def _below(folder: Spot, directory: DirNode, *, deep: bool) -> Iterator[Match]:
    waiting: list[tuple[TreePath, DirNode]] = [((), directory)]
    while waiting:
        path, directory = waiting.pop()
        for name, node in directory.items():
            if folder.hides_litter and is_litter(name):
                continue
            yield (*path, name), node, None
            if deep and isinstance(node, DirNode):
                waiting.append(((*path, name), node))


def _folded(name: str) -> str:
    return name.casefold() if name.isascii() else normalize("NFC", name.casefold())
