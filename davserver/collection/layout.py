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


class Layout:
    """Lays out the files of one directory, one after the other, in order of their names."""

    def __init__(self) -> None:
        self._starts: dict[Locator, int] = {}
        self._length = 0
        self._locator: Locator | None = None
        self._start = 0

    @property
    def locators(self) -> Iterable[Locator]:
        """The blocks of the stream so far; a stream without bytes has the empty block."""
        return self._starts or [EMPTY_BLOCK]

    def tokens_of(self, name: str, node: FileNode) -> list[FileToken]:
        """Return the tokens of the next file; raises InvalidOperation if it has bytes that are in no block yet."""
        tokens: list[FileToken] = []
        begin = end = 0
        for extent in node.extents:
            if not isinstance(extent, StoredExtent):
                raise InvalidOperation(f"file {name!r} has bytes that are in no block yet")
            if extent.locator is not self._locator:  # neighbours mostly share a block, and then one object
                self._enter(extent.locator)
            position = self._start + extent.offset
            if position != end:
                if begin < end:
                    tokens.append(FileToken(begin, end - begin, name))
                begin = position
            end = position + extent.length
        tokens.append(FileToken(begin, end - begin, name))
        return tokens

    def _enter(self, locator: Locator) -> None:
        self._locator = locator
        self._start = self._starts.setdefault(locator, self._length)
        if self._start == self._length:
            self._length += locator.size


def body_of(files: Iterable[tuple[str, FileNode]]) -> str:
    """Write the stream of files that come in order of their names, without stream name and LF; "" if there are none.

    Raises InvalidOperation if a file has bytes that are in no block yet.
    """
    layout = Layout()
    tokens = [token for name, node in files for token in layout.tokens_of(name, node)]
    return format_body(layout.locators, tokens) if tokens else ""


def starts_of(locators: Iterable[Locator]) -> list[int]:
    """Return where each block begins in the stream, and at the end the stream's length."""
    return [0, *accumulate([locator.size for locator in locators])]


def cut(
    locators: Sequence[Locator], tokens: Iterable[FileToken], starts: Sequence[int] | None = None
) -> Iterator[tuple[StoredExtent, ...]]:
    """Yield for each token its pieces of the blocks; a range must lie within the stream, as parsing made sure.

    ``starts`` are those of ``starts_of``, for who has them already.
    """
    starts = starts_of(locators) if starts is None else starts
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


def _across(locators: Sequence[Locator], starts: Sequence[int], position: int, size: int) -> tuple[StoredExtent, ...]:
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
