"""Two clients want what only one can have, at the same moment: over one process, two workers, two servers.

One table. A row is a scene and what each client sends in it, one request after the other; a third one looks on.
One rule for all: some order of the requests explains every status, every listing and what is there at the end.
``DAVSERVER_RACE_ROUNDS`` is how often each race is run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.support.arena import Arena, Round, Script
from tests.support.davclient import Dav
from tests.support.model import Path, Request

ROUNDS = int(os.environ.get("DAVSERVER_RACE_ROUNDS", "1"))
SEEN = "seen"
"""Stands for the entity tag that the scene left at the path."""
HELD = ("held",)
"""Stands for the tokens of the scene's locks."""

pytestmark = pytest.mark.timeout(60 + ROUNDS)


def at(name: str) -> Path:
    """Name a place as "c/folder/file"; c and e stand for collections of the round."""
    return tuple(name.split("/"))


def put(name: str, body: bytes = b"new", **more) -> Request:
    return Request("PUT", at(name), body=body, **more)


def swap(name: str, body: bytes = b"swapped") -> Request:
    return put(name, body, if_match=SEEN)


def create(name: str, body: bytes = b"created") -> Request:
    return put(name, body, if_none_match="*")


def append(name: str, body: bytes) -> Request:
    return Request("PATCH", at(name), body=body, at=-1)


def mkcol(name: str) -> Request:
    return Request("MKCOL", at(name))


def delete(name: str, **more) -> Request:
    return Request("DELETE", at(name), **more)


def move(name: str, to: str, **more) -> Request:
    return Request("MOVE", at(name), at(to), **more)


def copy(name: str, to: str, **more) -> Request:
    return Request("COPY", at(name), at(to), **more)


def move_f(name: str, to: str) -> Request:
    return move(name, to, overwrite=False)


def copy_f(name: str, to: str) -> Request:
    return copy(name, to, overwrite=False)


def lock(name: str, scope: str = "exclusive", **more) -> Request:
    return Request("LOCK", at(name), scope=scope, **more)


def unlock(name: str) -> Request:
    return Request("UNLOCK", at(name), tokens=HELD)


def prop(name: str, key: str, value: str | None) -> Request:
    return Request("PROPPATCH", at(name), properties=((key, value),))


F = [put("c/f", b"old")]
FG = [*F, put("c/g", b"other")]
FOLDER = [mkcol("c/d"), put("c/d/a", b"1"), put("c/d/b", b"1")]
BOTH = [mkcol("e"), *FOLDER]
FILLED = [put("c/d/a", b"2"), put("c/d/b", b"2"), put("c/d/a", b"3"), put("c/d/b", b"3")]
"""In this order, so that a copy with a newer b than a never was."""

