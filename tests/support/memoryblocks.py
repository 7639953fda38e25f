"""A block store of a dict: what tests of the collection room read from and flush to."""

from __future__ import annotations

import hashlib
import threading

from davserver.values import Buffer, Locator


class MemoryBlocks:
    """Blocks by MD5; counts what is read and written."""

    def __init__(self) -> None:
        self.blocks: dict[str, bytes] = {}
        self.reads: list[tuple[Locator, int, int]] = []
        self.writes: list[int] = []
        self._lock = threading.Lock()

    def put(self, data: Buffer, known: Locator | None = None) -> Locator:
        body = bytes(data)
        md5 = hashlib.md5(body).hexdigest()
        with self._lock:
            self.blocks[md5] = body
            self.writes.append(len(body))
        return Locator(md5, len(body))

    def get(self, locator: Locator) -> bytes:
        return self.blocks[locator.md5]

    def read(self, locator: Locator, offset: int, length: int) -> bytes:
        self.reads.append((locator, offset, length))
        return self.blocks[locator.md5][offset : offset + length]
