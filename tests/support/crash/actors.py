"""Clients that work at once, each in a part of the server that is its own, and remember what they were told.

A client sends one request after the other. Its history is the list of its requests with what to expect before each and
after it; marks say, in the recorder's log, when a request was sent and when it was answered.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.support.crash.expected import Expected, Thing, within
from tests.support.crash.requests import (
    BeginUpload,
    Commit,
    ContinueUpload,
    Copy,
    Delete,
    GiveUpUpload,
    Lock,
    Mkcol,
    Move,
    Proppatch,
    Put,
    PutRange,
    Request,
    Restore,
    Unlock,
)
from tests.support.davclient import Dav

SHARED = ("shared-a", "shared-b")
"""Collections in which every actor has a folder."""

SIZES = (0, 10, 3_000, 3_000, 20_000, 70_000, 300_000)
"""Around the size up to which a file travels in the journal (16 KiB here), and beyond one write of a block."""

MOST_THINGS = 11

Note = Callable[[int, str], None]
"""Told an actor's number and what happens: ``sent`` or ``done``, and the number of the request."""


@dataclass
class History:
    """What an actor asked for; ``states[n]`` is what to expect before request ``n``, and the last one now."""

    states: list[Expected] = field(default_factory=lambda: [Expected()])
    requests: list[Request] = field(default_factory=list)


