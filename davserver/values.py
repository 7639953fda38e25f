"""The small values every room speaks in.

Owns: locator, portable data hash, collection uuid, tree path; their syntax and their limits.
Never: I/O.
Follows: Keep manifest format (arvados doc/architecture/manifest-format), UUIDs of Arvados form.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass

from davserver.errors import InvalidName, LocatorError

MAX_BLOCK_BYTES = 1 << 26
EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"

Buffer = bytes | bytearray | memoryview
RandomBytes = Callable[[int], bytes]
Clock = Callable[[], float]
"""Seconds since the epoch, as ``time.time``; an argument wherever time matters."""

_LOCATOR = re.compile(r"([0-9a-f]{32})\+([0-9]{1,19})((?:\+[A-Z][-A-Za-z0-9@_]*)*)\Z")
_PDH = re.compile(r"([0-9a-f]{32})\+([0-9]{1,19})\Z")
_UUID = re.compile(r"[0-9a-z]{5}-4zz18-[0-9a-z]{15}\Z")
_BASE36 = string.digits + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class Locator:
    """The address of a block: MD5 (32 lower-case hex digits), size in bytes, hints without their ``+``."""

    md5: str
    size: int
    hints: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Locator:
        """Read ``md5+size[+hint...]``; raises LocatorError."""
        match = _LOCATOR.match(text)
        if match is None:
            raise LocatorError(f"bad locator {text!r}")
        hints = match[3]
        return cls(match[1], int(match[2]), tuple(hints[1:].split("+")) if hints else ())

    def bare(self) -> Locator:
        """Return the locator without hints: what identifies the bytes."""
        return Locator(self.md5, self.size) if self.hints else self

    def __str__(self) -> str:
        return "+".join((self.md5, str(self.size), *self.hints))


EMPTY_BLOCK = Locator(EMPTY_MD5, 0)


@dataclass(frozen=True, slots=True)
class PDH:
    """Portable data hash: MD5 and length of a manifest text whose locators carry no hint but the size."""

    md5: str
    size: int

    @classmethod
    def parse(cls, text: str) -> PDH:
        """Read ``md5+size``; raises LocatorError."""
        match = _PDH.match(text)
        if match is None:
            raise LocatorError(f"bad portable data hash {text!r}")
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.md5}+{self.size}"


def is_collection_uuid(text: str) -> bool:
    """Tell whether the text has the form ``aaaaa-4zz18-...`` of a collection's uuid."""
    return _UUID.match(text) is not None


def make_collection_uuid(cluster: str, random_bytes: RandomBytes) -> str:
    """Make a new uuid; ``cluster`` is the five-character prefix of this installation."""
    return f"{cluster}-4zz18-{_base36(random_bytes, 15)}"


def make_cluster_id(random_bytes: RandomBytes) -> str:
    """Make the five-character prefix of an installation; its first character is a letter."""
    return "d" + _base36(random_bytes, 4)


def _base36(random_bytes: RandomBytes, length: int) -> str:
    number = int.from_bytes(random_bytes(length))
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits.append(_BASE36[digit])
    return "".join(digits)


TreePath = tuple[str, ...]
"""Names from a collection's root down; the empty tuple is the root itself."""


def check_name(name: str) -> None:
    """Refuse what cannot be one name in a directory; raises InvalidName."""
    if not name:
        raise InvalidName(name, "empty")
    if name in {".", ".."}:
        raise InvalidName(name, "a dot component")
    if "/" in name:
        raise InvalidName(name, "contains a slash")
    if "\0" in name:
        raise InvalidName(name, "contains NUL")


def format_path(path: TreePath) -> str:
    """Write a tree path for people and for the journal: names joined by ``/``; the root is the empty text."""
    return "/".join(path)


def parse_path(text: str) -> TreePath:
    """Read what ``format_path`` wrote; raises InvalidName."""
    if not text:
        return ()
    names = tuple(text.split("/"))
    for name in names:
        check_name(name)
    return names
