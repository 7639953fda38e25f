"""The portable data hash.

Owns: which text is hashed.
Follows: arvados ``sdk/go/arvados/collection.go`` (PortableDataHash): the MD5 and length, in UTF-8, of the manifest text
    as it stands, with each locator cut to hash and size. Nothing is normalised: two texts of one tree have two hashes.
"""

from __future__ import annotations

import hashlib
import re

from davserver.values import PDH

_HINTED = re.compile(r"( [0-9a-f]{32}\+[0-9]+)\+[^ ]+")


class PdhHasher:
    """The hash of a text that comes line by line."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0

    def update(self, line: str) -> None:
        """Add one line with its LF (the pieces must be whole lines); raises UnicodeEncodeError if it has no UTF-8."""
        data = _strip_line(line).encode()
        self._md5.update(data)
        self._size += len(data)

    def pdh(self) -> PDH:
        """Return the hash of all lines so far."""
        return PDH(self._md5.hexdigest(), self._size)


def portable_data_hash(text: str) -> PDH:
    """Return the hash of a whole manifest text."""
    hasher = PdhHasher()
    for line in _split(text):
        hasher.update(line)
    return hasher.pdh()


def strip_hints(text: str) -> str:
    """Return the text whose MD5 is the portable data hash: locators without hints."""
    return "".join(map(_strip_line, _split(text)))


def _split(text: str) -> list[str]:
    # Not splitlines(): names may contain what Unicode takes for line ends.
    *lines, rest = text.split("\n")
    return [line + "\n" for line in lines] + ([rest] if rest else [])


def _strip_line(line: str) -> str:
    # Locators stand between the stream's name and the first file token, which has a colon; a name may have one too.
    name_end = line.find(" ")
    locators_end = line.find(":", name_end)
    head = line[:locators_end]
    if head.count("+", name_end) == head.count(" ", name_end) - 1:
        return line
    return _HINTED.sub(r"\1", head) + line[locators_end:]
