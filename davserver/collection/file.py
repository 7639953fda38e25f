"""File and Directory: handles of the collection filesystem.

Owns: a position, and what the handle may do.
Never: content (``inode``) or names (``filesystem``).
Follows: the seed's ``file``, Arvados ``fs_filehandle.go``: POSIX open modes, short reads at the end of an extent.

Threading: any thread may use a handle; calls on one handle come one after the other.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, NoReturn, Self

from davserver.collection.filenode import FilePointer
from davserver.collection.inode import Inode
from davserver.errors import InvalidOperation, IsADirectory, NotADirectory, ReadOnly, WriteOnly
from davserver.values import Buffer


class FileInfo(NamedTuple):
    """What is known of an entry; the size of a directory is the number of its entries."""

    name: str
    is_directory: bool
    size: int
    mtime_ns: int | None


class Handle:
    """What files and directories have in common: a description, and an end."""

    def __init__(self, describe: Callable[[], FileInfo], release: Callable[[], None]) -> None:
        self._describe = describe
        self._release = release
        self._open = True
        self._lock = threading.Lock()

    def stat(self) -> FileInfo:
        """Describe what the handle is open on."""
        return self._describe()

    def close(self) -> None:
        """Give the handle back; a second time does nothing."""
        with self._lock:
            was_open, self._open = self._open, False
        if was_open:
            self._release()

    def _check_open(self) -> None:
        if not self._open:
            raise InvalidOperation("the handle is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class File(Handle):
    """An open file. It stays usable when the file is removed or replaced: then nobody else sees what it writes."""

    def __init__(
        self,
        inode: Inode,
        describe: Callable[[], FileInfo],
        release: Callable[[], None],
        *,
        readable: bool,
        writable: bool,
        append: bool,
    ) -> None:
        super().__init__(describe, release)
        self._inode = inode
        self._pointer = FilePointer(0)
        self._readable = readable
        self._writable = writable
        self._append = append

    @property
    def size(self) -> int:
        """The file's length in bytes now."""
        return self._inode.node.size

    def read(self, n: int = -1) -> bytes:
        """Read up to ``n`` bytes out of one extent, so short reads are normal; without ``n``, all to the end.

        Returns no bytes only at the end of the file. Raises WriteOnly or BlockError.
        """
        if n < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        with self._lock:
            self._check_open()
            if not self._readable:
                raise WriteOnly("the file was opened for writing only")
            data, self._pointer = self._inode.read(self._pointer, n)
            return data

    def write(self, data: Buffer) -> int:
        """Write all of ``data`` at the position, or at the file's end if opened for appending; the position follows.

        Beyond the end, zeros come first, also before no data at all. Raises ReadOnly, or what storing an earlier full
        block in the background raised.
        """
        with self._lock:
            self._check_writable()
            self._pointer = self._inode.write(None if self._append else self._pointer, data)
            return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position, also beyond the end; raises InvalidOperation for one before the beginning."""
        with self._lock:
            self._check_open()
            base = {io.SEEK_SET: 0, io.SEEK_CUR: self._pointer.offset, io.SEEK_END: self.size}.get(whence)
            if base is None or base + offset < 0:
                raise InvalidOperation(f"cannot seek to {offset} from {whence}")
            if base + offset != self._pointer.offset:
                self._pointer = FilePointer(base + offset)
            return self._pointer.offset

    def tell(self) -> int:
        """Return the position."""
        return self._pointer.offset

    def truncate(self, size: int) -> None:
        """Cut the file, or let it grow by zeros that take no room; the position stays. Raises ReadOnly."""
        with self._lock:
            self._check_writable()
            self._inode.truncate(size)

    def readdir(self, *_: object, **__: object) -> NoReturn:
        """Refuse: a file has no entries."""
        raise NotADirectory("not a directory")

    def _check_writable(self) -> None:
        self._check_open()
        if not self._writable:
            raise ReadOnly("the file was opened for reading only")


class Directory(Handle):
    """An open directory. The first page of ``readdir`` fixes what the later pages go on with."""

    def __init__(self, describe: Callable[[], FileInfo], listing: Callable[[], list[FileInfo]]) -> None:
        super().__init__(describe, lambda: None)
        self._listing = listing
        self._left: list[FileInfo] | None = None

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.stat().size

    def readdir(self, count: int = 0) -> list[FileInfo]:
        """Return all entries that are left, or with a positive ``count`` at most so many, then EOFError."""
        with self._lock:
            self._check_open()
            left = self._listing() if self._left is None else self._left
            if count > 0 and not left:
                self._left = left
                raise EOFError
            cut = count if count > 0 else len(left)
            self._left = left[cut:]
            return left[:cut]

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise IsADirectory("is a directory")

    read = write = seek = truncate = _refuse
