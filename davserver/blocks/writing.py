"""The bytes of a new file, on their way to the disk: large ones past the page cache.

Owns: which bytes go past the cache, and how.
Never: syncs, or gives a name: ``placement`` does both, and in the same order whichever way the bytes went.
Why past the cache: each page of it has to be found, perhaps by giving up one that is read more often, filled by a copy
and written out later. For a gigabyte of new bytes that is more work than their hash. A disk takes them from the
memory where they are, if that begins at a page. The price: whoever reads them first, reads from the disk.

Which file systems can do it, and in units of what, is found out by trying: those that cannot (or only larger sectors,
or not for this file) say so at once, and the bytes go the usual way. Nothing is remembered; asking costs microseconds.
"""

from __future__ import annotations

import ctypes
import errno
import mmap

from davserver.blocks.fs import Fs

DIRECT_BYTES = 16 << 20
"""Files whose blocks are smaller, documents and pictures, are often read soon after they were stored."""
_SECTOR_BYTES = 4096
"""What disks write at once; some can do with less."""
_REFUSALS = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})


def write_whole(fs: Fs, fd: int, data: memoryview) -> None:
    """Write all bytes to a file that was just created. OSErrors leave as they come. Nobody may change the bytes."""
    written = _write_directly(fs, fd, data) if is_for_the_disk(data) else 0
    while written < len(data):
        written += _write_some(fs, fd, data[written:])


def is_for_the_disk(data: memoryview) -> bool:
    """Tell whether bytes are many, and begin at a page: those of an upload do (``live.filling``).

    Packs of small files do not. They are read piece by piece, and soon, so they belong into the cache.
    """
    if len(data) < DIRECT_BYTES or data.readonly:
        return False
    return ctypes.addressof(ctypes.c_char.from_buffer(data)) % mmap.PAGESIZE == 0


def _write_directly(fs: Fs, fd: int, data: memoryview) -> int:
    """Write whole sectors past the page cache, as far as that is not refused; returns how many bytes that were."""
    whole = len(data) - len(data) % _SECTOR_BYTES
    written = 0
    try:
        fs.bypass_cache(fd)
        while written < whole:
            written += _write_some(fs, fd, data[written:whole])
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
    fs.use_cache(fd)
    return written


def _write_some(fs: Fs, fd: int, data: memoryview) -> int:
    count = fs.write(fd, data)
    if not count:
        raise OSError(errno.EIO, "a write took no byte")
    return count
