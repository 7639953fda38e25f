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
from davserver.live.names import check_collection_name
from davserver.values import Locator

_SHOWN = 10


def import_manifest(house: House, name: str, lines: Iterable[str], *, check_blocks: bool = True) -> Version:
    """Make a collection of a manifest's lines, each with its LF, and return its version 1.

    With ``check_blocks``, every block the text names must be in the store with its size (its bytes are not read).
    Atomic: the collection appears whole, when the call returns, in every process.
    Memory: about twice the text, and half a kilobyte for each file until the call returns.
    Errors: ManifestError (line, reason); UnknownBlocks; Exists or InvalidName for the name; StoreFull;
        StoreUnavailable.
    """
    check_collection_name(name)
    text = "".join(lines)
    root = load_lines(text)
    if check_blocks:
        _require_blocks(house.blocks, text)
    _, version = house.register(name, root, text)
    return version


def decode_lines(raw: Iterable[bytes]) -> Iterator[str]:
    """Decode lines as a binary file yields them; raises ManifestError for one that is not UTF-8."""
    for number, line in enumerate(raw, 1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise ManifestError(number, f"not UTF-8 at byte {error.start + 1}") from error


def _require_blocks(blocks: BlockIndex, text: str) -> None:
    """Look each block up once, in the order of the text; raises UnknownBlocks with the first ones that fail."""
    missing = [failure for locator in _named_blocks(text) if (failure := _failure(blocks, locator))]
    if missing:
        raise UnknownBlocks(tuple(missing[:_SHOWN]), len(missing))


def _named_blocks(text: str) -> list[Locator]:
    """List the different locators of a well-formed text, also those that no file uses."""
    named: dict[str, None] = {}
    for line in io.StringIO(text, newline="\n"):
        # The first colon after the stream's name is in the first file token; the locators stand between.
        words = line[: line.index(":", line.index(" "))].split(" ")
        named.update(dict.fromkeys(words[1:-1]))
    return [Locator.parse(word) for word in named]


def _failure(blocks: BlockIndex, locator: Locator) -> str:
    """Return the locator, with what is wrong with its block, "" if nothing is."""
    if not locator.size:
        return ""  # what has no bytes needs no block
    try:
        blocks.stat(locator.bare())
    except BlockMissing:
        return str(locator)
    except BlockCorrupt as error:
        return f"{locator} ({error.reason})"
    return ""
