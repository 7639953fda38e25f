"""Blocks as files in a directory.

Owns: the verbs of a store on Keep's directory volume (see ``layout``), and the lock that touch, put and trash share.
Never: verifies what it serves (VerifiedStore does), except against the block's size.
Follows: arvados services/keepstore/unix_volume.go; stronger: syncs files and directories, and compares duplicates.
Invariants: a block file is never written to once it has its name; its mtime is changed, and it is moved to the trash,
only under an exclusive flock of the file, by whoever has made sure that the name still means this file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from davserver.blocks import layout
from davserver.blocks.address import check_slice, locator_of
from davserver.blocks.blockfile import BlockFile, Identity, Pace, at_once
from davserver.blocks.claims import DirectoryClaims
from davserver.blocks.failures import translated
from davserver.blocks.fs import Fs
from davserver.blocks.marks import Marks, NoMarks
from davserver.blocks.placement import Placement
from davserver.blocks.rescue import DirectoryRescue, Rescue
from davserver.blocks.store import StoredBlock, TrashedBlock
from davserver.errors import BlockCollision, BlockCorrupt, BlockMissing
from davserver.values import Buffer, Clock, Locator, RandomBytes

LEFTOVER_AGE_S = 86_400
"""A temporary file this old belongs to no living writer."""


class DiskStore:
    """A block store in a directory, which must exist. See ``blocks.store`` for the contract of each verb."""

    def __init__(
        self, root: Path, fs: Fs, *, clock: Clock, random_bytes: RandomBytes, marks: Marks | None = None
    ) -> None:
        """Open the directory; ``marks`` are told of each block that is stored, or found to be stored."""
        self._root = root
        self._fs = fs
        self._marks = marks or NoMarks()
        self._clock = clock
        self._random_bytes = random_bytes
        with translated(f"block directory {root}"):
            self._placement = Placement(root, fs)
        self._claims = DirectoryClaims(root, fs, self._placement, random_bytes)

    # Reading

    def get(self, locator: Locator) -> bytes:
        """Return a whole block, its size checked."""
        with self.open_file(locator) as file:
            return file.read(0, locator.size)

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        """Return a slice of a block whose size is right."""
        check_slice(locator, offset, length)
        with self.open_file(locator) as file:
            return file.read(offset, length)

    def verify(self, locator: Locator, pace: Pace = at_once) -> None:
        """Read the whole block from the medium, and compare its hash."""
        with self.open_file(locator) as file:
            with translated(f"block {locator}"):
                self._fs.forget(file.fd)
            try:
                file.check_hash(pace)
            except BlockCorrupt:
                self._disown(file)
                raise

    def _disown(self, file: BlockFile) -> None:
        """Let no process count on what it, or a mark, knows of a file that turned out to be damaged.

        A medium that rots changes nothing that a look at the file shows, so the file gets another ctime. Where that is
        not allowed (a store that may only be read), who has verified the file before goes on with it.
        """
        with suppress(OSError):
            self._fs.set_mtime(file.fd, self._fs.status(file.fd).st_mtime_ns)

    def open_file(self, locator: Locator) -> BlockFile:
        """Open a block's file, to be closed by the caller; raises BlockMissing, or BlockCorrupt for a wrong size."""
        with translated(f"block {locator}"):
            try:
                fd = self._fs.open_for_reading(layout.path_of(self._root, locator.md5))
            except FileNotFoundError:
                raise self._missing(locator) from None
        file = BlockFile(self._fs, fd, locator)
        try:
            file.check_size()
        except BaseException:
            file.close()
            raise
        return file

    # Writing

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Store a block: one write, one fsync of the file, one of its directory."""
        view = memoryview(data).cast("B")
        locator = known or locator_of(view)
        self._placement.refuse_after_failure()
        with translated(f"block {locator}"):
            while not (self._keep_present(locator, view) or self._place_new(locator, view)):
                pass  # somebody else placed or trashed this block since we looked
        return locator

    def _place_new(self, locator: Locator, data: memoryview) -> bool:
        mtime_ns = self._now_ns()
        path = layout.path_of(self._root, locator.md5)
        with self._temporary(locator, data, mtime_ns) as (temporary, written):
            placed = self._placement.publish(temporary, path)
            if not placed:
                self._placement.discard(temporary)
                return False
        status = self._status(path)
        if status is not None and status.st_ino == written.inode:
            self._mark(locator, Identity.of(status), mtime_ns)
        return True

    def _mark(self, locator: Locator, identity: Identity, mtime_ns: int) -> None:
        """Mark a file that has the block's bytes if nobody but us wrote to it since we set this mtime (``marks``)."""
        if (identity.size, identity.mtime_ns) == (locator.size, mtime_ns):
            self._marks.note(locator, identity)

    def _keep_present(self, locator: Locator, data: memoryview) -> bool:
        """Make a block that is there young and durable, after comparing it; False if there is none."""
        file = self._open_locked(locator)
        if file is None:
            return False
        with file:
            path = layout.path_of(self._root, locator.md5)
            mtime_ns = self._now_ns()
            # Another writer may have published it a moment ago, or be a keepstore, which syncs nothing.
            self._placement.sync_file(file.fd)
            self._fs.set_mtime(file.fd, mtime_ns)  # before it is read: so the mtime shows who writes to it from now on
            touched = file.identity()
            holds = file.holds(data)
            if holds:
                self._placement.sync_directory(path.parent)
                if file.identity() == touched:
                    self._mark(locator, touched, mtime_ns)
            elif holds is None or file.is_damaged():
                with self._temporary(locator, data, mtime_ns) as (temporary, _):
                    self._placement.replace(temporary, path)
            else:
                raise BlockCollision(str(locator))
        return True

    @contextmanager
    def _temporary(self, locator: Locator, data: memoryview, mtime_ns: int) -> Iterator[tuple[Path, Identity]]:
        """Write the block to a synced file without a name of its own; what the caller leaves of it is removed."""
        path = layout.temporary_path(self._root, locator.md5, self._random_bytes(8))
        written = self._placement.write(path, data, mtime_ns)
        try:
            yield path, written
        except BaseException:
            self._placement.discard(path)
            raise

    # Index

    def index(self, prefix: str = "", after: str = "") -> Iterator[StoredBlock]:
        """Yield the blocks in order of MD5, one directory in memory at a time."""
        for directory in self._directories(prefix[:3]):
            if directory.name < after[:3]:
                continue
            for name in self._names(directory):
                if layout.is_block(name) and name.startswith(prefix) and name > after:
                    status = self._status(directory / name)
                    if status is not None:
                        yield StoredBlock(name, status.st_size, status.st_mtime_ns)

    def stat(self, locator: Locator) -> StoredBlock:
        """Describe one block, its size checked."""
        status = self._status(layout.path_of(self._root, locator.md5))
        if status is None:
            raise self._missing(locator)
        if status.st_size != locator.size:
            raise BlockCorrupt(str(locator), f"its file has {status.st_size} bytes")
        return StoredBlock(locator.md5, status.st_size, status.st_mtime_ns)

    # Trash

    def touch(self, locator: Locator) -> None:
        """Set the block's mtime to now, under its lock."""
        with translated(f"block {locator}"):
            file = self._open_locked(locator)
            if file is None:
                raise BlockMissing(str(locator))
            with file:
                self._fs.set_mtime(file.fd, self._now_ns())

    def trash(self, locator: Locator, *, older_than_ns: int, keep_s: float) -> bool:
        """Rename the block to its trash name if, under its lock, it is old enough."""
        self._placement.refuse_after_failure()
        with translated(f"block {locator}"):
            file = self._open_locked(locator)
            if file is None:
                return False
            with file:
                if file.identity().mtime_ns >= older_than_ns:
                    return False
                path = layout.path_of(self._root, locator.md5)
                if keep_s > 0:
                    deadline_s = int(self._clock() + keep_s)
                    self._fs.rename(path, layout.trash_path(self._root, locator.md5, deadline_s))
                else:
                    self._fs.unlink(path)
        return True

    def untrash(self, locator: Locator) -> None:
        """Link the youngest copy in the trash back to its name, and make it young."""
        self._placement.refuse_after_failure()
        while True:
            found = self._bring_back(locator)
            try:
                self.touch(locator)
            except BlockMissing:
                if not found:
                    raise
            else:
                return  # else it was trashed once more before it was young

    def _bring_back(self, locator: Locator) -> bool:
        """Give a copy in the trash its name, unless that is taken; False if there is none."""
        directory = layout.directory_of(self._root, locator.md5)
        with translated(f"block {locator}"):
            for deadline_s in self._deadlines(directory, locator.md5):
                trashed = layout.trash_path(self._root, locator.md5, deadline_s)
                with suppress(FileNotFoundError):
                    self._placement.publish(trashed, layout.path_of(self._root, locator.md5))
                    return True
        return False

    def trashed(self, prefix: str = "") -> Iterator[TrashedBlock]:
        """Yield what is in the trash, one directory in memory at a time."""
        for directory in self._directories(prefix[:3]):
            for name in self._names(directory):
                found = layout.parse_trashed(name)
                if found is not None and name.startswith(prefix):
                    status = self._status(directory / name)
                    if status is not None:
                        yield TrashedBlock(found[0], status.st_size, found[1])

    def empty_trash(self) -> int:
        """Delete what is past its deadline, and temporary files older than a day."""
        now_s = self._clock()
        deleted = 0
        for directory in self._directories(""):
            for name in self._names(directory):
                trashed = layout.parse_trashed(name)
                if trashed is not None and trashed[1] <= now_s:
                    deleted += self._delete(directory / name)
                elif layout.is_temporary(name) and self._is_leftover(directory / name, now_s):
                    self._delete(directory / name)
        return deleted

    # Claims

    def claim(self, catalog: str, note: str) -> None:
        """Write the catalog's file."""
        self._placement.refuse_after_failure()
        with translated(f"claim of catalog {catalog}"):
            self._claims.put(catalog, note, self._now_ns())

    def claims(self) -> dict[str, str]:
        """Read the catalogs' files."""
        with translated(f"block directory {self._root}"):
            return self._claims.all()

    # Life

    def free_bytes(self) -> int:
        """Return what is left on the file system."""
        with translated(f"block directory {self._root}"):
            return self._fs.free_bytes(self._root)

    def check_ready(self) -> None:
        """Raise StoreUnavailable after a failed fsync, or if the directory is gone or another one."""
        self._placement.refuse_after_failure()
        with translated(f"block directory {self._root}"):
            self._placement.refuse_elsewhere()

    def close(self) -> None:
        """Let go of the marks; nothing else is held between calls."""
        self._marks.close()

    def rescue(self) -> Rescue:
        """Return what repairs this directory."""
        return DirectoryRescue(self._root, self._fs, self._placement, self._open_locked, self._clock)

    # Names and locks

    def _open_locked(self, locator: Locator) -> BlockFile | None:
        """Open a block's file under its lock, sure that its name still means this file; None if there is none."""
        path = layout.path_of(self._root, locator.md5)
        while True:
            try:
                fd = self._fs.open_for_locking(path)
            except FileNotFoundError:
                return None
            file = BlockFile(self._fs, fd, locator)
            try:
                self._fs.lock(fd)
                if self._is_still(path, fd):
                    return file
            except BaseException:
                file.close()
                raise
            file.close()  # trashed or replaced while we waited for the lock

    def _is_still(self, path: Path, fd: int) -> bool:
        try:
            named = self._fs.status_of(path)
        except FileNotFoundError:
            return False
        return os.path.samestat(named, self._fs.status(fd))

    def _missing(self, locator: Locator) -> BlockMissing:
        """Tell a missing block from a missing disk: the latter raises."""
        with translated(f"block directory {self._root}"):
            self._placement.refuse_elsewhere()
        return BlockMissing(str(locator))

    def _directories(self, prefix: str) -> Iterator[Path]:
        for name in self._names(self._root):
            if layout.is_directory(name) and name.startswith(prefix):
                yield self._root / name

    def _names(self, directory: Path) -> list[str]:
        with translated(f"block directory {directory}"):
            return sorted(self._fs.names(directory))

    def _status(self, path: Path) -> os.stat_result | None:
        with translated(f"block file {path.name}"):
            try:
                return self._fs.status_of(path)
            except FileNotFoundError:
                return None

    def _deadlines(self, directory: Path, md5: str) -> list[int]:
        try:
            names = self._fs.names(directory)
        except FileNotFoundError:
            return []
        trashed = (layout.parse_trashed(name) for name in names)
        return sorted((found[1] for found in trashed if found and found[0] == md5), reverse=True)

    def _is_leftover(self, path: Path, now_s: float) -> bool:
        status = self._status(path)
        return status is not None and status.st_mtime < now_s - LEFTOVER_AGE_S

    def _delete(self, path: Path) -> bool:
        with translated(f"block file {path.name}"):
            try:
                self._fs.unlink(path)
            except FileNotFoundError:
                return False
        return True

    def _now_ns(self) -> int:
        return int(self._clock() * 1_000_000_000)
