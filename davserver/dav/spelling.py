"""One name, two spellings: composed (NFC) and decomposed (NFD) Unicode.

Owns: finding the child a client means when it spells accents another way than whoever stored the file.
Never: changes how a new name is stored: it is kept as it was sent.
Serves: Finder, which shows names as stored and asks for them decomposed (Apple webdavfs).
"""

from __future__ import annotations

from unicodedata import normalize

from davserver.collection.dirnode import DirNode, Node
from davserver.values import TreePath


def settle(root: DirNode, path: TreePath) -> TreePath:
    """Return the path in the spelling of what exists; from the first name that exists in no spelling, as it was.

    For lookups and for changes alike, so that a PUT replaces the file that a GET of the same URL shows.
    """
    if all(name.isascii() for name in path):
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


def _spelling(directory: DirNode, name: str) -> str | None:
    if directory.get(name) is not None:
        return name
    if name.isascii():
        return None
    for form in ("NFC", "NFD"):
        other = normalize(form, name)
        if directory.get(other) is not None:
            return other
    return None
