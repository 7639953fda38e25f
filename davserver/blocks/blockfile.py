"""One open file that holds a block.

Owns: reading, hashing and comparing a block through one descriptor, in slices of a MiB.
Never: names; the file may have been renamed or removed since it was opened.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from operator import attrgetter
from types import TracebackType
from typing import NamedTuple

from davserver.blocks.failures import domain_error
from davserver.blocks.fs import Fs
from davserver.errors import BlockCorrupt, DavserverError
from davserver.values import Locator

SLICE_BYTES = 1 << 20
COMPARED_BYTES = 1 << 18
"""So little stays in the processor's cache between being read and being compared."""

Pace = Callable[[int], None]
"""Told of each slice that was read, with its length; may wait, so that reading leaves the disk to others."""


def at_once(_count: int) -> None:
    """Do not wait."""


_STATE = attrgetter("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
"""The fields of an Identity."""


class Identity(NamedTuple):
    """What changes whenever a file's bytes do; also by a touch, a rename and a new link (by ctime)."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """Take it from what the file system says of the file."""
        return cls(*_STATE(status))


class BlockFile:
    """A descriptor and the block it should hold; a context manager that closes it."""

    __slots__ = ("_fs", "fd", "locator")

    def __init__(self, fs: Fs, fd: int, locator: Locator) -> None:
        self._fs = fs
        self.fd = fd
        self.locator = locator

    def identity(self) -> Identity:
        """Describe the file as it is now."""
        try:
            return Identity.of(self._fs.status(self.fd))
        except OSError as error:
            raise self._failed(error) from error

    def is_still(self, known: Identity | None) -> bool:
        """Tell whether the file is now as it was described; each read asks, and needs no other description."""
        try:
            return bool(_STATE(self._fs.status(self.fd)) == known)
        except OSError as error:
            raise self._failed(error) from error

    def check_size(self) -> Identity:
        """Raise BlockCorrupt if the file has not the block's size; returns its identity."""
        identity = self.identity()
        if identity.size != self.locator.size:
            raise BlockCorrupt(str(self.locator), f"its file has {identity.size} bytes")
        return identity

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes; raises BlockCorrupt if the file ends before."""
        try:
            data = self._fs.read(self.fd, length, offset)
            while len(data) < length:  # one call may give less, without being at the end
                more = self._fs.read(self.fd, length - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise self._failed(error) from error
        if len(data) < length:
            raise BlockCorrupt(str(self.locator), f"its file ends at byte {offset + len(data)}")
        return data

    def check_hash(self, pace: Pace = at_once) -> None:
        """Read the whole file; raises BlockCorrupt if it does not have the block's hash and size."""
        try:
            md5, size = self._digest(pace)
        except OSError as error:
            raise self._failed(error) from error
        if size != self.locator.size:
            raise BlockCorrupt(str(self.locator), f"its file has {size} bytes")
        if md5 != self.locator.md5:
            raise BlockCorrupt(str(self.locator), f"its bytes have the hash {md5}")

    def is_damaged(self) -> bool:
        """Tell whether the file's bytes, whatever their number, lack the hash in the locator, or cannot be read.

        The caller translates errors.
        """
        try:
            return self.md5() != self.locator.md5
        except OSError as error:
            if error.errno == errno.EIO:
                return True
            raise

    def md5(self) -> str:
        """Return the hash of the file's bytes, whatever their number; the caller translates errors."""
        return self._digest(at_once)[0]

    def holds(self, data: memoryview) -> bool | None:
        """Tell whether the file's bytes are these; None where the medium cannot be read.

        The caller translates errors. What is read is compared as a bytearray: that takes a third of the time of a
        copy of both sides, and a comparison of two memoryviews goes item by item.
        """
        try:
            if self._fs.status(self.fd).st_size != len(data):
                return False
            scratch = bytearray(min(COMPARED_BYTES, len(data)))
            position = 0
            while position < len(data):
                count = self._fs.read_into(self.fd, memoryview(scratch)[: len(data) - position], position)
                read = scratch if count == len(scratch) else scratch[:count]
                if not count or read != data[position : position + count]:
                    return False
                position += count
        except OSError as error:
            if error.errno == errno.EIO:
                return None
            raise
        return True

    def _failed(self, error: OSError) -> DavserverError:
        return domain_error(error, f"block {self.locator}")

    def _digest(self, pace: Pace) -> tuple[str, int]:
        digest = hashlib.md5(usedforsecurity=False)
        buffer = memoryview(bytearray(min(SLICE_BYTES, max(self.locator.size, 1))))
        size = 0
        while count := self._fs.read_into(self.fd, buffer, size):
            digest.update(buffer[:count])
            size += count
            pace(count)
        return digest.hexdigest(), size

    def close(self) -> None:
        """Close the descriptor, which is given up even if that fails."""
        try:
            self._fs.close(self.fd)
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> BlockFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
