"""Layout: how the files of one directory lie in the blocks of its stream.

Owns: the order of blocks and tokens in a stream's normal form, and the way from tokens back to extents.
Never: text (``manifest``), other directories (``marshal``, ``load``).
Follows: arvados-python-client's ``normalize_stream``: files by name, blocks in the order of their first use and each
    once, pieces that touch in the stream merged, also over the border of two blocks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate

from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.errors import InvalidOperation
from davserver.manifest.parse import FileToken
from davserver.manifest.write import format_body
from davserver.values import EMPTY_BLOCK, Locator

_stored_extent: Callable[[tuple[Locator, int, int]], StoredExtent] = partial(tuple.__new__, StoredExtent)


def body_of(files: Iterable[tuple[str, FileNode]]) -> str:
    """Write the stream of files that come in order of their names, without stream name and LF; "" if there are none.

    Raises InvalidOperation if a file has bytes that are in no block yet.
    """
    starts: dict[Locator, int] = {}
    length = start = 0
    locator: Locator | None = None
    tokens: list[FileToken] = []
    for name, node in files:
        begin = end = 0
        for extent in node.extents:
            if not isinstance(extent, StoredExtent):
                raise InvalidOperation(f"file {name!r} has bytes that are in no block yet")
            if extent.locator is not locator:  # neighbours mostly share a block, and then one object
                locator = extent.locator
                start = starts.setdefault(locator, length)
                if start == length:
                    length += locator.size
            if start + extent.offset != end:
                if begin < end:
                    tokens.append(FileToken(begin, end - begin, name))
                begin = start + extent.offset
            end = start + extent.offset + extent.length
        tokens.append(FileToken(begin, end - begin, name))
    return format_body(starts or [EMPTY_BLOCK], tokens) if tokens else ""


def cut(locators: Sequence[Locator], tokens: Iterable[FileToken]) -> Iterator[tuple[StoredExtent, ...]]:
    """Yield for each token its pieces of the blocks; a range must lie within the stream, as parsing made sure."""
    starts = [0, *accumulate(locator.size for locator in locators)]
    locator = EMPTY_BLOCK
    start = end = -1
    for position, size, _ in tokens:
        if not (start <= position and position + size <= end):
            # Most tokens lie in the block of the token before; the others are searched.
            index = bisect_right(starts, position) - 1
            if index >= len(locators) or position + size > starts[index + 1]:
                yield _across(locators, starts, position, size)
                continue
            locator, start, end = locators[index], starts[index], starts[index + 1]
        yield (_stored_extent((locator, position - start, size)),) if size else ()


def _across(locators: Sequence[Locator], starts: list[int], position: int, size: int) -> tuple[StoredExtent, ...]:
    """Cut a range that more than one block holds."""
    index = bisect_right(starts, position) - 1
    end = position + size
    extents = []
    while position < end:
        stop = min(end, starts[index + 1])
        if position < stop:  # an empty block may stand between two others
            extents.append(StoredExtent(locators[index], position - starts[index], stop - position))
            position = stop
        index += 1
    return tuple(extents)
