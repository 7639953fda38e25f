"""Where in a zip everything stands: found in one pass over the tree, before the first byte is sent.

Owns: offsets, the length, the entity tag; marks from which the walk goes on: an offset is found by binary search.
Never: a file's bytes.
Invariant: two plans with one entity tag are of the same zip, byte for byte: the tag is over all that its bytes follow
from: names, contents (by their entity tags), sizes, times, the time zone, and the version of this format.
Memory: a mark of some 300 bytes for each 256 members.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from davserver.archive.format import (
    Member,
    central_header_length,
    descriptor_length,
    end_records,
    local_header_length,
)
from davserver.archive.members import Packing, walk
from davserver.collection.dirnode import Node
from davserver.collection.filenode import FileNode, etag_of
from davserver.errors import Unpackable
from davserver.values import TreePath

MAX_MEMBERS = 1 << 22
"""With their sums 16 MiB."""
MARK_MEMBERS = 256
_FORMAT = "davserver zip 1"


class Mark(NamedTuple):
    """A member's number, its offset, that of its entry in the central directory, and the path of the one before it."""

    number: int
    place: int
    entry: int
    after: TreePath | None


class Placed(NamedTuple):
    """A member and its place: ``[place, end)``; ``entry`` is where it stands in the central directory."""

    number: int
    node: Node
    member: Member
    place: int
    end: int
    entry: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The places in one zip. ``entries_at`` is where the central directory begins, ``end_at`` where it ends."""

    marks: tuple[Mark, ...]
    members: int
    entries_at: int
    end_at: int
    etag: str

    @property
    def end(self) -> bytes:
        """What stands behind the central directory."""
        return end_records(self.members, self.entries_at, self.end_at - self.entries_at)

    @property
    def length(self) -> int:
        """The bytes of the whole zip."""
        return self.end_at + len(self.end)

    def mark_before(self, offset: int) -> Mark:
        """Return the last mark whose member begins at or before an offset among the members."""
        return self.marks[bisect_right(self.marks, offset, key=lambda mark: mark.place) - 1]

    def mark_before_entry(self, offset: int) -> Mark:
        """Return the last mark whose entry begins at or before an offset of the central directory."""
        entry = offset - self.entries_at
        return self.marks[bisect_right(self.marks, entry, key=lambda mark: mark.entry) - 1]


def placed(packing: Packing, mark: Mark) -> Iterator[Placed]:
    """Yield the members from a mark on, each with its place; ``entry`` counts from the central directory's begin."""
    place, entry = mark.place, mark.entry
    for number, step in enumerate(walk(packing, mark.after), mark.number):
        member = step.member
        end = place + local_header_length(member) + member.size + descriptor_length(member)
        yield Placed(number, step.node, member, place, end, entry)
        entry += central_header_length(member, place)
        place = end


def plan_of(packing: Packing) -> Plan:
    """Find out where everything stands. Errors: Unpackable; those of loading a directory."""
    tag = sha256(f"{_FORMAT} {packing.zone}\n".encode())
    marks = []
    number = place = entry = 0
    before: TreePath | None = None
    for step in walk(packing):
        member, node = step.member, step.node
        if number % MARK_MEMBERS == 0:
            if number >= MAX_MEMBERS:
                raise Unpackable(f"more than {MAX_MEMBERS} members", hint="pack a folder below it")
            marks.append(Mark(number, place, entry, before))
        entry += central_header_length(member, place)
        place += local_header_length(member) + member.size + descriptor_length(member)
        content = etag_of(node) if isinstance(node, FileNode) else "folder"
        tag.update(b"%d %d %d %s %s\n" % (len(member.name), member.size, member.mtime_s, member.name, content.encode()))
        number += 1
        before = step.path
    return Plan(tuple(marks), number, place, place + entry, tag.hexdigest()[:32])
