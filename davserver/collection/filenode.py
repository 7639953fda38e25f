"""FileNode: a file's content as a list of extents, with a pointer that makes reading on cheap.

Owns: reading, writing, truncating, seeking; the ETag that follows from content.
Never: the file's name or place, a lock, a block's bytes beyond the call.
Follows: the seed's ``filenode`` and ``filenodePtr`` (sdk/go/arvados/collection_fs.go).
Invariants: no extent is empty; ``size`` is the sum of the extents' lengths and ``mem_bytes`` that of the mem extents;
``repacked`` is another object after every change of a border between extents; a frozen node never changes.

Threading: a frozen node may be read by any number of threads; a mutable one belongs to one thread, or to a lock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, NamedTuple

from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.etag import derived_etag
from davserver.collection.extents import (
    Extent,
    MemExtent,
    RangeReader,
    StoredExtent,
    ZeroExtent,
    joined,
    mem_length,
    total_length,
)
from davserver.errors import InvalidOperation
from davserver.values import MAX_BLOCK_BYTES, Buffer


class FilePointer(NamedTuple):
    """An offset that is usually cheap to seek to.

    If ``repacked`` is the node's, the offset is byte ``within`` of extent number ``extent``; else the node searches.
    The original counts generations; here each is an object of its own, so that a pointer into another node, even a
    clone, never passes for valid.
    """

    offset: int
    extent: int = 0
    within: int = 0
    repacked: object = None


class FileNode:
    """A file's bytes and attributes; mutable until ``freeze``.

    A file of one stored extent takes some 400 bytes with its attributes; hence the slots and the lazy prefix sums.
    """

    __slots__ = ("_attributes", "_extents", "_frozen", "_mem_bytes", "_repacked", "_starts", "size")

    def __init__(self, extents: Iterable[Extent] = (), attributes: Attributes = EMPTY) -> None:
        """Take extents in order, mem extents as shares; empty ones are left out, pieces that fit together joined."""
        self._extents: list[Extent] | tuple[Extent, ...] = joined(extents)
        self._attributes: Attributes | Mapping[str, Any] = attributes
        self._frozen = False
        self._starts: list[int] | None = None
        self._mem_bytes: int | None = None
        self._repacked: object = None
        self.size = total_length(self._extents)

    @classmethod
    def of_stored(
        cls, extents: tuple[StoredExtent, ...], size: int, attributes: Attributes | Mapping[str, Any] = EMPTY
    ) -> FileNode:
        """Return a frozen node of non-empty extents of which no two fit together, ``size`` bytes in all.

        Nothing is looked at, and attributes may come in their JSON form, to be read when someone asks for them: what
        makes loading a directory of thousands of files quick, of which often one is wanted.
        """
        return cls._final(extents, size, 0, attributes)

    @classmethod
    def _final(
        cls,
        extents: tuple[Extent, ...],
        size: int,
        mem_bytes: int | None,
        attributes: Attributes | Mapping[str, Any],
    ) -> FileNode:
        node: FileNode = cls.__new__(cls)
        node._attributes = attributes
        node._extents = extents
        node._frozen = True
        node._mem_bytes = mem_bytes
        node._repacked = None
        node._starts = None
        node.size = size
        return node

    @property
    def extents(self) -> Sequence[Extent]:
        """The extents in order; not to be changed by the caller."""
        return self._extents

    @property
    def attributes(self) -> Attributes:
        """What is known of the file beside its bytes."""
        attributes = self._attributes
        if not isinstance(attributes, Attributes):
            attributes = self._attributes = Attributes.from_json(attributes)
        return attributes

    def attributes_json(self) -> Mapping[str, Any]:
        """Return the attributes in their JSON form, empty if there are none; not to be changed by the caller."""
        attributes = self._attributes
        return attributes.to_json() if isinstance(attributes, Attributes) else attributes

    @property
    def frozen(self) -> bool:
        """Whether the node is final."""
        return self._frozen

    @property
    def repacked(self) -> object:
        """The generation of the borders between extents: another object after every change of one."""
        if self._repacked is None:
            self._repacked = object()
        return self._repacked

    @property
    def mem_bytes(self) -> int:
        """The bytes in mem extents: what is in no block yet."""
        if self._mem_bytes is None:
            self._mem_bytes = mem_length(self._extents)
        return self._mem_bytes

    def freeze(self) -> FileNode:
        """Make the node final and return it."""
        if not self._frozen:
            self._extents = tuple(self._extents)
            self._frozen = True
        return self

    def clone(self) -> FileNode:
        """Return a mutable node of the same content: O(extents), buffers are shared until one side writes."""
        return FileNode(self._extents, self.attributes)

    def with_attributes(self, attributes: Attributes) -> FileNode:
        """Return a node of the same content with other attributes, frozen if this one is."""
        if isinstance(self._extents, tuple) and self._frozen:
            return self._final(self._extents, self.size, self._mem_bytes, attributes)
        return FileNode(self._extents, attributes)

    def set_attributes(self, attributes: Attributes) -> None:
        """Change the attributes of a mutable node."""
        self._check_mutable()
        self._attributes = attributes

    def seek(self, pointer: FilePointer) -> FilePointer:
        """Return a pointer to the same offset that is valid now; O(1) if it was, else O(log extents).

        At or beyond the end, the index is the number of extents. Raises InvalidOperation for a negative offset.
        """
        offset = pointer.offset
        if offset < 0:
            raise InvalidOperation(f"negative offset {offset}")
        if offset >= self.size:
            return FilePointer(offset, len(self._extents), 0, self.repacked)
        if pointer.repacked is not None and pointer.repacked is self._repacked:
            return pointer
        index, within = self._place_of(offset)
        return FilePointer(offset, index, within, self.repacked)

    def _place_of(self, offset: int) -> tuple[int, int]:
        """Return which extent has the byte at an offset in the file, and where in it; O(log extents)."""
        if self._starts is None:
            self._starts = [0, *accumulate(e.length for e in self._extents[:-1])]
        index = bisect_right(self._starts, offset) - 1
        return index, offset - self._starts[index]

    def read(self, pointer: FilePointer, n: int, blocks: RangeReader) -> tuple[bytes, FilePointer]:
        """Read up to ``n`` bytes out of one extent (short reads are normal) and return the pointer behind them.

        Returns no bytes only at the end of the file or if ``n`` is 0; raises BlockError.
        """
        pointer = self.seek(pointer)
        if pointer.extent == len(self._extents):
            return b"", pointer
        extent = self._extents[pointer.extent]
        n = min(n, extent.length - pointer.within)
        return extent.read(pointer.within, n, blocks), _advance(pointer, n, extent)

    def read_at(self, offset: int, n: int, blocks: RangeReader) -> bytes:
        """Return the ``n`` bytes from ``offset``, or as many as there are; raises BlockError."""
        pieces = []
        pointer = FilePointer(offset)
        while n > 0:
            data, pointer = self.read(pointer, n, blocks)
            if not data:
                break
            pieces.append(data)
            n -= len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read_within(self, offset: int, length: int, blocks: RangeReader) -> bytes | None:
        """Return a range of the file if one extent has all of it, else None; raises BlockError."""
        if offset >= self.size:
            return None
        index, within = self._place_of(offset)
        extent = self._extents[index]
        return extent.read(within, length, blocks) if within + length <= extent.length else None

    def slices(self, offset: int, length: int) -> Iterator[Extent]:
        """Iterate over the extents of a range, the first and the last cut to it; no data moves."""
        pointer = self.seek(FilePointer(offset))
        within = pointer.within
        for index in range(pointer.extent, len(self._extents)):
            if length <= 0:
                return
            extent = self._extents[index]
            n = min(length, extent.length - within)
            yield extent if n == extent.length else extent.slice(within, n)
            length -= n
            within = 0

    def write(self, pointer: FilePointer, data: Buffer, *, max_block: int = MAX_BLOCK_BYTES) -> FilePointer:
        """Write bytes at the pointer and return the pointer behind them.

        Stored extents are split around the new bytes, which go into mem extents of at most ``max_block`` bytes. A
        pointer beyond the end fills the gap with zeros first, also if there is nothing to write.
        """
        if pointer.offset > self.size:
            self.truncate(pointer.offset)
        self._check_mutable()
        pointer = self.seek(pointer)
        view = memoryview(data).cast("B")
        while view:
            n, pointer = self._write_some(pointer, view, max_block)
            view = view[n:]
        return pointer

    def _write_some(self, pointer: FilePointer, data: memoryview, max_block: int) -> tuple[int, FilePointer]:
        """Write a beginning of ``data`` that fits into one mem extent; return its length and the pointer behind it."""
        index, within = pointer.extent, pointer.within
        here = self._extents[index] if index < len(self._extents) else None
        n = len(data) if here is None else min(len(data), here.length - within)
        if isinstance(here, MemExtent):
            here.write(within, data[:n])
            return n, _advance(pointer, n, here)
        before = self._extents[index - 1] if index and not within else None
        if isinstance(before, MemExtent) and before.length < max_block:
            n = min(n, max_block - before.length)
            before.write(before.length, data[:n])
            # The neighbour stands in the list already; put again, it tells of its new length.
            parts: list[Extent] = [before]
            index -= 1
        else:
            n = min(n, max_block)
            new = MemExtent()
            new.write(0, data[:n])
            parts = [here.slice(0, within), new] if here is not None and within else [new]
        behind = FilePointer(pointer.offset + n, index + len(parts))
        if here is not None and within + n < here.length:
            parts.append(here.slice(within + n, here.length - within - n))
        self._replace(index, pointer.extent + 1, parts, size=max(self.size, behind.offset))
        return n, behind._replace(repacked=self.repacked)

    def spliced(self, offset: int, extents: Iterable[Extent], attributes: Attributes) -> FileNode:
        """Return a final file with whole extents over the bytes from ``offset``; zeros fill a gap before them.

        Nothing but references is copied, so that many small writes to a file of many extents stay cheap.
        """
        if not self._frozen:
            return self.clone().freeze().spliced(offset, extents, attributes)
        middle = joined(extents)
        gap = [ZeroExtent(offset - self.size)] if offset > self.size else []
        first = self.seek(FilePointer(offset))
        last = self.seek(FilePointer(offset + total_length(middle)))
        parts = [*self._before(first), *gap, *middle, *self._behind(last)]
        return self._with(first.extent, last.extent + bool(last.within), parts, max(self.size, last.offset), attributes)

    def truncated(self, size: int, attributes: Attributes) -> FileNode:
        """Return a final file of ``size`` bytes: cut, or with zeros at its end."""
        if not self._frozen:
            return self.clone().freeze().truncated(size, attributes)
        end = self.seek(FilePointer(size))
        zeros = [ZeroExtent(size - self.size)] if size > self.size else []
        return self._with(end.extent, len(self._extents), [*self._before(end), *zeros], size, attributes)

    def _before(self, pointer: FilePointer) -> list[Extent]:
        """Return the part of a pointer's extent that is before it."""
        return [self._extents[pointer.extent].slice(0, pointer.within)] if pointer.within else []

    def _behind(self, pointer: FilePointer) -> list[Extent]:
        """Return the part of a pointer's extent that is behind it, if the pointer is inside."""
        if not pointer.within:
            return []
        extent = self._extents[pointer.extent]
        return [extent.slice(pointer.within, extent.length - pointer.within)]

    def _with(self, first: int, last: int, parts: list[Extent], size: int, attributes: Attributes) -> FileNode:
        """Return a final file with ``parts`` in the place of a range of extents, joined to its neighbours."""
        begin, end = max(first - 1, 0), min(last + 1, len(self._extents))
        new = joined([*self._extents[begin:first], *parts, *self._extents[last:end]])
        mem_bytes = self.mem_bytes - mem_length(self._extents[begin:end]) + mem_length(new)
        result: FileNode = self._final(
            (*self._extents[:begin], *new, *self._extents[end:]), size, mem_bytes, attributes
        )
        if self._starts:
            starts = accumulate((extent.length for extent in new[:-1]), initial=self._starts[begin])
            result._starts = [*self._starts[:begin], *(starts if new else ()), *self._starts[end:]]
        return result

    def truncate(self, size: int) -> None:
        """Cut the file, or let it grow by zeros that take no room; raises InvalidOperation for a negative size."""
        end = self.seek(FilePointer(size))
        if size == self.size:
            return
        self._check_mutable()
        if size > self.size:
            last = self._extents[-1] if self._extents else None
            zeros = ZeroExtent(size - self.size + (last.length if isinstance(last, ZeroExtent) else 0))
            index = end.extent - isinstance(last, ZeroExtent)
            self._replace(index, end.extent, [zeros], size=size)
        else:
            cut = self._extents[end.extent]
            if isinstance(cut, MemExtent):
                cut.truncate(end.within)
            elif end.within:
                cut = cut.slice(0, end.within)
            self._replace(end.extent, len(self._extents), [cut] if end.within else [], size=size)

    def exchange(self, old: MemExtent, new: Extent) -> bool:
        """Put an extent of the same bytes in the place of a mem extent that still has those of ``old``; False if none.

        ``old`` is a share taken earlier, so that it is known also in a clone, and not after the bytes were changed.
        """
        for index, extent in enumerate(self._extents):
            if isinstance(extent, MemExtent) and extent.is_unchanged(old):
                self._replace(index, index + 1, [new], size=self.size)
                return True
        return False

    def _replace(self, first: int, last: int, parts: list[Extent], *, size: int) -> None:
        """Put ``parts`` in the place of a range of extents; what follows the range keeps its offset."""
        self._check_mutable()
        if isinstance(self._extents, tuple):
            self._extents = list(self._extents)
        if self._starts is not None:
            start = self._starts[first] if first < len(self._starts) else self.size
            lengths = [part.length for part in parts]
            self._starts[first:last] = list(accumulate(lengths, initial=start))[:-1]
        self._extents[first:last] = parts
        self._changed(size)

    def _changed(self, size: int) -> None:
        self.size = size
        self._repacked = None
        self._mem_bytes = None

    def _check_mutable(self) -> None:
        if self._frozen:
            raise InvalidOperation("a frozen file cannot be changed")


def etag_of(node: FileNode) -> str:
    """Return the strong ETag of a file, unquoted: its attribute, or 32 hex digits that follow from its extents.

    The same bytes cut or stored in another way have another derived one. So whoever moves a file's bytes into other
    blocks keeps the ETag by ``with_fixed_etag`` first.
    """
    return node.attributes.etag if node.attributes.etag is not None else derived_etag(node.extents)


def with_fixed_etag(node: FileNode) -> FileNode:
    """Return the file with its ETag as an attribute, so that repacking, which changes the extents, keeps it."""
    if node.attributes.etag is not None:
        return node
    return node.with_attributes(replace(node.attributes, etag=etag_of(node)))


def _advance(pointer: FilePointer, n: int, extent: Extent) -> FilePointer:
    """Move a valid pointer on inside its extent, or to the beginning of the next."""
    within = pointer.within + n
    if within == extent.length:
        return FilePointer(pointer.offset + n, pointer.extent + 1, 0, pointer.repacked)
    return FilePointer(pointer.offset + n, pointer.extent, within, pointer.repacked)