RACES: dict[str, tuple[Sequence[Request], Sequence[Request], Sequence[Request]]] = {
    # preconditions
    "create-only PUT": ([], [create("c/f", b"a")], [create("c/f", b"b")]),
    "create-only PUT, PUT": ([], [create("c/f")], [put("c/f")]),
    "create-only PUT, DELETE and again": (F, [delete("c/f"), create("c/f", b"a")], [create("c/f", b"b")]),
    "PUT over what was read": (F, [swap("c/f", b"a")], [swap("c/f", b"b")]),
    "PUT over what was read, PUT": (F, [swap("c/f")], [put("c/f")]),
    "PUT over what was read, DELETE": (F, [swap("c/f")], [delete("c/f")]),
    "PUT over what was read, MOVE away": (F, [swap("c/f")], [move("c/f", "c/g")]),
    "PUT over what was read, COPY onto it": (FG, [swap("c/f")], [copy("c/g", "c/f")]),
    "DELETE of what was read, PUT": (F, [delete("c/f", if_match=SEEN)], [put("c/f")]),
    "MOVE of what was read, PUT": (F, [move("c/f", "c/g", if_match=SEEN)], [put("c/f")]),
    # names
    "MKCOL": ([], [mkcol("c/d")], [mkcol("c/d")]),
    "MKCOL of a collection": ([], [mkcol("e")], [mkcol("e")]),
    "MKCOL, PUT": ([], [mkcol("c/d")], [put("c/d")]),
    "MKCOL, COPY of a file": (F, [mkcol("c/d")], [copy_f("c/f", "c/d")]),
    "MKCOL of a collection, MOVE": ([], [mkcol("e")], [move_f("c", "e")]),
    "PUT below what is made": ([], [mkcol("c/d"), put("c/d/a")], [put("c/d/a", b"other")]),
    "COPY with Overwrite: F": (FG, [copy_f("c/f", "c/h")], [copy_f("c/g", "c/h")]),
    "MOVE with Overwrite: F": (FG, [move_f("c/f", "c/h")], [move_f("c/g", "c/h")]),
    "COPY with Overwrite: F, PUT": (F, [copy_f("c/f", "c/h")], [put("c/h")]),
    "MOVE with Overwrite: F, PUT": (F, [move_f("c/f", "c/h")], [put("c/h")]),
    "COPY with Overwrite: F, MKCOL": (F, [copy_f("c/f", "c/h")], [mkcol("c/h")]),
    "MOVE with Overwrite: F, MKCOL": (F, [move_f("c/f", "c/h")], [mkcol("c/h")]),
    "COPY to one collection with Overwrite: F": (BOTH[1:], [copy_f("c", "e")], [copy_f("c/d", "e")]),
    # sources that go away, trees that change under a request
    "MOVE, DELETE of the source": (F, [move("c/f", "c/g")], [delete("c/f")]),
    "MOVE to two places": (F, [move("c/f", "c/g")], [move("c/f", "c/h")]),
    "COPY, DELETE of the source": (F, [copy("c/f", "c/g")], [delete("c/f")]),
    "MOVE there and back": (FG, [move("c/f", "c/g")], [move("c/g", "c/f")]),
    "MOVE of folders into each other": ([mkcol("c/p"), mkcol("c/q")], [move("c/p", "c/q/p")], [move("c/q", "c/p/q")]),
    "MOVE of a folder, PUT into it": (FOLDER, [move("c/d", "c/k")], [put("c/d/new"), put("c/k/new", b"x")]),
    "DELETE of a folder, PUT into it": (FOLDER, [delete("c/d")], [put("c/d/new"), put("c/d/a")]),
    "DELETE of a collection, PUT into it": (FOLDER, [delete("c")], [put("c/d/new"), put("c/new")]),
    "DELETE of a collection, MKCOL": (FOLDER, [delete("c")], [mkcol("c"), put("c/new")]),
    "DELETE of a collection, COPY out of it": (FOLDER, [delete("c")], [copy("c/d", "e")]),
    "COPY of a folder, writes": (FOLDER, [copy("c/d", "c/k")], FILLED),
    "COPY of a folder to another collection, writes": (BOTH, [copy("c/d", "e/k")], FILLED),
    "COPY of a folder to the root, writes": (FOLDER, [copy("c/d", "e")], FILLED),
    "COPY of a collection, writes": (FOLDER, [copy("c", "e")], FILLED),
    "COPY of a collection into itself, writes": (FOLDER, [copy("c", "c/k")], FILLED),
    "MOVE of a folder to another collection, writes": (BOTH, [move("c/d", "e/k")], FILLED),
    "MOVE of a collection into a folder, writes": (BOTH, [move("c", "e/k")], [*FILLED, put("e/k/new")]),
    "rename of a collection, writes": (FOLDER, [move("c", "e")], [*FILLED, put("e/d/a", b"4")]),
    "replacement of a collection, writes": (BOTH, [copy("c/d", "e")], [put("e/f"), put("e/a", b"2")]),
    "MOVE between collections, both ways": (
        [*BOTH, put("e/f", b"e")], [move("c/d/a", "e/a")], [move("e/f", "c/d/f"), move("e/a", "c/d/a")],
    ),
    # locks
    "LOCK": (F, [lock("c/f")], [lock("c/f")]),
    "LOCK, shared LOCK": (F, [lock("c/f")], [lock("c/f", "shared")]),
    "LOCK of a folder, LOCK in it": (FOLDER, [lock("c/d")], [lock("c/d/a")]),
    "LOCK of nothing": ([], [lock("c/f")], [lock("c/f")]),
    "LOCK of nothing, PUT": ([], [lock("c/f")], [put("c/f")]),
    "LOCK, PUT": (F, [lock("c/f")], [put("c/f")]),
    "LOCK, MOVE": (F, [lock("c/f")], [move("c/f", "c/g")]),
    "LOCK, DELETE of the folder": (FOLDER, [lock("c/d/a")], [delete("c/d")]),
    "LOCK in a collection, DELETE of it": (F, [lock("c/f")], [delete("c")]),
    "UNLOCK, PUT": ([*F, lock("c/f")], [unlock("c/f")], [put("c/f")]),
    "UNLOCK, LOCK": ([*F, lock("c/f")], [unlock("c/f")], [lock("c/f")]),
    "UNLOCK, UNLOCK": ([*F, lock("c/f")], [unlock("c/f")], [unlock("c/f")]),
    "UNLOCK, refresh": ([*F, lock("c/f")], [unlock("c/f")], [lock("c/f", "", tokens=HELD)]),
    "DELETE by the holder, PUT": ([*F, lock("c/f")], [delete("c/f", tokens=HELD)], [put("c/f")]),
    "MOVE by the holder, PUT": ([*F, lock("c/f")], [move("c/f", "c/g", tokens=HELD)], [put("c/f"), put("c/g")]),
    # properties
    "PROPPATCH, PUT": (F, [prop("c/f", "a", "1")], [put("c/f")]),
    "PROPPATCH": (F, [prop("c/f", "a", "1")], [prop("c/f", "b", "2"), prop("c/f", "a", None)]),
    "PROPPATCH, MOVE": (F, [prop("c/f", "a", "1")], [move("c/f", "c/g")]),
    "PROPPATCH of a collection, rename": (F, [prop("c", "a", "1")], [move("c", "e")]),
    # parts of files
    "append": (F, [append("c/f", b"[a]"), append("c/f", b"[b]")], [append("c/f", b"[c]"), append("c/f", b"[d]")]),
    "append, PUT": (F, [append("c/f", b"[a]")], [put("c/f")]),
    "append, MOVE": (F, [append("c/f", b"[a]")], [move("c/f", "c/g"), append("c/g", b"[b]")]),
    "ranges of one file": (F, [put("c/f", b"aaa", at=3)], [put("c/f", b"bbb", at=5)]),
    "the first range of a new file": ([], [put("c/f", b"aaa", at=0)], [put("c/f", b"bbb", at=0)]),
}  # fmt: skip


