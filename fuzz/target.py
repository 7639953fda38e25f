"""What a fuzz target is.

Owns: the shape of a target, and what every one of them promises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One parser and what must hold of it.

    ``check`` takes any bytes and tells whether the parser took them, or raises AssertionError (a promise is broken) or
    anything else (an error that the parser does not document). ``seeds`` are inputs that the parser takes, ``words``
    are pieces worth inserting; inputs longer than ``longest`` bytes are not tried. ``share`` is its part of the time.
    """

    name: str
    check: Callable[[bytes], bool]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    longest: int = 1024
    share: int = 1


def header_text(data: bytes) -> str:
    """Decode bytes as a header's value reaches the application: latin-1, one line, no outer blanks."""
    return data.decode("latin-1").replace("\r", "").replace("\n", "").replace("\0", "").strip(" \t")
