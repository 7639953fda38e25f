"""One name, two spellings: composed (NFC) and decomposed (NFD) Unicode.

Owns: finding the child, or the collection, a client means when it spells accents another way than whoever named it.
Never: changes how a new name is stored: it is kept as it was sent.
Serves: Finder, which shows names as stored and asks for them decomposed (Apple webdavfs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar
from unicodedata import normalize

from davserver.collection.dirnode import DirNode, Node
from davserver.errors import InsecureChannel, NotAuthenticated, NotFound
from davserver.live.views import View
from davserver.values import TreePath

T = TypeVar("T")


def settle(root: DirNode, path: TreePath) -> TreePath:
    """Return the path in the spelling of what exists; from the first name that exists in no spelling, as it was.

    For lookups and for changes alike, so that a PUT replaces the file that a GET of the same URL shows.
    """
    if "".join(path).isascii():
        return path
    node: Node | None = root
    settled: list[str] = []
    for name in path:
        spelt = _spelling(node, name) if isinstance(node, DirNode) else None
        if spelt is None:
            break
        settled.append(spelt)
        node = node.get(spelt) if isinstance(node, DirNode) else None
    return (*settled, *path[len(settled) :])


_NOT_SEEN = (NotFound, NotAuthenticated, InsecureChannel)
"""Nothing of this name, as an account or a stranger is told."""


class _ByName(Protocol):
    def view(self, name: str) -> View: ...


def view_of(collections: _ByName, name: str) -> View:
    """Return the collection of a name, in whichever spelling it has one; raises NotFound."""
    return in_any_spelling(collections.view, name)


def in_any_spelling(look: Callable[[str], T], name: str) -> T:
    """Return what ``look`` finds under a name, in whichever spelling it has one; raises NotFound."""
    try:
        return look(name)
    except _NOT_SEEN:
        for other in _others(name):
            try:
                return look(other)
            except _NOT_SEEN:
                continue
        raise


def _spelling(directory: DirNode, name: str) -> str | None:
    if directory.get(name) is not None:
        return name
    return next((other for other in _others(name) if directory.get(other) is not None), None)


def _others(name: str) -> Iterator[str]:
    if not name.isascii():
        yield normalize("NFC", name)
        yield normalize("NFD", name)
