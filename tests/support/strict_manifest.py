"""The strictest manifest validator, as one regular expression per kind of token.

Written from the format's description (arvados doc/architecture/manifest-format and the rules of the Ruby validator),
without a line in common with davserver.manifest, so that the two can judge each other.
"""

from __future__ import annotations

import re

_CHARACTER = r"(?:[^\x00-\x20\\/]|\\[0-3][0-7][0-7])"
_STREAM = re.compile(rf"\.(?:/{_CHARACTER}+)*")
_NUMBER = "0*([0-9]{1,19})"
_LOCATOR = re.compile(r"[0-9a-f]{32}\+([0-9]{1,19})(?:\+[A-Z][-A-Za-z0-9@_]*)*")
_FILE = re.compile(rf"{_NUMBER}:{_NUMBER}:({_CHARACTER}+(?:/{_CHARACTER}+)*)")
_MARKER = re.compile(r"0:0:(?:\.|\\056)")
_DOTS = re.compile(r"(?:\A|/)\.{0,2}(?:/|\Z)")


def is_strict(text: str) -> bool:
    """Tell whether every line passes: syntax, dot components after unescaping, ranges within the stream."""
    if text and not text.endswith("\n"):
        return False
    return all(_line_passes(line) for line in text.split("\n")[:-1])


def _line_passes(line: str) -> bool:
    name, *words = line.split(" ")
    if not _STREAM.fullmatch(name) or (name != "." and _bad_path(name[2:])):
        return False
    length = 0
    locators = 0
    while words and (match := _LOCATOR.fullmatch(words[0])):
        length += int(match[1])
        locators += 1
        words.pop(0)
    return bool(locators and words) and all(_file_passes(word, length) for word in words)


def _file_passes(word: str, length: int) -> bool:
    if _MARKER.fullmatch(word):
        return True
    match = _FILE.fullmatch(word)
    return match is not None and not _bad_path(match[3]) and int(match[1]) + int(match[2]) <= length


def _bad_path(token: str) -> bool:
    path = re.sub(r"\\([0-3][0-7][0-7])", lambda match: chr(int(match[1], 8)), token)
    return "\0" in path or _DOTS.search(path) is not None
