"""Laying the trees that are served: straight onto the disk for servers of folders, over HTTP for davserver.

Files are small and all different, so that nothing is stored once for many.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from benchmarks.client import Client
from benchmarks.load.plans import STORED
from benchmarks.manifests import import_folders

_CHANGES_AT_ONCE = 5_000
_AT_ONCE = 1 << 24


class Tree(Protocol):
    """A tree under construction; paths are relative to the folder that the workloads see."""

    def file(self, path: str, content: bytes) -> None:
        """Make a file."""
        ...

    def large(self, path: str, source: Path) -> None:
        """Make a file with the content of another."""
        ...

    def folder(self, path: str, count: int) -> None:
        """Make a folder of ``count`` files, named by ``name_of``."""
        ...


def name_of(number: int) -> str:
    """Name a file of a folder."""
    return f"file-{number:06}.txt"


class FolderTree:
    """A folder of the disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def file(self, path: str, content: bytes) -> None:
        (self._root / path).write_bytes(content)

    def large(self, path: str, source: Path) -> None:
        with source.open("rb") as file, (self._root / path).open("wb") as copy:
            while piece := file.read(_AT_ONCE):
                copy.write(piece)

    def folder(self, path: str, count: int) -> None:
        (self._root / path).mkdir()
        for number in range(count):
            self.file(f"{path}/{name_of(number)}", b"%015d\n" % number)


class CollectionTree:
    """A collection of davserver, filled as clients fill one; ``data`` is the server's folder."""

    def __init__(self, client: Client, data: Path, collection: str) -> None:
        self._client = client
        self._data = data
        self._api = f"/_/api/collections/{collection}"
        self._prefix = f"/{collection}/"
        client.ask("MKCOL", self._prefix, {201})

    def file(self, path: str, content: bytes) -> None:
        self._client.ask("PUT", self._prefix + path, STORED, body=content)

    def large(self, path: str, source: Path) -> None:
        self._client.put_file(self._prefix + path, source)

    def folder(self, path: str, count: int) -> None:
        self._client.ask("MKCOL", f"{self._prefix}{path}/", {201})
        for first in range(0, count, _CHANGES_AT_ONCE):
            numbers = range(first, min(first + _CHANGES_AT_ONCE, count))
            changes = [{"do": "put", "path": f"{path}/{name_of(n)}", "text": f"{n:015}\n"} for n in numbers]
            body, kind = json.dumps({"changes": changes}).encode(), {"Content-Type": "application/json"}
            self._client.ask("POST", f"{self._api}/changes", {200}, headers=kind, body=body)

    def collection(self, name: str, folders: int, files: int) -> None:
        """Make another collection, too large to be filled over HTTP; its names are those of ``manifests``."""
        import_folders(self._data, name, folders, files)

    def commit(self) -> None:
        """Let the collection be as one that was left alone for a while."""
        self._client.ask("POST", f"{self._api}/commit", {200})
