"""What a file system was told, in order: operations as values, and the file they are kept in.

Files and directories are numbers (inodes of the directory behind the mount), so that a name and what it names are
two things, as they are on a disk.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Named:
    """A directory got a name: of a new file or directory, or a further one of a file."""

    parent: int
    name: str
    node: int
    is_directory: bool = False


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A directory lost a name."""

    parent: int
    name: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """A name of a directory became another one of it, in place of what had that."""

    parent: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """Bytes were written into a file."""

    node: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A file was given a length."""

    node: int
    size: int


@dataclass(frozen=True, slots=True)
class Timed:
    """A file was given a modification time."""

    node: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Synced:
    """An fsync of a file or a directory ended."""

    node: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody who watches wrote this down; the file system was told nothing."""

    text: str


Op = Named | Unnamed | Renamed | Wrote | Cut | Timed | Synced | Mark


class LogWriter:
    """Appends operations to a file. One thread."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, op: Op) -> None:
        """Append one operation."""
        pickle.dump(op, self._file)


def read_log(path: Path) -> Iterator[Op]:
    """Iterate over the operations of a log that was closed."""
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)
