"""What differs between two texts, line by line.

Owns: what is a text, and how much work a comparison may be.
Follows: the unified format of ``diff -u``, by ``difflib``.
Cost: bounded, as a stranger may ask: so many bytes, and so many pairs of equal lines to choose from.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import unified_diff

MOST_BYTES = 256 << 10
MOST_PAIRS = 100_000
"""Pairs of equal lines: what the search goes through again and again, some 50 ms for all."""


_CONTEXT = 3
_HUNK = re.compile(r"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@\n")


class NoText(Exception):
    """The reason why there is no such comparison."""


def text_diff(old: bytes, new: bytes, name: str) -> str:
    """Compare two contents of one file; an empty text for equal ones. Raises NoText with the reason."""
    if len(old) > MOST_BYTES or len(new) > MOST_BYTES:
        raise NoText(f"more than {MOST_BYTES} bytes")
    before, after = _lines(old), _lines(new)
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    counts = Counter(after[start : len(after) - end])
    if sum(counts[line] for line in before[start : len(before) - end]) > MOST_PAIRS:
        raise NoText("too many equal lines in other places")
    lead, trail = max(start - _CONTEXT, 0), max(end - _CONTEXT, 0)
    middle = before[lead : len(before) - trail], after[lead : len(after) - trail]
    lines = unified_diff(*middle, f"a/{name}", f"b/{name}", n=_CONTEXT)
    return "".join(_ended(_moved(line, lead)) for line in lines)


def _lines(data: bytes) -> list[str]:
    if b"\0" in data:
        raise NoText("no text")
    try:
        *whole, last = data.decode().split("\n")  # not splitlines(): Unicode has line ends that no editor takes for one
    except UnicodeDecodeError:
        raise NoText("no text in UTF-8") from None
    return [*(f"{line}\n" for line in whole), *([last] if last else [])]


def _common(before: list[str], after: list[str]) -> int:
    count = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        count += 1
    return count


def _moved(line: str, by: int) -> str:
    """Count the lines of a hunk's head from the beginning of the file."""
    match = _HUNK.match(line)
    if match is None:
        return line
    old, old_length, new, new_length = match.groups(default="")
    return f"@@ -{int(old) + by}{old_length} +{int(new) + by}{new_length} @@\n"


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
