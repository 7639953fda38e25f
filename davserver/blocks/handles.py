"""Open block files whose hash is verified.

Owns: a bounded set of open descriptors, each with what the file looked like when its hash was found right.
Never: serves a byte of a file that has changed since.
Invariants: bytes come from the very descriptor that was verified, or whose file bears a mark that it was. The
file's identity is compared after the bytes were read, so a change that came before or meanwhile is seen. A change
that a coarse file system clock could hide, because it came within ``SETTLE_NS`` of the one before, is ruled out: such a
young file is not remembered as verified (what the store itself has just written may bear a mark: see ``marks``).
Limit: a medium that changes bytes under an unchanged file is noticed by who reads past all memory (the scrub, fsck),
not by the next slice.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Protocol

from davserver.blocks.blockfile import BlockFile, Identity
from davserver.blocks.marks import Marks
from davserver.values import Clock, Locator

_Key = tuple[str, int]
"""What identifies a block's bytes: a locator without its hints, that is hashed without a call."""
SETTLE_NS = 20_000_000
"""Two ticks of the slowest clock Linux stamps files with (100 Hz)."""


class OpensFiles(Protocol):
    """A store whose blocks are files."""

    def open_file(self, locator: Locator) -> BlockFile:
        """Open a block's file, unverified; the caller closes it. Raises BlockMissing, BlockCorrupt (wrong size)."""


class Handle:
    """A verified file, lent out; a context manager that gives it back. Threads: reads may run side by side."""

    __slots__ = ("_file", "_handles", "evicted", "locator", "users", "verified", "verifying")

    def __init__(self, handles: Handles, locator: Locator) -> None:
        """Lend the file of a block; ``verified`` is how it looked then: never taken back, what changed is dropped."""
        self._handles = handles
        self.locator = locator
        self.users = 0
        self.evicted = False
        self.verifying = threading.Lock()
        self._file: BlockFile | None = None
        self.verified: Identity | None = None

    @property
    def file(self) -> BlockFile:
        """The open file."""
        if self._file is None:
            raise RuntimeError("a handle is used before it is opened")
        return self._file

    def is_verified_by(self, store: OpensFiles, marks: Marks, now_ns: int) -> bool:
        """Open and verify the file, unless that has happened or a mark says so.

        False if it is too young to be remembered as verified.

        Threads that ask at the same time wait for the first.
        """
        with self.verifying:
            if self._file is None:
                self._file = store.open_file(self.locator)
            if self.verified is None:
                before = self._file.identity()
                if not marks.holds(self.locator, before):
                    if before.ctime_ns > now_ns - SETTLE_NS:
                        return False
                    self._file.check_hash()
                    marks.note(self.locator, before)
                self.verified = before
            return True

    def is_unchanged(self) -> bool:
        """Tell whether the file is still as it was verified."""
        return self.file.is_still(self.verified)

    def read(self, offset: int, length: int) -> bytes | None:
        """Return a slice of the block; None if the file, looked at afterwards, is not as it was verified."""
        file = self.file
        data = file.read(offset, length)
        return data if file.is_still(self.verified) else None

    def fileno(self) -> int:
        """Return the descriptor."""
        return self.file.fd

    def close(self) -> None:
        """Close the file; only Handles calls this, when nobody uses it."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self._handles.give_back(self)


class Handles:
    """Lends verified files, the ``limit`` last used of which stay open. Threads: safe."""

    def __init__(self, store: OpensFiles, marks: Marks, *, clock: Clock, limit: int) -> None:
        self._store = store
        self._marks = marks
        self._clock = clock
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, Handle] = OrderedDict()

    def read(self, locator: Locator, offset: int, length: int) -> bytes | None:
        """Return a slice of a verified block; None if its file is changing now. Errors: as BlockReader.get."""
        for _ in range(2):  # the second time for a file that was remembered and has changed since: a touch, a repair
            handle = self._settled(locator)
            if handle is None:
                return None
            try:
                data = handle.read(offset, length)
                if data is not None:
                    return data
                self.evict(handle)
            finally:
                self.give_back(handle)
        return None

    def borrow(self, locator: Locator) -> Handle | None:
        """Lend a verified file, to be given back; None if it is too young, or changes, to be remembered as verified."""
        for _ in range(2):
            handle = self._settled(locator)
            if handle is None:
                return None
            try:
                if handle.is_unchanged():
                    return handle
            except BaseException:
                self._reject(handle)
                raise
            self._reject(handle)
        return None

    def _settled(self, locator: Locator) -> Handle | None:
        """Lend a file that was verified, now or before, and may have changed since; None if it is too young."""
        handle = self._lend(locator)
        if handle.verified is not None:
            return handle
        try:
            settled = handle.is_verified_by(self._store, self._marks, int(self._clock() * 1_000_000_000))
        except BaseException:
            self._reject(handle)
            raise
        if settled:
            return handle
        self._reject(handle)
        return None

    def evict(self, handle: Handle) -> None:
        """Forget a file; it is closed when the last user gives it back."""
        with self._lock:
            key = (handle.locator.md5, handle.locator.size)
            if self._kept.get(key) is handle:
                del self._kept[key]
            handle.evicted = True

    def give_back(self, handle: Handle) -> None:
        """End a loan."""
        with self._lock:
            handle.users -= 1
            unused = handle.evicted and not handle.users
        if unused:
            handle.close()

    def close(self) -> None:
        """Forget every file; those on loan are closed when they come back."""
        with self._lock:
            idle = self._shrink_to(0)
        for handle in idle:
            handle.close()

    def _reject(self, handle: Handle) -> None:
        self.evict(handle)
        self.give_back(handle)

    def _lend(self, locator: Locator) -> Handle:
        key = (locator.md5, locator.size)
        with self._lock:
            handle = self._kept.get(key)
            if handle is not None:
                handle.users += 1
                self._kept.move_to_end(key)
                return handle
            handle = self._kept[key] = Handle(self, locator.bare())
            handle.users += 1
            idle = self._shrink_to(self._limit)
        for old in idle:
            old.close()
        return handle

    def _shrink_to(self, limit: int) -> list[Handle]:
        """Evict the longest unused; returns those that nobody uses, to be closed outside the lock."""
        idle = []
        while len(self._kept) > limit:
            _, handle = self._kept.popitem(last=False)
            handle.evicted = True
            if not handle.users:
                idle.append(handle)
        return idle
