"""From bytes to their locator.

Owns: the hash that names a block, and the size limit.
"""

from __future__ import annotations

import hashlib

from davserver.errors import BlockTooLarge
from davserver.values import MAX_BLOCK_BYTES, Buffer, Locator


def md5_hex(data: Buffer) -> str:
    """Return the 32 hex digits that name these bytes; releases the interpreter lock for all but tiny data."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def locator_of(data: Buffer) -> Locator:
    """Return the locator of a block; raises BlockTooLarge."""
    size = memoryview(data).nbytes
    md5 = md5_hex(data)
    if size > MAX_BLOCK_BYTES:
        raise BlockTooLarge(f"{md5}+{size}", f"larger than {MAX_BLOCK_BYTES} bytes")
    return Locator(md5, size)


def check_slice(locator: Locator, offset: int, length: int) -> None:
    """Refuse a slice that is not inside the block; raises ValueError, as only a bug asks for one."""
    if offset < 0 or length < 0 or offset + length > locator.size:
        raise ValueError(f"bytes {offset} to {offset + length} are not inside block {locator}")
