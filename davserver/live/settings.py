"""What can be tuned about live collections, with the defaults that hold without a configuration."""

from __future__ import annotations

from dataclasses import dataclass

from davserver.config import FRESH_S
from davserver.values import MAX_BLOCK_BYTES

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPolicy:
    """When a collection's journal is turned into a version.

    Whatever comes first: ``idle_s`` after its last change, ``age_s`` after its first one that is not committed, or
    ``pending_bytes`` of file content that is in no block yet. ``share`` bounds what commits may cost: after a commit
    that took t seconds, the next one by age or idleness waits at least t / share. Content is memory: it never waits.
    """

    idle_s: float = 5.0
    age_s: float = 300.0
    pending_bytes: int = 256 * MIB
    share: float = 0.05

    @property
    def poll_s(self) -> float:
        """How often to look what waits: often enough for the times above, seldom enough for a laptop's battery."""
        return min(max(min(self.idle_s, self.age_s) / 5, 0.02), 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """Limits of the live collections of one process; sizes in bytes.

    ``inline_bytes``: a file, or the tail of one, up to this size goes into the journal instead of a block of its own.
    ``memory_bytes``: the budget for bodies that are being received, for content that waits for a commit, for listings
    that were written, and for the cache of blocks, which whoever opens the store gives the rest.
    ``reserve_bytes``: free space on the disks that no new body may touch.
    ``fresh_s``: what was stored longer ago is made young again before a table names it; less than gc's grace.
    ``file_bytes``: the most a write beyond the end may let a file grow to; its zeros cost nothing but a line per block.
    ``open_uploads``, ``upload_bytes``: how many uploads in parts one account may have open, with how many bytes in all.
    """

    policy: CommitPolicy = CommitPolicy()
    inline_bytes: int = 128 << 10
    block_bytes: int = MAX_BLOCK_BYTES
    memory_bytes: int = 1024 * MIB
    file_bytes: int = 16 << 40
    open_uploads: int = 1000
    upload_bytes: int = 1 << 40
    open_collections: int = 128
    patience_s: float = 30.0
    reserve_bytes: int = 0
    fresh_s: float = FRESH_S

    @property
    def body_bytes(self) -> int:
        """Of the memory, the part for bodies that are being received."""
        return self.memory_bytes // 2

    @property
    def waiting_bytes(self) -> int:
        """Of the memory, the part for content that waits for a commit."""
        return self.memory_bytes * 3 // 8

    @property
    def listing_bytes(self) -> int:
        """Of the memory, the part for listings as they were written last."""
        return self.memory_bytes // 32

    @property
    def loaded_bytes(self) -> int:
        """How many bytes of directory records are read before trees that nobody changes are let go."""
        return self.memory_bytes // 8
