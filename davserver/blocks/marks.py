"""Marks: which block files were found right, for every process that serves them and for the next one.

Owns: a file beside the blocks, a table of fixed shape: ``BUCKETS`` buckets, chosen by MD5, of ``PLACES`` places of 32
bytes: the MD5, and a digest of the block's size and of its file as it was when its bytes were found right. What was
never written is a hole, so the file takes a page of the disk for each bucket or so that has a mark.
Never: counts for more than the file it tells of: a write, a touch, a rename, a restored backup make another inode or
ctime, and the mark is of no worth. Never synced either, nor repaired: a mark that is lost costs one verification.
Invariants: a mark is written after the bytes were found right, and says of which state of which file. A torn or damaged
place is no digest of anything, so it is no mark; nor is anything else that lies under the name.
Why no lock: a place is written by one call, readers compare all of it, and of two writers either may win.

When a state says enough: a change within one tick of the file system's clock may leave the ctime as it was. So either
the file had not changed for two ticks when its bytes were read (``handles``), or its mtime had been set to a time of
our own clock before (``disk``), which differs from the kernel's in the nanoseconds: whoever writes to the file then
leaves another mtime, unless he forges it within that same tick.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from davserver.blocks.blockfile import Identity
from davserver.blocks.fs import Fs
from davserver.values import Locator

BUCKETS = 1 << 16
PLACES = 8
LEAST_BYTES = 1 << 18
"""A smaller block is hashed in a third of a millisecond, and mostly served from memory."""

_PLACE_BYTES = 32
_BUCKET_BYTES = PLACES * _PLACE_BYTES
_EMPTY = bytes(_PLACE_BYTES)


class Marks(Protocol):
    """Remembers block files that were found right. Threads and processes: any. Raises nothing."""

    def note(self, locator: Locator, identity: Identity) -> None:
        """Remember that a file in this state has the block's bytes."""

    def holds(self, locator: Locator, identity: Identity) -> bool:
        """Tell whether a file in this state was found to have the block's bytes."""

    def close(self) -> None:
        """Let go of the table."""


class NoMarks:
    """Remembers nothing: each process verifies for itself."""

    def note(self, locator: Locator, identity: Identity) -> None:
        """Do nothing."""

    def holds(self, locator: Locator, identity: Identity) -> bool:  # noqa: ARG002  # a Protocol's
        """Say no."""
        return False

    def close(self) -> None:
        """Do nothing."""


class MarkTable:
    """The marks in one file, made when the first is written.

    Where the file cannot be opened, read or written (a store that may only be read, a full disk), there are no marks:
    the only loss is time, and a disk that fails tells so when the blocks themselves are read.
    """

    def __init__(self, path: Path, fs: Fs) -> None:
        self._path = path
        self._fs = fs
        self._opening = threading.Lock()
        self._fd: int | None = None

    def note(self, locator: Locator, identity: Identity) -> None:
        """Write a mark: in place of the block's last one, else where there is room, else of any other."""
        if locator.size < LEAST_BYTES:
            return
        place = _place_of(locator, identity)
        start = _bucket_of(locator)
        with suppress(OSError):
            fd = self._fs.open_table(self._path)  # not kept: a disk with a file that is open for writing stays writable
            try:
                bucket = self._fs.read(fd, _BUCKET_BYTES, start).ljust(_BUCKET_BYTES, b"\0")
                self._fs.write_at(fd, place, start + _PLACE_BYTES * _choose(bucket, place))
            finally:
                self._fs.close(fd)

    def holds(self, locator: Locator, identity: Identity) -> bool:
        """Look for the mark; one call."""
        if locator.size < LEAST_BYTES:
            return False
        with suppress(OSError):
            return _place_of(locator, identity) in _places(
                self._fs.read(self._open(), _BUCKET_BYTES, _bucket_of(locator))
            )
        return False

    def close(self) -> None:
        """Close the file."""
        fd, self._fd = self._fd, None
        if fd is not None:
            self._fs.close(fd)

    def _open(self) -> int:
        with self._opening:
            if self._fd is None:
                self._fd = self._fs.open_made_table(self._path)
            return self._fd


def _bucket_of(locator: Locator) -> int:
    return int(locator.md5[:8], 16) % BUCKETS * _BUCKET_BYTES


def _place_of(locator: Locator, identity: Identity) -> bytes:
    """Write a mark. The device is left out: it may have another number after the next boot."""
    state = (locator.size, identity.inode, identity.size, identity.mtime_ns, identity.ctime_ns)
    name = bytes.fromhex(locator.md5)
    return name + blake2b(name + repr(state).encode(), digest_size=16, person=b"davserver mark 1").digest()


def _places(bucket: bytes) -> list[bytes]:
    return [bucket[start : start + _PLACE_BYTES] for start in range(0, len(bucket), _PLACE_BYTES)]


def _choose(bucket: bytes, place: bytes) -> int:
    """Return the number of the place that a mark takes; of a full bucket one that follows from the mark."""
    places = _places(bucket)
    for number, other in enumerate(places):
        if other[:16] == place[:16]:
            return number
    return places.index(_EMPTY) if _EMPTY in places else place[-1] % PLACES
