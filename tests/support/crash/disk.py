"""A disk that takes operations one after the other, and what may be left on it when the power goes now.

The rules are POSIX's, without mercy: an fsync of a file makes its bytes, its length and its time certain, but not its
name; an fsync of a directory makes its names certain, but nothing of the files they name. All else is *pending*.

Three ways to lose it:

``kept``     all of it is there: the processes were killed, the machine goes on.
``synced``   none of it is there.
``lottery``  some of it is there: each file and each directory draws how it lost (see ``_FILE_LOSSES``), the way file
             systems and drives do: in order up to a moment, in any order, sectors of a write torn apart, lengths
             without bytes. Drawn by a seed, so that it can be had again.

One assumption of SQLite's default (powersafe overwrite) is in it: a sector that is written is old or new, and its
neighbours stay what they were.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.crash.oplog import Cut, Mark, Named, Op, Renamed, Synced, Timed, Unnamed, Wrote

SECTORS = (512, 4096)

FileOp = Wrote | Cut | Timed
NameOp = Named | Unnamed | Renamed


@dataclass(slots=True)
class Content:
    """What a file holds."""

    data: bytearray = field(default_factory=bytearray)
    mtime_ns: int | None = None

    def apply(self, op: FileOp) -> None:
        """Do what the file was told."""
        if isinstance(op, Timed):
            self.mtime_ns = op.mtime_ns
            return
        end = op.size if isinstance(op, Cut) else op.offset + len(op.data)
        if len(self.data) < end:
            self.data.extend(bytes(end - len(self.data)))
        if isinstance(op, Cut):
            del self.data[op.size :]
        else:
            self.data[op.offset : end] = op.data

    def copy(self) -> Content:
        """Return another one that holds the same."""
        return Content(bytearray(self.data), self.mtime_ns)


@dataclass(slots=True)
class File:
    """A file: what is certain, and what was told since."""

    now: Content = field(default_factory=Content)
    certain: Content = field(default_factory=Content)
    pending: list[FileOp] = field(default_factory=list)


@dataclass(slots=True)
class Directory:
    """A directory: names that are certain, and what was told since."""

    now: dict[str, int] = field(default_factory=dict)
    certain: dict[str, int] = field(default_factory=dict)
    pending: list[NameOp] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Left:
    """A file of an image."""

    data: bytes | bytearray
    mtime_ns: int | None = None


Image = dict[str, Left | None]
"""What is left, by path: a file, or None for a directory. Directories come before what is in them."""


class Disk:
    """Takes operations; tells what a loss of power would leave. The root is always there."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._nodes: dict[int, File | Directory] = {root: Directory()}
        self.told = 0
        """How many operations were taken that change what ``kept`` returns."""
        self.settled = 0
        """How many were taken that change what ``synced`` returns."""

    @classmethod
    def of(cls, root: Path) -> Disk:
        """Return a disk on which all that is in a directory is certain."""
        disk = cls(root.stat().st_ino)
        for folder, folders, files in os.walk(root):
            parent = Path(folder).stat().st_ino
            for name in (*folders, *files):
                path = Path(folder, name)
                about = path.stat()
                disk.apply(Named(parent, name, about.st_ino, is_directory=path.is_dir()))
                if path.is_file():
                    disk.apply(Wrote(about.st_ino, 0, path.read_bytes()))
                    disk.apply(Timed(about.st_ino, about.st_mtime_ns))
        for number in list(disk._nodes):
            disk.apply(Synced(number))
        return disk

    def apply(self, op: Op) -> None:
        """Take the next operation."""
        if isinstance(op, Mark):
            return
        if isinstance(op, Synced):
            self._sync(self._nodes[op.node])
            return
        self.told += 1
        if isinstance(op, Named | Unnamed | Renamed):
            directory = self._nodes[op.parent]
            assert isinstance(directory, Directory)
            if isinstance(op, Named) and not self._is_known(op):
                self._nodes[op.node] = Directory() if op.is_directory else File()
            _apply_name(directory.now, op)
            directory.pending.append(op)
        else:
            file = self._nodes[op.node]
            assert isinstance(file, File)
            file.now.apply(op)
            file.pending.append(op)

    def kept(self) -> Image:
        """Return what is there if only the processes ended."""
        return self._image(lambda file: file.now, lambda directory: directory.now)

    def synced(self) -> Image:
        """Return what is there if all that is pending is lost."""
        return self._image(lambda file: file.certain, lambda directory: directory.certain)

    def lottery(self, rng: random.Random) -> Image:
        """Return what is there if some of what is pending is lost."""

        def of_file(file: File) -> Content:
            return rng.choice(_FILE_LOSSES)(file, rng) if file.pending else file.certain

        def of_directory(directory: Directory) -> dict[str, int]:
            names = dict(directory.certain)
            for op in rng.choice(_NAME_LOSSES)(directory.pending, rng):
                _apply_name(names, op)
            return names

        return self._image(of_file, of_directory)

    def _is_known(self, op: Named) -> bool:
        """Tell a further name of a file from a new file that got the number of one that is gone."""
        directories = (node for node in self._nodes.values() if isinstance(node, Directory))
        return op.node in self._nodes and any(op.node in directory.now.values() for directory in directories)

    def _sync(self, node: File | Directory) -> None:
        if node.pending:
            self.settled += 1
        if isinstance(node, File):
            for op in node.pending:
                node.certain.apply(op)
        else:
            node.certain = dict(node.now)
        node.pending.clear()

    def _image(self, of_file: Callable[[File], Content], of_directory: Callable[[Directory], dict[str, int]]) -> Image:
        image: Image = {}
        drawn: dict[int, Left] = {}  # a file with two names loses the same under both

        def fill(path: str, directory: Directory) -> None:
            for name, number in of_directory(directory).items():
                node = self._nodes[number]
                if isinstance(node, Directory):
                    image[path + name] = None
                    fill(f"{path}{name}/", node)
                    continue
                if number not in drawn:
                    content = of_file(node)
                    drawn[number] = Left(content.data, content.mtime_ns)
                image[path + name] = drawn[number]

        root = self._nodes[self._root]
        assert isinstance(root, Directory)
        fill("", root)
        return image


