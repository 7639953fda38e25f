"""A file system (FUSE) that passes all it is told on to a directory, and writes it down in order.

    python -m tests.support.crash.recorder DIRECTORY LOG MOUNT      serves until it is unmounted

One thread serves all requests, so the order of the log is the order in which they took effect: what was logged before a
reply was sent, happened before whatever the reply caused. The kernel's write-back cache is off: when a ``write``
returns, it is in the log.

Not in the log: reads, locks (the kernel's own), permissions, and SQLite's ``-shm`` files, which are memory that
processes share; SQLite makes them anew after a crash, whatever they hold then.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path, PurePath

import mfusepy

from tests.support.crash.oplog import Cut, LogWriter, Mark, Named, Op, Renamed, Synced, Timed, Unnamed, Wrote

MARKS = ".marks"
"""What is written to this file at the root, which no directory lists, becomes marks in the log."""

_SHARED_MEMORY = "-shm"
_STAT = ("st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks", "st_blksize")
_MARKS_FD = (1 << 31) - 1


class Recorder(mfusepy.Operations):
    """The operations. OSErrors of the directory behind go back to the caller, and nothing is logged then."""

    use_ns = True

    def __init__(self, root: Path, log: LogWriter) -> None:
        self._root = root
        self._log = log

    # Names

    def create(self, path: str, mode: int, flags: int) -> int:
        """Make and open a file; an existing one is opened and, if so asked, emptied."""
        fd = os.open(self._at(path), (flags & ~os.O_APPEND) | os.O_CREAT, mode)
        self._named(path, os.fstat(fd).st_ino)
        return fd

    def mkdir(self, path: str, mode: int) -> int:
        """Make a directory."""
        self._at(path).mkdir(mode)
        self._named(path, self._inode(path), is_directory=True)
        return 0

    def link(self, target: str, source: str) -> int:
        """Give a file a second name."""
        self._at(target).hardlink_to(self._at(source))
        self._named(target, self._inode(target))
        return 0

    def unlink(self, path: str) -> int:
        """Take a name away."""
        self._at(path).unlink()
        self._unnamed(path)
        return 0

    def rmdir(self, path: str) -> int:
        """Remove an empty directory."""
        self._at(path).rmdir()
        self._unnamed(path)
        return 0

    def rename(self, old: str, new: str) -> int:
        """Rename within a directory: davserver and SQLite do nothing else, the model of a disk knows nothing else."""
        if PurePath(old).parent != PurePath(new).parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        self._at(old).rename(self._at(new))
        self._log_named(Renamed(self._parent(old), PurePath(old).name, PurePath(new).name), new)
        return 0

    # Bytes

    def open(self, path: str, flags: int) -> int:
        """Open a file, and empty it if so asked."""
        if path == f"/{MARKS}":
            return _MARKS_FD
        fd = os.open(self._at(path), flags & ~os.O_APPEND)  # the kernel says where to write
        if flags & os.O_TRUNC:
            self._log_named(Cut(os.fstat(fd).st_ino, 0), path)
        return fd

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        """Write all of it."""
        if fh == _MARKS_FD:
            self._log.add(Mark(data.decode()))
            return len(data)
        if os.pwrite(fh, data, offset) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._log_named(Wrote(os.fstat(fh).st_ino, offset, data), path)
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        """Give a file a length."""
        if fh == _MARKS_FD:
            return 0
        os.truncate(self._at(path) if fh is None else fh, length)
        self._log_named(Cut(self._inode(path), length), path)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        """Set the times."""
        os.utime(self._at(path), ns=times)
        self._log_named(Timed(self._inode(path), self._at(path).stat().st_mtime_ns), path)
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """Read."""
        return os.pread(fh, size, offset)

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        """Note that a file is synced; the directory behind need not be."""
        self._log_named(Synced(os.fstat(fh).st_ino), path)
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        """Note that a directory is synced."""
        self._log.add(Synced(self._inode(path)))
        return 0

    def release(self, path: str, fh: int) -> int:
        """Close."""
        if fh != _MARKS_FD:
            os.close(fh)
        return 0

    # The rest

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        """Describe a file, an open one also when its name is gone."""
        if path == f"/{MARKS}":
            return {"st_mode": stat.S_IFREG | 0o600, "st_size": 0, "st_nlink": 1}
        about = self._at(path).lstat() if fh is None else os.fstat(fh)
        times = {name: getattr(about, f"{name}_ns") for name in ("st_atime", "st_mtime", "st_ctime")}
        return {name: getattr(about, name) for name in _STAT} | times

    def readdir(self, path: str, fh: int) -> list[str]:
        """List a directory."""
        return [".", "..", *(below.name for below in self._at(path).iterdir())]

    def chmod(self, path: str, mode: int) -> int:
        """Pass it on."""
        self._at(path).chmod(mode)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        """Describe the file system behind."""
        about = os.statvfs(self._at(path))
        names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_files", "f_ffree", "f_frsize", "f_namemax")
        return {name: getattr(about, name) for name in names}

    def _at(self, path: str) -> Path:
        return self._root / path[1:]

    def _inode(self, path: str) -> int:
        return self._at(path).lstat().st_ino

    def _parent(self, path: str) -> int:
        return self._at(path).parent.stat().st_ino

    def _named(self, path: str, node: int, *, is_directory: bool = False) -> None:
        self._log_named(Named(self._parent(path), PurePath(path).name, node, is_directory), path)

    def _unnamed(self, path: str) -> None:
        self._log_named(Unnamed(self._parent(path), PurePath(path).name), path)

    def _log_named(self, op: Op, path: str) -> None:
        if not path.endswith(_SHARED_MEMORY):
            self._log.add(op)


def main(directory: str, log: str, mount: str) -> None:
    """Serve until unmounted."""
    os.umask(0)
    with Path(log).open("wb") as file:
        serve(Recorder(Path(directory), LogWriter(file)), mount)


def serve(recorder: Recorder, mount: str) -> None:
    """Serve a recorder at a mount point."""
    mfusepy.FUSE(
        recorder,
        mount,
        foreground=True,
        nothreads=True,
        use_ino=True,  # davserver tells by the inode whether a name still means the file it opened
        hard_remove=True,  # or a file that is removed while it is open would get a name instead of losing one
        attr_timeout=0,
        entry_timeout=0,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
