"""ETags that follow from content.

Owns: the hash over extents.
Never: the choice between a file's own ETag and the derived one (``filenode.etag_of``).

Both are strong: equal only for equal bytes. MD5 alone would not be, but it names blocks here, and the block store
compares bytes and refuses a second content under one MD5 (BlockCollision). Cut to 32 hex digits (128 bits), SHA-256
is still far from meeting itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from davserver.collection.extents import Extent, MemExtent, StoredExtent, ZeroExtent


def content_etag(extents: Sequence[Extent]) -> str:
    """Return the ETag of a freshly uploaded file: 32 hex digits, a pure function of its bytes and where they were cut.

    An upload is cut every 64 MiB, or more often when memory is short; full blocks are stored, the tail may still be in
    memory. Without a stored block it is SHA-256 of the bytes; else a hash over the MD5 and size of each stored block
    and the SHA-256 of the tail, since hashing every byte a second time would cost more than storing it.
    """
    if not extents:
        return sha256(b"").hexdigest()[:32]
    if len(extents) == 1 and isinstance(extents[0], MemExtent):
        return sha256(extents[0].view()).hexdigest()[:32]
    return derived_etag(extents)


def derived_etag(extents: Iterable[Extent]) -> str:
    """Return 32 hex digits over (md5, size, offset, length) of the pieces in order, adjacent pieces joined before."""
    return sha256("\n".join(_piece(extent) for extent in extents).encode()).hexdigest()[:32]


def range_etag(before: str, offset: int, extents: Iterable[Extent]) -> str:
    """Return the ETag of a file after a write of ``extents`` at ``offset`` of what had the ETag ``before``.

    A chain: equal only for the same write over equal bytes, so strong; and O(range), whatever the file's size. The
    same bytes reached by another way have another ETag, as after other derivations.
    """
    return sha256(f"{before} write {offset} {derived_etag(extents)}".encode()).hexdigest()[:32]


def _piece(extent: Extent) -> str:
    if isinstance(extent, StoredExtent):
        return f"{extent.locator.md5}+{extent.locator.size} {extent.offset} {extent.length}"
    if isinstance(extent, ZeroExtent):
        return f"zero {extent.length}"
    return f"sha256:{sha256(extent.view()).hexdigest()} {extent.length}"
