"""The blocks a text names, without reading the rest of it.

Owns: where the locators stand in a line; a well-formed line is what parsing has let in.
"""

from __future__ import annotations


def locators_of_line(line: str) -> list[str]:
    """List the locators of a manifest line, also those that none of its files uses, with their hints."""
    return locators_of_stream(line.partition(" ")[2])


def locators_of_stream(stream: str) -> list[str]:
    """List the locators of a line without the stream's name; none for an empty one.

    The first colon is in the first file token; the locators stand before that token.
    """
    return stream[: stream.find(":") + 1].split(" ")[:-1]
