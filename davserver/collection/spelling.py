"""One name, two spellings: composed (NFC) and decomposed (NFD) Unicode, in a tree.

Owns: finding the child that somebody means who spells accents another way than whoever named it.
Never: changes how a new name is stored: it is kept as it was sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import normalize

from davserver.collection.dirnode import DirNode, Node
from davserver.values import TreePath


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


def other_spellings(name: str) -> Iterator[str]:
    """Yield the ways to spell a name; none for one that has no accents."""
    if not name.isascii():
        yield normalize("NFC", name)
        yield normalize("NFD", name)


def _spelling(directory: DirNode, name: str) -> str | None:
    if directory.get(name) is not None:
        return name
    return next((other for other in other_spellings(name) if directory.get(other) is not None), None)
