"""What clients do at random in an arena: few paths, so that they collide; contents that never repeat."""

from __future__ import annotations

import random

from tests.support.arena import Round, Script
from tests.support.davclient import Dav
from tests.support.model import Path, Request

LARGE_BYTES = 140 << 10
"""More than travels in the journal: such a body is a block before it is a change."""


def on_registers(paths: list[Path], operations: int, seed: int) -> Script:
    """Read, write, compare and swap, append, remove files of a folder that stays."""

    def script(played: Round, dav: Dav, number: int) -> None:
        rng = random.Random(f"{seed}/{number}")
        for count in range(operations):
            path = rng.choice(paths)
            body = _content(rng, number, count)
            tag = played.seen.get(path, "none")
            request = rng.choices(
                [
                    Request("GET", path),
                    Request("HEAD", path),
                    Request("PROPFIND", path, infinite=False),
                    Request("PUT", path, body=body),
                    Request("PUT", path, body=body, if_match=tag),
                    Request("PUT", path, body=body, if_none_match="*"),
                    Request("DELETE", path),
                    Request("DELETE", path, if_match=tag),
                    Request("PATCH", path, body=body[:40], at=-1),
                    Request("PUT", path, body=body[:40], at=3, if_match=tag),
                    Request("PROPPATCH", path, properties=((rng.choice("ab"), f"{number}.{count}"),)),
                ],
                [30, 4, 6, 14, 14, 8, 7, 4, 6, 3, 4],
            )[0]
            if played.ask(dav, request) is None:
                return  # killed

    return script


def on_names(collections: list[str], operations: int, seed: int) -> Script:
    """Move, copy, make and remove files, folders and whole collections; lock and unlock them."""

    def script(played: Round, dav: Dav, number: int) -> None:
        mover = _Mover(played, number, random.Random(f"{seed}/{number}"), collections)
        for count in range(operations):
            if not mover.act(dav, count):
                return  # killed

    return script


class _Mover:
    """One client among whole collections; it submits the tokens of its own locks, most of the time."""

    def __init__(self, played: Round, number: int, rng: random.Random, collections: list[str]) -> None:
        self._played = played
        self._number = number
        self._rng = rng
        self._places = [(name, *below) for name in collections for below in ((), ("a",), ("d",), ("d", "a"))]
        self._locked: list[tuple[Path, str]] = []

    def act(self, dav: Dav, count: int) -> bool:
        """Send one request; False if the server is gone."""
        request = self._choose(_content(self._rng, self._number, count))
        reply = self._played.ask(dav, request)
        if request.method == "UNLOCK":
            self._locked.pop()
        elif reply is not None and reply.token:
            self._locked.append((request.path, reply.token))
        return reply is not None

    def _choose(self, body: bytes) -> Request:
        rng = self._rng
        path, to = rng.sample(self._places, 2)
        tokens = tuple(token for _, token in self._locked) if rng.random() < 0.8 else ()
        method = rng.choices(METHODS, WEIGHTS)[0]
        if method == "PUT":
            tag = self._played.seen.get(path, "none") if rng.random() < 0.3 else None
            return Request(method, path, body=body, if_match=tag, tokens=tokens)
        if method in {"COPY", "MOVE"}:
            deep = method == "MOVE" or rng.random() < 0.8
            return Request(method, path, to, overwrite=rng.random() < 0.7, infinite=deep, tokens=tokens)
        if method == "LOCK":
            return Request(method, path, scope=rng.choice(["exclusive", "shared"]), tokens=tokens)
        if method == "UNLOCK" and self._locked:
            path, token = self._locked[-1]
            return Request(method, path, tokens=(token,))
        if method in {"MKCOL", "DELETE"}:
            return Request(method, path, tokens=tokens)
        return Request("PROPFIND" if method == "PROPFIND" else "GET", path)


METHODS = ("PUT", "GET", "PROPFIND", "MKCOL", "DELETE", "MOVE", "COPY", "LOCK", "UNLOCK")
WEIGHTS = (20, 12, 10, 14, 7, 12, 12, 4, 9)


def _content(rng: random.Random, number: int, count: int) -> bytes:
    size = LARGE_BYTES if rng.random() < 0.02 else rng.choice([0, 0, 20])
    return f"{number}.{count} {rng.getrandbits(64):x} ".encode().ljust(size, b".")
