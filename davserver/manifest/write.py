r"""Streams to manifest text.

Owns: the spelling of a line.
Never: the order and layout of blocks and files; they come from ``collection.marshal``.
Follows: Keep manifest format v1; the empty directory's marker is ``0:0:\056``, as the official writers spell it.
"""

from __future__ import annotations

from collections.abc import Iterable

from davserver.manifest.escape import escape
from davserver.manifest.parse import EMPTY_DIRECTORY_PATH, FileToken
from davserver.values import EMPTY_BLOCK, Locator

_MARKER = "\\056"
EMPTY_DIRECTORY_BODY = f"{EMPTY_BLOCK} 0:0:{_MARKER}"


def format_body(locators: Iterable[Locator], tokens: Iterable[FileToken]) -> str:
    """Write what follows a stream's name, without LF; raises InvalidName for a name that has no UTF-8."""
    return format_locators(locators) + format_tokens(tokens)


def format_locators(locators: Iterable[Locator]) -> str:
    """Write the blocks of a stream."""
    return " ".join(map(str, locators))


def format_tokens(tokens: Iterable[FileToken]) -> str:
    """Write file tokens, a space before each; raises InvalidName for a name that has no UTF-8."""
    return "".join(
        [
            f" {position}:{size}:{_MARKER if path == EMPTY_DIRECTORY_PATH else escape(path)}"
            for position, size, path in tokens
        ]
    )


def format_stream(name: str, locators: Iterable[Locator], tokens: Iterable[FileToken]) -> str:
    """Write one line with its LF."""
    return format_line(name, format_body(locators, tokens))


def format_line(name: str, body: str) -> str:
    """Write one line with its LF from the stream's name and what follows it."""
    return f"{escape(name)} {body}\n"
