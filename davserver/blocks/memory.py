"""Blocks in memory: for tests, and for a server whose content may vanish with it.

Owns: the verbs of a store on a dictionary. Other processes do not see it.
Never: touches a disk; "durable" means as long as the process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from davserver.blocks.address import check_slice, locator_of, md5_hex
from davserver.blocks.blockfile import Pace, at_once
from davserver.blocks.store import StoredBlock, TrashedBlock
from davserver.errors import BlockCollision, BlockCorrupt, BlockMissing
from davserver.values import Buffer, Clock, Locator


@dataclass(slots=True)
class _Held:
    data: bytes
    mtime_ns: int


@dataclass(slots=True)
class _Trashed:
    data: bytes
    deadline_s: float


class MemoryStore:
    """A block store in a dictionary. See ``blocks.store`` for the contract of each verb."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}
        self._trashed: dict[str, _Trashed] = {}
        self._claims: dict[str, str] = {}

    def get(self, locator: Locator) -> bytes:
        """Return a whole block, its size checked."""
        held = self._held.get(locator.md5)
        if held is None:
            raise BlockMissing(str(locator))
        if len(held.data) != locator.size:
            raise BlockCorrupt(str(locator), f"it has {len(held.data)} bytes")
        return held.data

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        """Return a slice of a block whose size is right."""
        check_slice(locator, offset, length)
        return self.get(locator)[offset : offset + length]

    def verify(self, locator: Locator, pace: Pace = at_once) -> None:
        """Compare the block's hash."""
        data = self.get(locator)
        md5 = md5_hex(data)
        pace(len(data))
        if md5 != locator.md5:
            raise BlockCorrupt(str(locator), f"its bytes have the hash {md5}")

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        """Keep a copy of the block."""
        locator = known or locator_of(data)
        copy = bytes(data)
        with self._lock:
            held = self._held.get(locator.md5)
            if held is not None and held.data != copy and md5_hex(held.data) == locator.md5:
                raise BlockCollision(str(locator))
            self._held[locator.md5] = _Held(copy, self._now_ns())
        return locator

    def index(self, prefix: str = "", after: str = "") -> Iterator[StoredBlock]:
        """Yield the blocks as they are at the first step, in order of MD5."""
        with self._lock:
            blocks = [StoredBlock(md5, len(held.data), held.mtime_ns) for md5, held in self._held.items()]
        yield from sorted(block for block in blocks if block.md5.startswith(prefix) and block.md5 > after)

    def stat(self, locator: Locator) -> StoredBlock:
        """Describe one block, its size checked."""
        size = len(self.get(locator))
        with self._lock:
            held = self._present(locator)
            return StoredBlock(locator.md5, size, held.mtime_ns)

    def touch(self, locator: Locator) -> None:
        """Set the block's mtime to now."""
        with self._lock:
            self._present(locator).mtime_ns = self._now_ns()

    def trash(self, locator: Locator, *, older_than_ns: int, keep_s: float) -> bool:
        """Move the block to the trash if it is old enough."""
        with self._lock:
            held = self._held.get(locator.md5)
            if held is None or held.mtime_ns >= older_than_ns:
                return False
            del self._held[locator.md5]
            if keep_s > 0:
                self._trashed[locator.md5] = _Trashed(held.data, self._clock() + keep_s)
        return True

    def untrash(self, locator: Locator) -> None:
        """Bring the block back from the trash, and make it young."""
        with self._lock:
            trashed = self._trashed.pop(locator.md5, None)
            if trashed is not None and locator.md5 not in self._held:
                self._held[locator.md5] = _Held(trashed.data, 0)
            self._present(locator).mtime_ns = self._now_ns()

    def trashed(self, prefix: str = "") -> Iterator[TrashedBlock]:
        """Yield what is in the trash at the first step."""
        with self._lock:
            blocks = [TrashedBlock(md5, len(one.data), one.deadline_s) for md5, one in self._trashed.items()]
        yield from sorted(block for block in blocks if block.md5.startswith(prefix))

    def claim(self, catalog: str, note: str) -> None:
        """Remember a catalog."""
        with self._lock:
            self._claims[catalog] = note

    def claims(self) -> dict[str, str]:
        """Return the catalogs."""
        with self._lock:
            return dict(self._claims)

    def empty_trash(self) -> int:
        """Forget what is past its deadline."""
        now_s = self._clock()
        with self._lock:
            expired = [md5 for md5, trashed in self._trashed.items() if trashed.deadline_s <= now_s]
            for md5 in expired:
                del self._trashed[md5]
        return len(expired)

    def check_ready(self) -> None:
        """Memory is always ready."""

    def close(self) -> None:
        """Keep everything: the content lives as long as the object."""

    def _present(self, locator: Locator) -> _Held:
        held = self._held.get(locator.md5)
        if held is None:
            raise BlockMissing(str(locator))
        return held

    def _now_ns(self) -> int:
        return int(self._clock() * 1_000_000_000)
