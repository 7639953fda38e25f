"""The guard: no byte passes whose block's hash was not found right.

Owns: verification of every read, and the empty block.
Never: repairs; damage is an error that names the block.
Invariants: ``get`` hashes what it returns; ``read`` returns bytes of a file that was found right, by this process or by
one that left a mark, and has not changed since (see ``handles``, ``marks``), or a slice of what ``get`` returned.
"""

from __future__ import annotations

from davserver.blocks.address import check_slice, md5_hex
from davserver.blocks.blockfile import Pace, at_once
from davserver.blocks.handles import Handle, Handles, OpensFiles
from davserver.blocks.marks import Marks, NoMarks
from davserver.blocks.store import BlockStore, StoredBlock
from davserver.blocks.wrapper import Wrapper
from davserver.errors import BlockCorrupt
from davserver.values import EMPTY_BLOCK, Buffer, Clock, Locator

OPEN_FILES = 256


class VerifiedStore(Wrapper):
    """A block store that verifies what its inner store returns.

    The empty block is in every such store, and is never written: manifests name it to mark empty files and directories.
    """

    def __init__(
        self,
        inner: BlockStore,
        files: OpensFiles | None = None,
        *,
        clock: Clock,
        marks: Marks | None = None,
        open_files: int = OPEN_FILES,
    ) -> None:
        """Guard ``inner``; ``files`` is the same store where its blocks are files, for reads that do not take all.

        ``marks`` remember beyond this process what was verified.
        """
        super().__init__(inner)
        self._handles = None
        if files is not None:
            self._handles = Handles(files, marks or NoMarks(), clock=clock, limit=open_files)

    def get(self, locator: Locator) -> bytes:
        """Return a whole block, hashed."""
        if _is_empty(locator):
            return b""
        data = self.inner.get(locator)
        if len(data) != locator.size:
            raise BlockCorrupt(str(locator), f"it has {len(data)} bytes")
        md5 = md5_hex(data)
        if md5 != locator.md5:
            raise BlockCorrupt(str(locator), f"its bytes have the hash {md5}")
        return data

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        """Return a slice of a block that is verified, once, as a whole."""
        check_slice(locator, offset, length)
        if self._handles is not None and not _is_empty(locator):
            data = self._handles.read(locator, offset, length)
            if data is not None:
                return data
        return self.get(locator)[offset : offset + length]

    def open_verified(self, locator: Locator) -> Handle | None:
        """Open a verified block as a file; None if it is empty, just being changed, or not in a file at all."""
        if self._handles is None or _is_empty(locator):
            return None
        return self._handles.borrow(locator)

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Store a block; the empty one is there already."""
        if not memoryview(data).nbytes:
            return EMPTY_BLOCK
        return self.inner.put(data, known)

    def stat(self, locator: Locator) -> StoredBlock:
        """Describe one block; the empty one is as old as time."""
        if _is_empty(locator):
            return StoredBlock(locator.md5, 0, 0)
        return self.inner.stat(locator)

    def verify(self, locator: Locator, pace: Pace = at_once) -> None:
        """Read the whole block now."""
        if not _is_empty(locator):
            self.inner.verify(locator, pace)

    def touch(self, locator: Locator) -> None:
        """Make a block young; the empty one needs no youth."""
        if not _is_empty(locator):
            self.inner.touch(locator)

    def close(self) -> None:
        """Close the open files, then the inner store."""
        if self._handles is not None:
            self._handles.close()
        self.inner.close()


def _is_empty(locator: Locator) -> bool:
    return not locator.size and locator.md5 == EMPTY_BLOCK.md5
