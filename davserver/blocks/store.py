"""What a block store can do, one small contract per verb group.

Owns: the Protocols every driver and every wrapper fulfils, and the value an index is made of.
Never: bytes, files, hashes.
Follows: Keep's volume verbs (arvados services/keepstore/volume.go), with durability added.

Drivers (disk, memory) hold blocks; wrappers (verified, cached) are block stores around a block store. A driver returns
what it holds; ``open_store`` wraps every driver in a VerifiedStore, so that no byte leaves this room unverified.

True of every method of every store: threads may call it at the same time; other processes may use the same store at
the same time; hints of a locator are ignored; StoreUnavailable means that the same call may succeed later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

from davserver.blocks.blockfile import Pace, at_once
from davserver.values import Buffer, Locator


class StoredBlock(NamedTuple):
    """One line of an index: what the store holds, not what it should hold."""

    md5: str
    size: int
    mtime_ns: int

    @property
    def locator(self) -> Locator:
        """The locator of these bytes, if they are undamaged."""
        return Locator(self.md5, self.size)


class TrashedBlock(NamedTuple):
    """A block in the trash, to be deleted at ``deadline_s``; one block may be there more than once."""

    md5: str
    size: int
    deadline_s: float


class BlockReader(Protocol):
    """Reads blocks."""

    def get(self, locator: Locator) -> bytes:
        """Return a whole block.

        Errors: BlockMissing; BlockCorrupt if its bytes do not have the locator's hash and size; StoreUnavailable.
        """

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes of a block; the block's hash was verified since it last changed in the store.

        Shape: 0 <= offset, 0 <= length, offset + length <= locator.size; anything else is a ValueError.
        Cost: the first slice of a block reads all of it, in pieces; the next ones read only what is asked.
        Errors: as ``get``.
        """


class BlockWriter(Protocol):
    """Writes blocks."""

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Hash and store one block; returns its bare locator.

        ``known`` is the data's locator, where the caller has hashed these very bytes: it is believed.
        Durability: on return the bytes and every directory entry that leads to them are synced, whoever wrote them.
        Idempotent: a block that is there is compared, made young again (see ``touch``) and not written.
        Heals: a stored block whose own bytes are damaged is replaced by the good ones.
        Atomic: a crash or an error leaves the block whole or not at all.
        Memory: ``data`` is neither copied nor kept by the disk store, and must not change until the call returns.
        Errors: BlockTooLarge; BlockCollision if other bytes of the same hash are stored; StoreFull; StoreUnavailable.
        """


class BlockIndex(Protocol):
    """Knows which blocks there are."""

    def index(self, prefix: str = "", after: str = "") -> Iterator[StoredBlock]:
        """Yield the blocks whose MD5 begins with ``prefix``, in order of MD5, those in the trash left out.

        With ``after``, only those behind this MD5; what comes before it costs nothing.

        A block stored or trashed meanwhile may be in it or not. An error ends the iteration with an exception:
        an iteration that ends by itself is complete.
        """

    def stat(self, locator: Locator) -> StoredBlock:
        """Describe one block without reading it; raises BlockMissing, or BlockCorrupt if its size is another."""

    def verify(self, locator: Locator, pace: Pace = at_once) -> None:
        """Read the whole block now, past every memory of earlier reads; raises what ``get`` raises.

        ``pace`` is told of each piece that was read, and may wait.
        Memory: about one MiB on a disk, whatever the size of the block.
        """


class BlockTrash(Protocol):
    """Lets blocks age, go, and come back."""

    def touch(self, locator: Locator) -> None:
        """Make a block young: its mtime becomes now, and every ``trash`` with an earlier limit leaves it alone.

        Durability: not synced; a crash may bring the old mtime back, but also ends the upload it protected.
        Errors: BlockMissing, also when a trash was faster: then ``put`` it again.
        """

    def trash(self, locator: Locator, *, older_than_ns: int, keep_s: float) -> bool:
        """Move a block to the trash for ``keep_s`` seconds, or delete it at once if that is 0.

        Only a block whose mtime is before ``older_than_ns`` goes; this is looked at under the lock that ``touch`` and
        ``put`` take. Returns False, and changes nothing, if the block is younger or not there.
        """

    def untrash(self, locator: Locator) -> None:
        """Bring a block back, young; no harm if it is there already. Raises BlockMissing if the trash has it not."""

    def trashed(self, prefix: str = "") -> Iterator[TrashedBlock]:
        """Yield what is in the trash of the blocks whose MD5 begins with ``prefix``, in order of MD5; see ``index``."""

    def empty_trash(self) -> int:
        """Delete what is in the trash past its time, and what dead writers left; returns how many blocks went."""


class BlockClaims(Protocol):
    """Remembers whose blocks these are, so that nobody takes the blocks of another catalog for garbage."""

    def claim(self, catalog: str, note: str) -> None:
        """Note that a catalog (32 hex digits) names blocks of this store, with a short text that replaces the last one.

        Durability: synced. Errors: StoreFull; StoreUnavailable.
        """

    def claims(self) -> dict[str, str]:
        """Return the note of each catalog that claims blocks of this store."""


class BlockStore(BlockReader, BlockWriter, BlockIndex, BlockTrash, BlockClaims, Protocol):
    """The sum: a place for blocks."""

    def check_ready(self) -> None:
        """Raise StoreUnavailable, with the reason, if the store cannot take blocks now."""

    def close(self) -> None:
        """Let go of descriptors and memory; idempotent. No other method may be called afterwards."""


class VerifiedBlock(Protocol):
    """An open, verified block as a file; a context manager that gives the file back."""

    def fileno(self) -> int:
        """Return the descriptor, for ``sendfile`` or ``pread`` only: its position is shared."""

    def is_unchanged(self) -> bool:
        """Tell whether the file is still as it was verified; ask after sending, and cut the connection if not."""

    def __enter__(self) -> VerifiedBlock: ...

    def __exit__(self, *exc: object) -> None: ...


@runtime_checkable
class ServesFiles(Protocol):
    """Optional: a store that can hand out blocks as files, to be sent without passing through the process."""

    def open_verified(self, locator: Locator) -> VerifiedBlock | None:
        """Open a block whose hash is verified; None if this block can only be had by ``read``. Errors: as ``get``."""


@runtime_checkable
class KnowsSpace(Protocol):
    """Optional: a store that knows how much more it can take."""

    def free_bytes(self) -> int | None:
        """Return how many more bytes fit, None if that is not known; a hint, other writers come in between."""
