"""The bytes of a zip, from any offset to any other.

Owns: which bytes stand in a range; summing a file while it is sent.
Never: a file on the disk, or more in memory than a small file, or a piece of a large one.
Invariants: a range has exactly the bytes that the whole has there, whatever was asked for before; what cannot be read
raises in the middle: a CRC-32 is over bytes that were verified, and nothing ends cleanly that is not whole.
Cost: the CRC-32 of a file is taken as its bytes go by. A range that begins behind a file and goes on into the central
directory needs that file's sum: it is remembered (``crc.Sums``), or else the file is read again, a piece of it for each
piece that is sent: what is left at the end is done in silence, which a proxy may not have the patience for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from zlib import crc32

from davserver.archive.crc import Begun, Sums, combine
from davserver.archive.format import central_header, descriptor, local_header, local_header_length
from davserver.archive.members import Packing
from davserver.archive.plan import Placed, Plan, placed
from davserver.collection.filenode import FileNode

CATCH_UP = 2
"""How many bytes are read again for each that is sent."""


class Contents(Protocol):
    """Where files are read. Errors: BlockError."""

    def read(self, file: FileNode, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes of a file from ``start`` to ``stop``."""

    def send(self, file: FileNode, start: int, stop: int) -> Iterator[bytes]:
        """Yield the same, or what stands for it on its way out; nobody looks into it."""


class Archive:
    """A zip of a tree. Threads: any, each with its own ``read``."""

    def __init__(self, packing: Packing, plan: Plan, sums: Sums, contents: Contents) -> None:
        self._packing = packing
        self._plan = plan
        self._sums = sums
        self._zone = packing.zone
        self._contents = contents

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to ``stop``, in pieces of any size. Errors: BlockError, CatalogCorrupt."""
        owed = self._owed(start) if start and stop > self._plan.entries_at else iter(())
        allowed = 0
        for piece in self._pieces(start, stop):
            yield piece
            allowed += CATCH_UP * len(piece)
            while allowed > 0 and (paid := next(owed, 0)):
                allowed -= paid

    def _pieces(self, start: int, stop: int) -> Iterator[bytes]:
        plan = self._plan
        if start < plan.entries_at:
            yield from self._members(start, min(stop, plan.entries_at))
        if start < plan.end_at and stop > plan.entries_at:
            yield from self._entries(max(start, plan.entries_at), min(stop, plan.end_at))
        if stop > plan.end_at:
            yield plan.end[max(start - plan.end_at, 0) : stop - plan.end_at]

    def _members(self, start: int, stop: int) -> Iterator[bytes]:
        for here in placed(self._packing, self._plan.mark_before(start)):
            if here.place >= stop:
                return
            if here.end > start:
                first, last = max(start - here.place, 0), min(stop, here.end) - here.place
                yield from self._member(here, first, last)

    def _member(self, here: Placed, first: int, last: int) -> Iterator[bytes]:
        """Yield the bytes of a member from ``first`` to ``last``, counted from its local header."""
        file, member = here.node, here.member
        if not isinstance(file, FileNode):
            yield local_header(member, 0, self._zone)[first:last]
            return
        if not member.is_late:
            data = b"".join(self._contents.read(file, 0, file.size))
            crc = crc32(data)
            self._sums.learn(here.number, crc)
            yield (local_header(member, crc, self._zone) + data)[first:last]
            return
        begin = local_header_length(member)
        end = begin + member.size
        if first < begin:
            yield local_header(member, 0, self._zone)[first:last]
        if first < end and last > begin:
            yield from self._late(here, file, max(first - begin, 0), min(last, end) - begin)
        if last > end:
            yield descriptor(member, self._sum(here.number, file))[max(first - end, 0) : last - end]

    def _late(self, here: Placed, file: FileNode, first: int, last: int) -> Iterator[bytes]:
        """Yield a part of a large file; sum it on the way, if that is of use."""
        if self._sums.get(here.number) is not None:
            yield from self._contents.send(file, first, last)
            return
        known = front = self._sums.begun(here.number)
        back, position = 0, first
        try:
            for piece in self._contents.read(file, first, last):
                stop = position + len(piece)
                if first > front.stop:
                    back = crc32(piece, back)
                elif stop > front.stop:
                    front = Begun(stop, crc32(memoryview(piece)[front.stop - position :], front.crc))
                position = stop
                yield piece
        finally:
            if front.stop > known.stop:
                self._sums.break_off(here.number, front)
        if last == file.size:
            self._sums.learn(here.number, front.crc if front.stop == last else self._joined(here, file, first, back))

    def _joined(self, here: Placed, file: FileNode, first: int, back: int) -> int:
        """Return the sum of a file of which ``back`` is that of the bytes from ``first`` on."""
        front = self._sums.begun(here.number)
        if front.stop > first:  # somebody else came further meanwhile
            return self._read_on(file, front, file.size).crc
        return combine(self._read_on(file, front, first).crc, back, file.size - first)

    def _entries(self, start: int, stop: int) -> Iterator[bytes]:
        plan = self._plan
        for here in placed(self._packing, plan.mark_before_entry(start)):
            place = plan.entries_at + here.entry
            if place >= stop:
                return
            crc = self._sum(here.number, here.node) if isinstance(here.node, FileNode) else 0
            entry = central_header(here.member, here.place, crc, self._zone)
            if place + len(entry) > start:
                yield entry[max(start - place, 0) : stop - place]

    def _sum(self, number: int, file: FileNode) -> int:
        """Return the CRC-32 of a file: remembered, or taken now of what of it nobody summed yet."""
        known = self._sums.get(number)
        if known is not None or not file.size:
            return known or 0
        crc = self._read_on(file, self._sums.begun(number), file.size).crc
        self._sums.learn(number, crc)
        return crc

    def _owed(self, start: int) -> Iterator[int]:
        """Sum what stands before an offset and nobody summed yet; yields after each piece how many bytes that was."""
        for here in placed(self._packing, self._plan.marks[0]):
            if here.place >= start:
                return
            file = here.node
            if isinstance(file, FileNode) and file.size and self._sums.get(here.number) is None:
                within = start - here.place - local_header_length(here.member)
                yield from self._sum_piecewise(here.number, file, min(file.size, within))

    def _sum_piecewise(self, number: int, file: FileNode, stop: int) -> Iterator[int]:
        begun = self._sums.begun(number)
        if begun.stop < stop:
            for piece in self._contents.read(file, begun.stop, stop):
                begun = Begun(begun.stop + len(piece), crc32(piece, begun.crc))
                self._sums.break_off(number, begun)
                yield len(piece)
        if begun.stop == file.size:
            self._sums.learn(number, begun.crc)

    def _read_on(self, file: FileNode, begun: Begun, stop: int) -> Begun:
        """Return a sum that was begun, over the file's bytes up to ``stop``."""
        crc = begun.crc
        for piece in self._contents.read(file, begun.stop, stop):
            crc = crc32(piece, crc)
        return Begun(stop, crc)
