"""Clients at one worker, two workers and two servers: some order explains every answer (promise G3).

``DAVSERVER_RACED_OPERATIONS`` is how many operations each test races; the seed of a failing round is in its message.
"""

from __future__ import annotations

import os
import random
import threading

import pytest

from davserver.upkeep.fsck import fsck
from tests.support.arena import Arena, Round
from tests.support.contests import on_names, on_registers
from tests.support.model import Path, Request
from tests.support.process import until

OPERATIONS = int(os.environ.get("DAVSERVER_RACED_OPERATIONS", "300"))
CLIENTS = 6
PER_ROUND = 300

pytestmark = pytest.mark.timeout(60 + OPERATIONS // 20)


def rounds(per_round: int = PER_ROUND):
    """Iterate over the numbers of rounds and their seeds."""
    seeds = random.SystemRandom()
    for number in range(max(1, OPERATIONS // per_round)):
        seed = seeds.getrandbits(32)
        print(f"round {number}: seed {seed}")
        yield number, seed


def registers(name: str) -> list[Path]:
    return [(name, *below) for below in (("f",), ("g",), ("d", "f"))]


def test_files_are_registers(stadium: Arena):
    """Each path by itself: PUT, conditional PUT, PUT and PATCH of a range, DELETE, PROPPATCH, GET, HEAD, PROPFIND."""
    for number, seed in rounds():
        name = f"registers-{number}"
        played = Round(stadium)
        played.prepare([Request("MKCOL", (name,)), Request("MKCOL", (name, "d"))])
        played.play(*[on_registers(registers(name), PER_ROUND // CLIENTS, seed)] * CLIENTS)
        played.look(*(Request("GET", path) for path in registers(name)))
        played.settle_each(registers(name))


def test_names_are_one_state(stadium: Arena):
    """Whole collections at once: COPY and MOVE of files, folders and collections, with locks and conditions."""
    for number, seed in rounds():
        names = [f"names-{number}-x", f"names-{number}-y"]
        played = Round(stadium)
        played.prepare([Request("MKCOL", (name,)) for name in names])
        played.play(*[on_names(names, PER_ROUND // CLIENTS, seed)] * CLIENTS)
        played.look(*(Request("PROPFIND", (name,)) for name in names))
        played.settle()


def test_a_kill_in_the_middle_is_a_moment_like_any_other(stadium: Arena):
    """What was answered has happened; what was not has happened or not; and it does not happen later."""
    for number, seed in rounds(4 * PER_ROUND):
        name = f"killed-{number}"
        played = Round(stadium)
        played.prepare([Request("MKCOL", (name,)), Request("MKCOL", (name, "d"))])
        moment = random.Random(seed).randint(1, PER_ROUND)
        killer = threading.Thread(target=kill_after, args=(played, moment))
        killer.start()
        played.play(*[on_registers(registers(name), PER_ROUND, seed)] * CLIENTS)
        killer.join()
        stadium.start()
        played.look(*(Request("GET", path) for path in registers(name)))
        played.play(*[on_registers(registers(name), PER_ROUND // CLIENTS, seed + 1)] * CLIENTS)
        played.look(*(Request("GET", path) for path in registers(name)))
        played.settle_each(registers(name))
    with stadium.house() as house:
        assert fsck(house).errors == []


def kill_after(played: Round, operations: int) -> None:
    until(lambda: len(played.history) >= operations)
    played.arena.kill()
