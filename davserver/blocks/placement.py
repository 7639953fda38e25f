"""Putting whole files into a directory so that a crash leaves each of them whole or not at all.

Owns: the order of write, fsync, link, fsync of the directory; and the memory of a failed fsync.
Never: hashes or verbs of a store.
Invariants: a name is given only to bytes that are synced; a call returns only when the name is synced too.

What POSIX does not promise: that a rename or link survives a crash without an fsync of the directory, that a new
directory does without an fsync of its parent, and that an fsync can be tried again: after an error the kernel may drop
the unwritten pages and call the next fsync a success. So after a failed fsync nothing is written any more until the
store is opened anew, by which time somebody has looked at the disk.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

from davserver.blocks import layout
from davserver.blocks.blockfile import Identity
from davserver.blocks.failures import FULL, NO_HARD_LINKS
from davserver.blocks.fs import Fs
from davserver.blocks.writing import write_whole
from davserver.errors import StoreUnavailable

_NEVER_BEGAN = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOENT, errno.EACCES, errno.ENOTDIR})
"""Errors of opening a directory, not of syncing it: nothing was asked of the disk, and it can be tried again."""


class Placement:
    """Places files below one root. OSErrors leave as they come. Threads: safe."""

    def __init__(self, root: Path, fs: Fs) -> None:
        self._root = root
        self._fs = fs
        self._identity = self._look()
        self._durable = {name for name in fs.names(root) if layout.is_directory(name)}
        self._failure = ""
        fs.sync_directory(root)  # whoever made these directories may not have done it

    def refuse_after_failure(self) -> None:
        """Raise StoreUnavailable if an fsync has failed since the store was opened."""
        if self._failure:
            raise StoreUnavailable(
                f"the block store takes no writes since an fsync failed: {self._failure}",
                hint="look at the kernel's log and the disk, run davserver fsck, then start again",
            )

    def refuse_elsewhere(self) -> None:
        """Raise StoreUnavailable if the root is another directory than when the store was opened.

        Where a disk was unmounted, an empty directory is in its place: blocks put there would be gone with the next
        mount, and every block would seem missing.
        """
        if self._look() != self._identity:
            raise StoreUnavailable(
                f"block directory {self._root}: it is not the one that was there when the store was opened",
                hint="is the disk with the blocks mounted? If this one is meant, start again",
            )

    def write(self, temporary: Path, data: memoryview, mtime_ns: int) -> Identity:
        """Write a new synced file, to be published, replaced or discarded by the caller; an error leaves no file.

        Returns the file as it was when all was written.

        Its directory is made if need be, unless it is the root.
        """
        self.refuse_elsewhere()
        if temporary.parent != self._root:
            self._ensure_directory(temporary.parent)
        try:
            fd = self._fs.create(temporary)
        except FileNotFoundError:
            self._durable.discard(temporary.parent.name)  # somebody removed the directory: make it again next time
            raise
        try:
            try:
                write_whole(self._fs, fd, data)
                self._fs.set_mtime(fd, mtime_ns)
                self._sync_new(fd)
                return Identity.of(self._fs.status(fd))
            finally:
                self._fs.close(fd)
        except BaseException:
            self.discard(temporary)
            raise

    def publish(self, source: Path, final: Path) -> bool:
        """Move a synced file to its name; False, and nothing changed, if the name is taken.

        A link, as a rename would silently replace what another writer placed since the caller looked.
        """
        try:
            self._link(source, final)
        except FileExistsError:
            return False
        self.discard(source)
        self.sync_directory(final.parent)
        return True

    def replace(self, temporary: Path, final: Path) -> None:
        """Put a synced file in the place of another; the caller holds the lock of the other."""
        self._fs.rename(temporary, final)
        self.sync_directory(final.parent)

    def discard(self, temporary: Path) -> None:
        """Remove a temporary name if that is possible; what stays is swept with the trash a day later."""
        with suppress(OSError):
            self._fs.unlink(temporary)

    def sync_file(self, fd: int) -> None:
        """Sync a file that has a name; an error is remembered, as a second try would be called a success."""
        try:
            self._fs.sync(fd)
        except OSError as error:
            self._failure = str(error)
            raise

    def sync_directory(self, path: Path) -> None:
        """Sync a directory's entries; an error is remembered, as nobody can tell any more which of them last."""
        try:
            self._fs.sync_directory(path)
        except OSError as error:
            if error.errno not in _NEVER_BEGAN:
                self._failure = str(error)
            raise

    def _sync_new(self, fd: int) -> None:
        """Sync a file that has no name yet. A full disk is only that: the file is thrown away."""
        try:
            self._fs.sync(fd)
        except OSError as error:
            if error.errno not in FULL:
                self._failure = str(error)
            raise

    def _look(self) -> tuple[int, int]:
        status = self._fs.status_of(self._root)
        return status.st_dev, status.st_ino

    def _ensure_directory(self, path: Path) -> None:
        if path.name in self._durable:
            return
        with suppress(FileExistsError):
            self._fs.make_directory(path)
        self.sync_directory(self._root)
        self._durable.add(path.name)

    def _link(self, temporary: Path, final: Path) -> None:
        try:
            self._fs.link(temporary, final)
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            # vfat and some network file systems have no hard links; two writers of one hash then write equal bytes,
            # and only a collision within the same moment would go unnoticed.
            self._fs.rename(temporary, final)
