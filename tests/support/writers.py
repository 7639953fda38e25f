"""Concurrent writers that know what they were told: the model for tests that kill the server.

Each writer owns its folders and collections, works alone in them, one request after the other, and keeps two things:
the tree that was acknowledged, and the one request that is not answered yet. After a crash the tree on the server has
to be the first, or the first with the second done wholly.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.davclient import NO_ANSWER, Dav, read_remote
from tests.support.sampletree import Tree

SHARED = ("shared-a", "shared-b")
"""Collections in which every writer has a folder."""

SIZES = (0, 10, 5_000, 70_000, 300_000)
MOST_NODES = 40


@dataclass(frozen=True)
class Request:
    """One change: MKCOL, PUT and DELETE have a path; COPY and MOVE a target, too."""

    method: str
    path: str
    target: str = ""
    content: bytes = field(default=b"", repr=False)

    def send(self, dav: Dav) -> None:
        """Send it; raises AssertionError if it is refused and one of NO_ANSWER if it is not answered."""
        if self.target:
            dav.expect(self.method, self.path, Destination=dav.url(self.target))
        else:
            dav.expect(self.method, self.path, data=self.content if self.method == "PUT" else None)

    def applied_to(self, tree: Tree) -> Tree:
        """Return the tree as it is when the request has been done."""
        if self.method == "PUT":
            return {**tree, self.path: self.content}
        if self.method == "MKCOL":
            return {**tree, self.path: None}
        if self.method == "DELETE":
            return _without(tree, self.path)
        rest = _without(tree, self.target)
        if self.method == "MOVE":
            rest = _without(rest, self.path)
        copied = {
            self.target + path[len(self.path) :]: content for path, content in tree.items() if _within(path, self.path)
        }
        return {**rest, **copied}


class Writer:
    """One client; ``acknowledged`` counts the answers of all writers together."""

    def __init__(self, number: int, seed: int, acknowledged: Callable[[], None]) -> None:
        self.tree: Tree = {}
        self.in_flight: Request | None = None
        self.failure: Exception | None = None
        self._folders = [f"{collection}/w{number}" for collection in SHARED]
        self._own = f"own-{number}-"
        self._random = random.Random(seed)
        self._acknowledged = acknowledged
        self._names = 0

    def prepare(self, dav: Dav) -> None:
        """Make the writer's folders in the shared collections."""
        for folder in self._folders:
            dav.mkcol(folder)
            self.tree[folder] = None

    def work(self, url: str, stopped: threading.Event) -> None:
        """Change one thing after the other until the server is gone; a refusal is kept in ``failure``."""
        try:
            with Dav(url) as dav:
                while not stopped.is_set():
                    self.in_flight = self._choose()
                    self.in_flight.send(dav)
                    self.tree = self.in_flight.applied_to(self.tree)
                    self.in_flight = None
                    self._acknowledged()
        except NO_ANSWER:
            return  # killed: what is in flight stays open
        except AssertionError as failure:
            self.failure = failure

    def read_back(self, dav: Dav) -> Tree:
        """Read the writer's part of the server."""
        tree: Tree = {}
        mine = [entry.path for entry in dav.list("/")[1:] if entry.path.startswith(self._own)]
        for root in (*self._folders, *mine):
            tree[root] = None
            tree.update({f"{root}/{path}": content for path, content in read_remote(dav, root).items()})
        return tree

    def check(self, dav: Dav) -> None:
        """Compare the server with what was acknowledged; then take over what is there."""
        found = self.read_back(dav)
        allowed = [self.tree]
        if self.in_flight is not None:
            allowed.append(self.in_flight.applied_to(self.tree))
        if found not in allowed:
            raise AssertionError(f"in flight: {self.in_flight}\n{_difference(found, self.tree)}")
        self.tree = found
        self.in_flight = None

    def _choose(self) -> Request:
        files = [path for path, content in self.tree.items() if content is not None]
        folders = [path for path, content in self.tree.items() if content is None]
        movable = [path for path in self.tree if path not in self._folders]
        if len(self.tree) > MOST_NODES:
            return Request("DELETE", self._random.choice(movable))
        method = self._random.choice(("PUT", "PUT", "PUT", "MKCOL", "MKCOL", "COPY", "MOVE", "DELETE"))
        if method == "PUT" or not movable:
            new = f"{self._random.choice(folders)}/{self._new_name()}"
            path = self._random.choice([*files, new, new])
            return Request("PUT", path, content=self._random.randbytes(self._random.choice(SIZES)))
        if method == "MKCOL":
            return Request("MKCOL", self._new_place(folders))
        path = self._random.choice(movable)
        if method == "DELETE":
            return Request("DELETE", path)
        return self._transfer(method, path, folders, files)

    def _transfer(self, method: str, path: str, folders: list[str], files: list[str]) -> Request:
        if self.tree[path] is not None:
            target = self._random.choice([*files, f"{self._random.choice(folders)}/{self._new_name()}"])
            return Request("COPY" if target == path else method, path, target if target != path else f"{path} copy")
        outside = [folder for folder in folders if not _within(folder, path)]
        if method == "MOVE" and "/" not in path:
            return Request("MOVE", path, f"{self._own}{self._new_name()}")  # a collection is renamed
        if method == "COPY":
            return Request("COPY", path, self._new_place(outside))
        return Request("MOVE", path, f"{self._random.choice(outside)}/{self._new_name()}")

    def _new_place(self, folders: list[str]) -> str:
        """Name a new folder, or now and then a new collection."""
        if self._random.random() < 0.2:
            return f"{self._own}{self._new_name()}"
        return f"{self._random.choice(folders)}/{self._new_name()}"

    def _new_name(self) -> str:
        self._names += 1
        return f"n\u00e4me {self._names}"


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _without(tree: Tree, removed: str) -> Tree:
    return {path: content for path, content in tree.items() if not _within(path, removed)}


def _difference(found: Tree, expected: Tree) -> str:
    lines = [f"missing: {path}" for path in sorted(expected.keys() - found.keys())]
    lines += [f"not expected: {path}" for path in sorted(found.keys() - expected.keys())]
    lines += [
        f"other content: {path} ({len(found[path] or b'')} bytes, not {len(expected[path] or b'')})"
        for path in sorted(found.keys() & expected.keys())
        if found[path] != expected[path]
    ]
    return "\n".join(lines)
