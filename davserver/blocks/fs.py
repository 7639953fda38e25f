"""The system calls a directory of blocks needs, as an argument.

Owns: the Protocol that disk code is written against, and its real implementation.
Never: policy; one method is one system call (or its portable equivalent), and raises OSError as it comes.
Why: crash tests record the calls and lose what was not synced; fault tests fail each one in turn.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from pathlib import Path
from typing import Protocol


class Fs(Protocol):
    """A file system; descriptors are plain ints, as ``sendfile`` wants them."""

    def make_directory(self, path: Path) -> None:
        """Make a directory; FileExistsError if something is there."""

    def names(self, path: Path) -> list[str]:
        """List a directory, in no order."""

    def create(self, path: Path) -> int:
        """Open a new file for writing; FileExistsError if something is there."""

    def open_for_reading(self, path: Path) -> int:
        """Open a file for reading."""

    def open_for_locking(self, path: Path) -> int:
        """Open a file for reading and for ``lock``."""

    def open_table(self, path: Path) -> int:
        """Open a file, made if need be, for reading and for ``write_at``; OSError if the name is a link."""

    def open_made_table(self, path: Path) -> int:
        """Open such a file for reading; OSError if the name is a link or not there."""

    def close(self, fd: int) -> None:
        """Close a descriptor, and give up its lock."""

    def write(self, fd: int, data: memoryview) -> int:
        """Write at the descriptor's position; returns how many bytes were taken."""

    def bypass_cache(self, fd: int) -> None:
        """From now on ``write`` goes past the page cache, and takes whole sectors only; OSError if it cannot."""

    def use_cache(self, fd: int) -> None:
        """From now on ``write`` goes through the page cache again."""

    def write_at(self, fd: int, data: bytes, offset: int) -> int:
        """Write at an offset; returns how many bytes were taken."""

    def read(self, fd: int, length: int, offset: int) -> bytes:
        """Read at an offset; at most ``length`` bytes."""

    def read_into(self, fd: int, buffer: memoryview, offset: int) -> int:
        """Read into a buffer, as ``read``; returns how many bytes came, 0 at the end."""

    def status(self, fd: int) -> os.stat_result:
        """Describe an open file."""

    def status_of(self, path: Path) -> os.stat_result:
        """Describe a named file."""

    def set_mtime(self, fd: int, mtime_ns: int) -> None:
        """Set the access and modification time."""

    def set_mode(self, path: Path, mode: int) -> None:
        """Set who may read and write a named file."""

    def forget(self, fd: int) -> None:
        """Let go of what memory holds of a file, so that the next read asks the medium; a hint."""

    def lock(self, fd: int) -> None:
        """Wait for the file's exclusive lock; ``close`` gives it up."""

    def sync(self, fd: int) -> None:
        """Sync a file: on return the file's bytes and size are on the medium."""

    def sync_directory(self, path: Path) -> None:
        """Sync a directory: on return its entries are on the medium."""

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; FileExistsError if the name is taken."""

    def rename(self, source: Path, target: Path) -> None:
        """Rename, replacing what is there."""

    def unlink(self, path: Path) -> None:
        """Remove a name."""

    def free_bytes(self, path: Path) -> int:
        """Return how many bytes a user without privileges can still store beside this path."""


class RealFs:
    """The operating system's file system."""

    def make_directory(self, path: Path) -> None:
        """Call mkdir; the mode is Keep's."""
        path.mkdir(mode=0o755)

    def names(self, path: Path) -> list[str]:
        """Call scandir."""
        with os.scandir(path) as entries:
            return [entry.name for entry in entries]

    def create(self, path: Path) -> int:
        """Call open with O_EXCL."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def open_for_reading(self, path: Path) -> int:
        """Call open, read-only."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def open_for_locking(self, path: Path) -> int:
        """Call open for reading and writing."""
        # Linux turns flock on NFS into a byte-range lock, and an exclusive one needs a writable descriptor.
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def open_table(self, path: Path) -> int:
        """Call open for reading and writing; without waiting, whatever lies there."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(path, flags, 0o600)

    def open_made_table(self, path: Path) -> int:
        """Call open for reading; without waiting, whatever lies there."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)

    def close(self, fd: int) -> None:
        """Call close."""
        os.close(fd)

    def write(self, fd: int, data: memoryview) -> int:
        """Call write."""
        return os.write(fd, data)

    def bypass_cache(self, fd: int) -> None:
        """Set O_DIRECT, which not every system has."""
        flag = getattr(os, "O_DIRECT", 0)
        if not flag:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        fcntl.fcntl(fd, fcntl.F_SETFL, flag)

    def use_cache(self, fd: int) -> None:
        """Take O_DIRECT back."""
        fcntl.fcntl(fd, fcntl.F_SETFL, 0)

    def write_at(self, fd: int, data: bytes, offset: int) -> int:
        """Call pwrite."""
        return os.pwrite(fd, data, offset)

    def read(self, fd: int, length: int, offset: int) -> bytes:
        """Call pread."""
        return os.pread(fd, length, offset)

    def read_into(self, fd: int, buffer: memoryview, offset: int) -> int:
        """Call preadv."""
        return os.preadv(fd, [buffer], offset)

    def status(self, fd: int) -> os.stat_result:
        """Call fstat."""
        return os.fstat(fd)

    def status_of(self, path: Path) -> os.stat_result:
        """Call stat."""
        return path.stat()

    def set_mtime(self, fd: int, mtime_ns: int) -> None:
        """Call futimens."""
        os.utime(fd, ns=(mtime_ns, mtime_ns))

    def set_mode(self, path: Path, mode: int) -> None:
        """Call chmod."""
        path.chmod(mode)

    def forget(self, fd: int) -> None:
        """Call posix_fadvise, where there is one."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def lock(self, fd: int) -> None:
        """Call flock."""
        fcntl.flock(fd, fcntl.LOCK_EX)

    def sync(self, fd: int) -> None:
        """Call fsync, or what comes nearest to it."""
        if sys.platform == "darwin":
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)  # there, fsync leaves the bytes in the drive's cache
        else:
            os.fsync(fd)

    def sync_directory(self, path: Path) -> None:
        """Call open, fsync, close."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.sync(fd)
        finally:
            os.close(fd)

    def link(self, source: Path, target: Path) -> None:
        """Call link."""
        os.link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        """Call rename."""
        source.rename(target)

    def unlink(self, path: Path) -> None:
        """Call unlink."""
        path.unlink()

    def free_bytes(self, path: Path) -> int:
        """Ask the file system."""
        about = os.statvfs(path)
        return about.f_bavail * about.f_frsize


def ensure_directory(path: Path, fs: Fs) -> None:
    """Make a directory and those above it, each synced into the one above before it is used."""
    if path.is_dir():
        return
    parent = path.absolute().parent
    ensure_directory(parent, fs)
    try:
        fs.make_directory(path)
    except FileExistsError:
        if not path.is_dir():
            raise
    fs.sync_directory(parent)
