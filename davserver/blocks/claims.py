"""Whose blocks these are: a file for each catalog, beside the directories of blocks.

Owns: the files ``claim-<catalog>``; a keepstore that serves the same directory takes no notice of them.
Why: to a catalog, the blocks that only another one names look like garbage.
"""

from __future__ import annotations

from pathlib import Path

from davserver.blocks import layout
from davserver.blocks.fs import Fs
from davserver.blocks.placement import Placement
from davserver.values import RandomBytes

_MOST_BYTES = 1 << 16


class DirectoryClaims:
    """The claims in one directory. OSErrors leave as they come. Threads and processes: any."""

    def __init__(self, root: Path, fs: Fs, placement: Placement, random_bytes: RandomBytes) -> None:
        self._root = root
        self._fs = fs
        self._placement = placement
        self._random_bytes = random_bytes

    def put(self, catalog: str, note: str, now_ns: int) -> None:
        """Write a catalog's file, synced, in place of the one before."""
        temporary = self._root / f"tmp-claim-{catalog}-{self._random_bytes(8).hex()}"
        self._placement.write(temporary, memoryview(note.encode()), now_ns)
        self._placement.replace(temporary, layout.claim_path(self._root, catalog))

    def all(self) -> dict[str, str]:
        """Read the files."""
        catalogs = {name: layout.parse_claim(name) for name in self._fs.names(self._root)}
        return {catalog: self._read(self._root / name) for name, catalog in catalogs.items() if catalog is not None}

    def _read(self, path: Path) -> str:
        fd = self._fs.open_for_reading(path)
        try:
            return self._fs.read(fd, _MOST_BYTES, 0).decode(errors="replace")
        finally:
            self._fs.close(fd)