class Actor:
    """One client. What it changes is below its folders in the shared collections, and in collections of its own."""

    def __init__(self, number: int, seed: int, note: Note) -> None:
        self.history = History()
        self._number = number
        self._note = note
        self._random = random.Random(seed * 1000 + number)
        self._names = 0
        self.folders = [f"{collection}/w{number}" for collection in SHARED]
        self._home = f"home-{number}"
        self._kept: list[tuple[str, dict[str, Thing]]] = []

    @property
    def now(self) -> Expected:
        """What to expect at the moment, as no request is on its way."""
        return self.history.states[-1]

    def do(self, dav: Dav, request: Request) -> None:
        """Send a request; a failure leaves it as one that may or may not be done."""
        number = len(self.history.requests)
        self.history.requests.append(request)
        self._note(self._number, f"sent {number}")
        answer = request.send(dav)
        self._note(self._number, f"done {number}")
        self.history.states.append(request.after(self.now, answer))
        if isinstance(request, Commit) and request.collection == self._home:
            self._keep(dav, request)

    def move_in(self, dav: Dav) -> None:
        """Make the folders and the collection to work in."""
        for path in (*self.folders, self._home):
            self.do(dav, Mkcol(path))

    def work(self, dav: Dav, requests: int) -> None:
        """Send so many requests of all kinds."""
        for _ in range(requests):
            self.do(dav, self._choose())

    def _keep(self, dav: Dav, request: Commit) -> None:
        """Remember where the newest version of the collection that is this actor's alone is, and what it holds."""
        number = max(number for name, number in self.now.versions if name == request.collection)
        folders = [entry.path for entry in dav.list(f"history/{request.collection}/")]
        folder = next(path for path in folders if path.endswith(f"-{number:06d}"))
        files = {path: thing for path, thing in self.now.below(request.collection).items() if thing.content}
        if files:
            self._kept.append((folder, files))

    def _choose(self) -> Request:
        movable = self._movable()
        if len(self.now.things) > MOST_THINGS and movable:
            return Delete(self._random.choice(movable))
        kinds: Sequence[tuple[Callable[[], Request | None], int]] = (
            (self._put, 8),
            (self._put_range, 3),
            (self._mkcol, 3),
            (self._copy, 3),
            (self._move, 4),
            (self._delete, 2),
            (self._proppatch, 2),
            (self._lock, 2),
            (self._commit, 1),
            (self._restore, 1),
            (self._upload, 3),
        )
        choice = self._random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        return choice() or self._put()

    def _put(self) -> Request:
        new = f"{self._random.choice(self._folders())}/{self._new_name()}"
        return Put(self._random.choice([*self._files(), new, new]), self._bytes())

    def _put_range(self) -> Request | None:
        files = [path for path in self._files() if self.now.things[path].content]
        if not files:
            return None
        path = self._random.choice(files)
        offset = self._random.randrange(len(self.now.things[path].content or b"") + 100)
        return PutRange(path, offset, self._random.randbytes(self._random.choice((1, 500, 9_000))))

    def _mkcol(self) -> Request:
        return Mkcol(self._new_place(self._folders()))

    def _copy(self) -> Request | None:
        path = self._any()
        if path is None:
            return None
        outside = [folder for folder in self._folders() if not within(folder, path)]
        if self.now.things[path].content is None:
            return Copy(path, self._new_place(outside))
        targets = [file for file in self._files() if file != path]
        return Copy(path, self._random.choice([*targets, f"{self._random.choice(outside)}/{self._new_name()}"]))

    def _move(self) -> Request | None:
        path = self._any()
        if path is None:
            return None
        if "/" not in path:
            return Move(path, self._own())  # a collection is renamed
        outside = [folder for folder in self._folders() if not within(folder, path)]
        if self.now.things[path].content is None:
            return Move(path, f"{self._random.choice(outside)}/{self._new_name()}")
        targets = [file for file in self._files() if file != path]
        return Move(path, self._random.choice([*targets, f"{self._random.choice(outside)}/{self._new_name()}"]))

    def _delete(self) -> Request | None:
        path = self._any()
        return None if path is None else Delete(path)

    def _proppatch(self) -> Request | None:
        path = self._any()
        return None if path is None or "/" not in path else Proppatch(path, self._new_name())

    def _lock(self) -> Request:
        if self.now.locks and self._random.random() < 0.5:
            return Unlock(*self._random.choice(list(self.now.locks.items())))
        return Lock(f"{self._random.choice(self.folders)}/locked {self._new_name()}")

    def _commit(self) -> Request:
        return Commit(self._random.choice((*SHARED, self._home, self._home)))

    def _restore(self) -> Request | None:
        if not self._kept:
            return None
        folder, files = self._random.choice(self._kept)
        path = self._random.choice(list(files))
        target = f"{self._random.choice(self._folders())}/{self._new_name()}"
        return Restore(folder + path, files[path], target)

    def _upload(self) -> Request:
        open_ones = [token for token, sent in self.now.uploads.items() if not sent.complete]
        if not open_ones or self._random.random() < 0.3:
            return BeginUpload(f"{self._home}/{self._upload_name(len(self.history.requests))}", self._bytes())
        token = self._random.choice(open_ones)
        if self._random.random() < 0.15:
            return GiveUpUpload(token)
        path = self._path_of(token) if self._random.random() < 0.5 else ""
        return ContinueUpload(token, self._bytes(), len(self.now.uploads[token].data), path)

    def _path_of(self, token: str) -> str:
        """Say which file an upload becomes: the request that began it said so."""
        for request, after in zip(self.history.requests, self.history.states[1:], strict=True):
            if isinstance(request, BeginUpload) and token in after.uploads:
                return request.path
        raise AssertionError(f"nobody began {token}")

    def _upload_name(self, number: int) -> str:
        return f"upload {number}"

    def _any(self) -> str | None:
        movable = self._movable()
        return self._random.choice(movable) if movable else None

    def _movable(self) -> list[str]:
        kept = {*self.folders, self._home, *self.now.locks.values()}
        return [path for path in self.now.things if path not in kept]

    def _files(self) -> list[str]:
        return [path for path in self._movable() if self.now.things[path].content is not None]

    def _folders(self) -> list[str]:
        return [path for path, thing in self.now.things.items() if thing.content is None]

    def _new_place(self, folders: list[str]) -> str:
        """Name a new folder, or now and then a new collection."""
        return self._own() if self._random.random() < 0.12 else f"{self._random.choice(folders)}/{self._new_name()}"

    def _own(self) -> str:
        return f"own-{self._number}-{self._new_name()}"

    def _new_name(self) -> str:
        self._names += 1
        return f"n\u00e4me {self._names}"

    def _bytes(self) -> bytes:
        return self._random.randbytes(self._random.choice(SIZES))