def _apply_name(names: dict[str, int], op: NameOp) -> None:
    if isinstance(op, Named):
        names[op.name] = op.node
    elif isinstance(op, Unnamed):
        names.pop(op.name, None)
    elif op.old in names:  # or the file that was to be renamed did not get its first name
        names[op.new] = names.pop(op.old)


# How a file loses: each returns what is left of it.


def _all_lost(file: File, _rng: random.Random) -> Content:
    return file.certain


def _nothing_lost(file: File, _rng: random.Random) -> Content:
    return file.now


def _cut_off(file: File, rng: random.Random) -> Content:
    """In order up to a moment, and the write of that moment up to a sector."""
    left = file.certain.copy()
    moment = rng.randrange(len(file.pending))
    for op in file.pending[:moment]:
        left.apply(op)
    torn = list(_torn(file.pending[moment], rng.choice(SECTORS)))
    for op in torn[: rng.randrange(len(torn) + 1)]:
        left.apply(op)
    return left


def _scattered(file: File, rng: random.Random) -> Content:
    """Any sectors of any writes."""
    left = file.certain.copy()
    size, share = rng.choice(SECTORS), rng.random()
    for op in file.pending:
        for piece in _torn(op, size):
            if rng.random() < share:
                left.apply(piece)
    return left


def _hollow(file: File, _rng: random.Random) -> Content:
    """The length, but none of the bytes: a journal of metadata alone."""
    left = file.certain.copy()
    left.apply(Cut(0, len(file.now.data)))
    return left


_FILE_LOSSES = (_all_lost, _nothing_lost, _cut_off, _scattered, _hollow)


def _torn(op: FileOp, size: int) -> Iterator[FileOp]:
    """Cut a write where sectors begin."""
    if not isinstance(op, Wrote):
        yield op
        return
    start = 0
    while start < len(op.data):
        end = start + size - (op.offset + start) % size
        yield Wrote(op.node, op.offset + start, op.data[start:end])
        start = end


_NAME_LOSSES: tuple[Callable[[Sequence[NameOp], random.Random], Sequence[NameOp]], ...] = (
    lambda pending, rng: (),
    lambda pending, rng: pending,
    lambda pending, rng: pending[: rng.randrange(len(pending) + 1)],
    lambda pending, rng: [op for op in pending if rng.random() < 0.5],
)
"""How a directory loses: each returns which of its pending changes are left; each of those is there wholly or not."""


def build(image: Image, root: Path) -> None:
    """Make an image real in a new directory."""
    root.mkdir()
    linked: dict[int, Path] = {}
    for path, left in image.items():
        place = root / path
        if left is None:
            place.mkdir()
        elif id(left) in linked:
            os.link(linked[id(left)], place)
        else:
            place.write_bytes(left.data)
            if left.mtime_ns is not None:
                os.utime(place, ns=(left.mtime_ns, left.mtime_ns))
            linked[id(left)] = place
