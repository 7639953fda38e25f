"""Import: a manifest text becomes the first version of a new collection.

Owns: what is refused (malformed text, blocks that are not there).
Never: stores blocks; they must be in the store before.
Invariants: a refused import leaves no collection behind; what is exported again, before anything changes, has the
portable data hash of the text that came.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from davserver.blocks.store import BlockIndex
from davserver.catalog.model import Version
from davserver.collection.load import load_lines
from davserver.errors import BlockCorrupt, BlockMissing, ManifestError, UnknownBlocks
from davserver.live.house import House
from davserver.live.lease import Lease
from davserver.live.names import check_collection_name
from davserver.manifest.locators import locators_of_line
from davserver.values import Locator

_SHOWN = 10


def import_manifest(house: House, name: str, lines: Iterable[str], *, check_blocks: bool = True) -> Version:
    """Make a collection of a manifest's lines, each with its LF, and return its version 1.

    With ``check_blocks``, every block the text names must be in the store with its size (its bytes are not read). Those
    that are there become young, and come back if they are in the trash, in any case.
    Atomic: the collection appears whole, when the call returns, in every process.
    Memory: about twice the text, and half a kilobyte for each file until the call returns.
    Errors: ManifestError (line, reason); UnknownBlocks; Exists or InvalidName for the name; StoreFull;
        StoreUnavailable.
    """
    check_collection_name(name)
    text = "".join(lines)
    root = load_lines(text)
    lease = house.lease()
    missing = _take_blocks(house.blocks, lease, text)
    if missing and check_blocks:
        raise UnknownBlocks(tuple(missing[:_SHOWN]), len(missing))
    _, version = house.register(name, root, text, lease)
    return version


def decode_lines(raw: Iterable[bytes]) -> Iterator[str]:
    """Decode lines as a binary file yields them; raises ManifestError for one that is not UTF-8."""
    for number, line in enumerate(raw, 1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise ManifestError(number, f"not UTF-8 at byte {error.start + 1}") from error


def _take_blocks(blocks: BlockIndex, lease: Lease, text: str) -> list[str]:
    """Make the blocks young that a text names, so that no gc takes them now; returns what is wrong with the others."""
    locators = {word: None for line in io.StringIO(text, newline="\n") for word in locators_of_line(line)}
    return [failure for word in locators if (failure := _take(blocks, lease, Locator.parse(word)))]


def _take(blocks: BlockIndex, lease: Lease, locator: Locator) -> str:
    """Return the locator, with what is wrong with its block, "" if nothing is."""
    if not locator.size:
        return ""  # what has no bytes needs no block
    try:
        lease.take(locator.bare())
        blocks.stat(locator.bare())
    except BlockMissing:
        return str(locator)
    except BlockCorrupt as error:
        return f"{locator} ({error.reason})"
    return ""
