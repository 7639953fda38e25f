"""Extents: the pieces a file is made of.

Owns: stored, mem and zero extents; copy-on-write of buffers.
Never: an order of extents (``filenode`` keeps that) or the way to a block (a BlockReader is handed in).
Follows: the seed's ``extent``, ``memExtent`` and ``storedExtent`` (sdk/go/arvados/collection_fs.go).
Invariants: a stored extent's range lies inside its block; a buffer is written only by the one mem extent that owns it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from davserver.errors import BlockCorrupt
from davserver.values import Buffer, Locator


class RangeReader(Protocol):
    """What reading a file needs of a block store."""

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        """Return exactly ``length`` verified bytes of a block from ``offset``; raises BlockError."""
        ...


class StoredExtent(NamedTuple):
    """``length`` bytes of a stored block from ``offset``; never changed, so shared freely."""

    locator: Locator
    offset: int
    length: int

    def slice(self, offset: int, length: int) -> StoredExtent:
        """Return a part of this extent; no data moves."""
        return StoredExtent(self.locator, self.offset + offset, length)

    def read(self, offset: int, length: int, blocks: RangeReader) -> bytes:
        """Return ``length`` bytes from ``offset`` of the extent; raises BlockError, never returns less."""
        data = blocks.read(self.locator, self.offset + offset, length)
        if len(data) != length:
            raise BlockCorrupt(str(self.locator), f"the store returned {len(data)} bytes of {length}")
        return data


class ZeroExtent(NamedTuple):
    """``length`` zero bytes that take no room: what truncate or a write beyond the end leaves behind."""

    length: int

    def slice(self, offset: int, length: int) -> ZeroExtent:  # noqa: ARG002 - zeros are the same anywhere
        """Return a part of this extent."""
        return ZeroExtent(length)

    def read(self, offset: int, length: int, blocks: RangeReader) -> bytes:  # noqa: ARG002 - the extents' common form
        """Return ``length`` zero bytes."""
        return bytes(length)


class MemExtent:
    """Bytes that are in no block yet: a window of a buffer that this extent owns or shares.

    Only an owner writes into its buffer; an extent that shares it copies its window first, so that clones and
    snapshots cost nothing until someone writes. Appending to an owned buffer is amortised O(1). Not thread safe;
    extents of a frozen file are only read.
    """

    __slots__ = ("_data", "_owned", "_start", "length")

    def __init__(self, data: bytes | bytearray = b"", start: int = 0, length: int | None = None) -> None:
        """Take a window of a buffer, all of it by default, by reference: nobody may change the buffer any more."""
        self._data = data
        self._start = start
        self._owned = False
        self.length = len(data) - start if length is None else length

    def share(self) -> MemExtent:
        """Return an extent with the same bytes; from now on, either one copies before it writes."""
        return self.slice(0, self.length)

    def slice(self, offset: int, length: int) -> MemExtent:
        """Return a part of this extent that shares its buffer."""
        self._owned = False
        return MemExtent(self._data, self._start + offset, length)

    def is_unchanged(self, earlier: MemExtent) -> bool:
        """Tell whether this extent still has the bytes of ``earlier``, a share taken from it."""
        return self._data is earlier._data and self._start == earlier._start and self.length == earlier.length

    def read(self, offset: int, length: int, blocks: RangeReader | None = None) -> bytes:  # noqa: ARG002 - common form
        """Return ``length`` bytes from ``offset``."""
        start = self._start + offset
        if isinstance(self._data, bytes):
            return self._data[start : start + length]
        with memoryview(self._data) as view:
            return bytes(view[start : start + length])

    def view(self) -> memoryview:
        """Return the bytes without a copy, to hash or store them.

        The view stays as it is: the extent no longer owns its buffer, so that a later write goes to a copy.
        """
        self._owned = False
        return memoryview(self._data)[self._start : self._start + self.length].toreadonly()

    def write(self, offset: int, data: Buffer) -> None:
        """Put bytes at ``offset`` (at most ``length``: no gap); what lies beyond the end is appended."""
        buffer = self._own()
        buffer[offset : offset + len(data)] = data
        self.length = len(buffer)

    def truncate(self, length: int) -> None:
        """Keep only the first ``length`` bytes."""
        if self._owned:
            del self._own()[length:]
        self.length = length

    def _own(self) -> bytearray:
        if not self._owned or isinstance(self._data, bytes):
            with memoryview(self._data) as view:
                self._data = bytearray(view[self._start : self._start + self.length])
            self._start = 0
            self._owned = True
        return self._data


Extent = StoredExtent | MemExtent | ZeroExtent


def join(left: Extent, right: Extent) -> Extent | None:
    """Return the one extent that both are together, or None; mem extents are never joined."""
    if isinstance(left, StoredExtent):
        if (
            isinstance(right, StoredExtent)
            and left.offset + left.length == right.offset
            and left.locator == right.locator
        ):
            return StoredExtent(left.locator, left.offset, left.length + right.length)
    elif isinstance(left, ZeroExtent) and isinstance(right, ZeroExtent):
        return ZeroExtent(left.length + right.length)
    return None


def joined(extents: Iterable[Extent]) -> tuple[Extent, ...]:
    """Leave out empty extents, join what fits together, and take shares of mem extents."""
    result: list[Extent] = []
    for extent in extents:
        if not extent.length:
            continue
        both = join(result[-1], extent) if result else None
        if both is not None:
            result[-1] = both
        else:
            result.append(extent.share() if isinstance(extent, MemExtent) else extent)
    return tuple(result)


def total_length(extents: Iterable[Extent]) -> int:
    """Return the bytes in all of them."""
    return sum(extent.length for extent in extents)


def mem_length(extents: Iterable[Extent]) -> int:
    """Return the bytes that are in no block yet."""
    return sum(extent.length for extent in extents if isinstance(extent, MemExtent))
