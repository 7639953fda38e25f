"""The large file that is sent: random content, which can be made new between two uploads."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from benchmarks.machine import MIB


class LargeFile:
    """A file on the disk. A server that stores equal content once has to store it again after each ``renew``."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._size = size
        piece = os.urandom(MIB)
        with path.open("wb") as file:
            for _ in range(size // MIB):
                file.write(piece)
        self.renew()

    def renew(self) -> Path:
        """Change some bytes of each MiB, so that no block of it is as it was; return where it is."""
        with self.path.open("r+b") as file:
            for start in range(0, self._size, MIB):
                file.seek(start)
                file.write(os.urandom(16))
        return self.path

    @cached_property
    def second(self) -> LargeFile:
        """Another one, for two uploads at once."""
        return LargeFile(self.path.with_name(f"{self.path.name}-2"), self._size)
