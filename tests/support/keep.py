"""arvados-python-client without a cluster: the oracle for manifests.

Its Keep client is replaced by a directory of blocks in the layout of a Keep directory volume, which is davserver's own.
Follows: arvados/keep.py (the methods that arvados/collection.py and arvados/arvfile.py call).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arvados.collection import Collection, CollectionReader, Subcollection


class BlockDirectory:
    """The part of KeepClient that a collection uses, on ``DIR/abc/abc...``."""

    num_prefetch_threads = 0

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes, **_options: Any) -> str:
        """Store a block; return its locator."""
        digest = hashlib.md5(data).hexdigest()
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return f"{digest}+{len(data)}"

    def get(self, locator: str, **_options: Any) -> bytes:
        """Read a block, and check it as a Keep client does."""
        data = self._path(locator[:32]).read_bytes()
        if hashlib.md5(data).hexdigest() != locator[:32]:
            raise ValueError(f"block {locator} is damaged")
        return data

    def get_from_cache(self, _locator: str) -> None:
        """Have no cache."""

    def block_prefetch(self, _locator: str) -> None:
        """Fetch nothing ahead."""

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:3] / digest


class NoCluster:
    """An API client that knows no cluster: it has a discovery document without entries."""

    _rootDesc: dict[str, Any] = {}  # noqa: N815, RUF012 - the name is Arvados' own


def new_collection(blocks: Path) -> Collection:
    """Start an empty collection whose blocks go to the folder."""
    return Collection(api_client=NoCluster(), keep_client=BlockDirectory(blocks))


def open_collection(manifest: str, blocks: Path) -> CollectionReader:
    """Read a manifest with Arvados' own loader; raises what that raises."""
    return CollectionReader(manifest, api_client=NoCluster(), keep_client=BlockDirectory(blocks))


def iter_files(collection: Subcollection, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Yield (path, size) of all files below."""
    for name in collection:
        item = collection[name]
        if isinstance(item, Subcollection):
            yield from iter_files(item, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", item.size()
