"""One name, two spellings: composed (NFC) and decomposed (NFD) Unicode, of a collection.

Owns: finding the collection a client means when it spells accents another way than whoever named it; below it, that is
``collection.spelling``.
Serves: Finder, which shows names as stored and asks for them decomposed (Apple webdavfs).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from davserver.collection.spelling import other_spellings
from davserver.errors import InsecureChannel, NotAuthenticated, NotFound
from davserver.live.views import View

T = TypeVar("T")


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
        for other in other_spellings(name):
            try:
                return look(other)
            except _NOT_SEEN:
                continue
        raise
