"""What a disk may hold after a crash: a recorder of file system calls, and the states their prefixes allow.

The model is POSIX without mercy: a file's bytes are certain only after an fsync of the file, a directory's entry only
after an fsync of the directory; everything else may or may not have reached the disk, in any combination.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from davserver.blocks.fs import RealFs

# What may have become of bytes that were written and not synced.
DAMAGES = {
    "kept": lambda data: data,
    "lost": lambda data: b"",
    "zeros": lambda data: bytes(len(data)),
    "half": lambda data: data[: len(data) // 2],
}


@dataclass(frozen=True)
class Entry:
    """One change of a directory: names taken away, names given (to a file's number, or None for a directory)."""

    directory: Path
    gone: tuple[str, ...] = ()
    given: tuple[tuple[str, int | None], ...] = ()


@dataclass(frozen=True)
class Wrote:
    file: int
    data: bytes


@dataclass(frozen=True)
class SyncedFile:
    file: int


@dataclass(frozen=True)
class SyncedDirectory:
    directory: Path


class RecordingFs(RealFs):
    """The real file system, with a record of what it was told; ``forgets`` names syncs that it does not do."""

    def __init__(self, root: Path, forgets: str = "") -> None:
        self.root = root
        self.record: list[Entry | Wrote | SyncedFile | SyncedDirectory] = []
        self._forgets = forgets

    def file_number(self, path: Path) -> int:
        return path.stat().st_ino

    def make_directory(self, path):
        super().make_directory(path)
        self.record.append(Entry(path.parent, given=((path.name, None),)))

    def create(self, path):
        fd = super().create(path)
        self.record.append(Entry(path.parent, given=((path.name, self.file_number(path)),)))
        return fd

    def write(self, fd, data):
        count = super().write(fd, data[: max(len(data) // 2, 1)])  # a short write each time
        self.record.append(Wrote(self.status(fd).st_ino, bytes(data[:count])))
        return count

    def sync_file_at(self, path):
        self.record.append(SyncedFile(self.file_number(path)))

    def sync(self, fd):
        if self._forgets != "file":
            self.record.append(SyncedFile(self.status(fd).st_ino))

    def sync_directory(self, path):
        kind = "root" if path == self.root else "directory"
        if self._forgets != kind:
            self.record.append(SyncedDirectory(path))

    def link(self, source, target):
        super().link(source, target)
        self.record.append(Entry(target.parent, given=((target.name, self.file_number(target)),)))

    def rename(self, source, target):
        number = self.file_number(source)
        super().rename(source, target)
        self.record.append(Entry(source.parent, gone=(source.name,), given=((target.name, number),)))

    def unlink(self, path):
        super().unlink(path)
        self.record.append(Entry(path.parent, gone=(path.name,)))


State = dict[Path, bytes | None]
"""Paths after a crash: a file's bytes, None for a directory."""


def states_after(record: list, steps: int, root: Path) -> Iterator[State]:
    """Yield every state that a crash after ``steps`` recorded calls may leave below ``root``."""
    done = record[:steps]
    certain, open_ended = [], []
    for position, step in enumerate(done):
        if isinstance(step, Entry):
            synced = SyncedDirectory(step.directory) in done[position:]
            (certain if synced else open_ended).append(position)
    for count in range(len(open_ended) + 1):
        for lucky in combinations(open_ended, count):
            entries = [done[position] for position in sorted([*certain, *lucky])]
            for damage in DAMAGES.values():
                yield _tree(entries, _contents(done, damage), root)


def _contents(done: list, damage) -> dict[int, bytes]:
    written: dict[int, bytes] = {}
    synced: dict[int, bytes] = {}
    for step in done:
        if isinstance(step, Wrote):
            written[step.file] = written.get(step.file, b"") + step.data
        elif isinstance(step, SyncedFile):
            synced[step.file] = written.get(step.file, b"")
    return {number: data if synced.get(number) == data else damage(data) for number, data in written.items()}


def _tree(entries: Iterable[Entry], contents: dict[int, bytes], root: Path) -> State:
    state: State = {root: None}
    for entry in entries:
        if entry.directory not in state:
            continue
        for name in entry.gone:
            state.pop(entry.directory / name, None)
        for name, number in entry.given:
            state[entry.directory / name] = None if number is None else contents.get(number, b"")
    return state


def build(state: State, root: Path, copy: Path) -> None:
    """Make a state of ``root`` real at another place."""
    for path, data in sorted(state.items()):
        place = copy / path.relative_to(root)
        if data is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.write_bytes(data)
