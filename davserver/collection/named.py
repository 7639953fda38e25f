"""What an encoded change names: blocks and directory records, without its content and without any history.

Owns: where names stand in the form of ``codec``.
Why: to know that nobody needs a block takes all names, also those in entries that only another collection's need.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from davserver.collection.codec import open_header
from davserver.errors import JournalCorrupt, LocatorError
from davserver.values import Locator


class Names(NamedTuple):
    """Blocks, without hints, and the hashes of directory records."""

    blocks: set[Locator]
    records: set[str]


def names_of(header: bytes) -> Names:
    """Return what a change names; raises JournalCorrupt."""
    try:
        return _names(open_header(header))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, LocatorError) as error:
        raise JournalCorrupt(f"a journal entry cannot be read: {error!r}") from error


def _names(header: dict[str, Any]) -> Names:
    nodes = header.get("n", [])
    forms = [header, *nodes[:1], *(node[2] for node in nodes[1:])]
    extents = [extent for form in forms for extent in form.get("x", ())]
    records = {form["r"] for form in forms if "r" in form}
    if "g" in header:
        base_root = header["g"][2]
        records |= {base_root} if base_root is not None else set()
    return Names(set(_locators(extents)), records)


def _locators(extents: Iterable[Any]) -> Iterable[Locator]:
    """Iterate over the blocks of extents: lists of three. A number is inline bytes, a list of one zeros."""
    for extent in extents:
        if isinstance(extent, list) and len(extent) > 1:
            yield Locator.parse(extent[0]).bare()