@pytest.mark.parametrize("race", RACES)
def test_race(stadium: Arena, race: str):
    """The number of a round is in the names, so that a failing one leaves its collections to look at."""
    scene, one, other = RACES[race]
    with stadium.connected(3) as clients:
        for number in range(ROUNDS):
            mark = f" {list(RACES).index(race)}.{number}"
            played = Round(stadium, clients=clients)
            played.prepare([named(request, mark) for request in [mkcol("c"), *scene]])
            looking = [Request("PROPFIND", (name + mark,)) for name in "ce"]
            played.play(
                client(played, one, mark),
                client(played, other, mark),
                client(played, looking[: 1 + number % 2], mark=""),
            )
            played.look(*looking)
            played.settle()


def client(played: Round, requests: Sequence[Request], mark: str) -> Script:
    """Send requests one after the other, with the entity tags and tokens of the scene."""
    ready = [resolved(played, named(request, mark)) for request in requests]

    def script(_played: Round, dav: Dav, _number: int) -> None:
        for request in ready:
            assert played.ask(dav, request) is not None

    return script


def resolved(played: Round, request: Request) -> Request:
    tag = played.seen[request.path] if request.if_match == SEEN else request.if_match
    return replace(request, if_match=tag, tokens=tuple(played.tokens) if request.tokens == HELD else request.tokens)


def named(request: Request, mark: str) -> Request:
    path, to = ((place[0] + mark, *place[1:]) if place else () for place in (request.path, request.to))
    return replace(request, path=path, to=to)
