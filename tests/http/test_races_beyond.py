"""Races that the model has no words for: limits, versions, parts of uploads, reports, sets of changes.

``DAVSERVER_RACE_ROUNDS`` is how often each race is run, as for the table in ``test_races``.
"""

from __future__ import annotations

import os

import pytest

from davserver.upkeep.restoring import restore
from tests.support import dialects
from tests.support.arena import Arena, Round
from tests.support.davclient import Dav
from tests.support.dialects import Follower
from tests.support.model import Request

ROUNDS = int(os.environ.get("DAVSERVER_RACE_ROUNDS", "1"))
CHUNKS = "remote.php/dav/uploads/ann"

pytestmark = pytest.mark.timeout(60 + ROUNDS)


@pytest.fixture
def names(request):
    """Give each round a collection of its own."""
    return [f"{request.node.originalname} {number}" for number in range(ROUNDS)]


@pytest.fixture
def house(stadium):
    """One more process on the data: a command beside the servers."""
    with stadium.house() as house:
        yield house


def play(stadium: Arena, *scripts):
    """Run functions of a connection at once; return what each returned."""
    results = [None] * len(scripts)

    def keep(number, script):
        def run(_played, dav, _number):
            results[number] = script(dav)

        return run

    Round(stadium).play(*(keep(number, script) for number, script in enumerate(scripts)))
    return results


def status(method, path, **options):
    return lambda dav: dav.send(method, path, **options).status_code


def end_chunks(folder: str, to: str):
    """Put the chunks of a folder together; each server has an address of its own."""

    def script(dav: Dav) -> int:
        there = dav.url(f"remote.php/dav/files/ann/{to}")
        return dav.send("MOVE", f"{folder}/.file", headers={"Destination": there}).status_code

    return script


def put_all(collection: str, path: str, count: int):
    """PUT 0, 1, 2, ... to a path."""

    def script(dav: Dav):
        for number in range(count):
            dav.put(f"{collection}/{path}", b"%d" % number)

    return script


def test_two_puts_that_fit_alone_do_not_fit_together(stadium, house, names):
    for name in names:
        with stadium.dav(0) as dav:
            dav.mkcol(name)
            house.edit(lambda edit, name=name: edit.set_quota(edit.view(name).info.id, 1000))
            statuses = play(
                stadium,
                status("PUT", f"{name}/a", data=b"x" * 600),
                status("PUT", f"{name}/b", data=b"y" * 600),
            )
            assert sorted(statuses) == [201, 507]
            assert [entry.size for entry in dav.walk(name)] == [600]


def test_a_version_is_a_state_that_was(stadium, names):
    """Two files are counted up in turn: no version, made meanwhile, has the second ahead of the first."""
    for name in names:
        with stadium.dav(0) as dav:
            dav.mkcol(name)
            for path in ("a", "b"):
                dav.put(f"{name}/{path}", b"-1")

        def count(dav, name=name):
            for number in range(12):
                dav.put(f"{name}/a", b"%d" % number)
                dav.put(f"{name}/b", b"%d" % number)

        def commit(dav, name=name):
            return [dialects.commit(dav, name).number for _ in range(4)]

        _, *made = play(stadium, count, commit, commit)
        assert made == [sorted(numbers) for numbers in made]
        with stadium.dav(1) as dav:
            for folder in dialects.children(dav, ("history", name)):
                a, b = (int(dav.get("/".join((*folder, path)))) for path in ("a", "b"))
                assert b in {a, a - 1}
            assert (dav.get(f"{name}/a"), dav.get(f"{name}/b")) == (b"11", b"11")


def test_nothing_written_while_a_version_is_restored_is_lost(stadium, house, names):
    """What was acknowledged is there now, or in some version."""
    for name in names:
        with stadium.dav(0) as dav:
            dav.mkcol(name)
            dav.put(f"{name}/f", b"good")
            wanted = dialects.commit(dav, name).number
        play(stadium, put_all(name, "f", 15), lambda _dav, name=name, wanted=wanted: restore(house, name, wanted))
        with stadium.dav(1) as dav:
            now = int(dav.get(f"{name}/f")) if dav.get(f"{name}/f") != b"good" else None
            kept = {dav.get("/".join((*folder, "f"))) for folder in dialects.children(dav, ("history", name))}
            assert now == 14 or b"14" in kept


def test_an_upload_is_put_together_or_given_up(stadium, names):
    for name in names:
        folder = f"{CHUNKS}/{name}"
        with stadium.dav(0) as dav:
            dav.mkcol(name)
            dav.mkcol(folder)
            for number in (1, 2):
                dav.put(f"{folder}/{number}", b"%d" % number)
            made, gone = play(stadium, end_chunks(folder, f"{name}/f"), status("DELETE", folder))
            assert (made, gone) in {(201, 404), (404, 204), (409, 204)}
            found = dav.send("GET", f"{name}/f")
            assert (found.status_code, found.content) == ((200, b"12") if made == 201 else (404, found.content))


def test_an_upload_is_put_together_once(stadium, names):
    for name in names:
        folder = f"{CHUNKS}/{name}"
        with stadium.dav(0) as dav:
            dav.mkcol(name)
            dav.mkcol(folder)
            dav.put(f"{folder}/1", b"1")
            statuses = sorted(play(stadium, *(end_chunks(folder, f"{name}/{to}") for to in "fg")))
            assert statuses in ([201, 404], [201, 409])
            assert len(list(dav.walk(name))) == 1


def test_the_last_part_of_an_upload_counts_once(stadium, names):
    for name in names:
        with stadium.dav(0) as dav:
            dav.mkcol(name)
            location = dialects.begin_upload(dav, (name, "f"), b"begin ").headers["Location"]
            answers = play(stadium, *[lambda dav, at=location: dialects.end_upload(dav, at, 6, b"end", {})] * 2)
            assert 201 in {answer.status_code for answer in answers}
            assert {answer.status_code for answer in answers} <= {201, 400, 404, 409}
            assert [answer.status_code for answer in answers].count(201) == 1
            assert dav.get(f"{name}/f") == b"begin end"


def test_sets_of_changes_are_all_or_none(stadium, names):
    """Both want to make one file and to count another up, which only one of them can."""
    for name in names:
        with stadium.dav(0) as dav:
            dav.mkcol(name)
            path = (name,)
            sets = [
                [
                    Request("PUT", (name, who), body=who.encode()),
                    Request("MKCOL", (name, "made")),
                    Request("PUT", (name, "made", who), body=who.encode()),
                ]
                for who in ("one", "other")
            ]
            answers = play(
                stadium, *(lambda dav, one=one, path=path: dialects.change(dav, path, one, ()) for one in sets)
            )
            assert sorted(answer.status_code for answer in answers) == [200, 405]
            winner = ("one", "other")[[answer.status_code for answer in answers].index(200)]
            assert {entry.path for entry in dav.walk(name)} == {winner, "made", f"made/{winner}"}


def test_who_follows_a_collection_misses_nothing(stadium, names):
    """Reports are asked for while clients write, move and commit; the last one ends with what is there."""
    for name in names:
        with stadium.dav(0) as dav:
            dav.mkcol(name)
            dav.mkcol(f"{name}/d")
        follower = Follower((name,))
        play(
            stadium,
            lambda dav, name=name: write_move_and_commit(dav, name, "a"),
            lambda dav, name=name: write_move_and_commit(dav, name, "b"),
            lambda dav, follower=follower: [follower.follow(dav, 2) for _ in range(8)],
        )
        with stadium.dav(1) as dav:
            follower.follow(dav, None)
            there = {
                tuple(entry.path.split("/")): (entry.etag or "").strip('"') or None
                for entry in dav.list(name, depth="infinity")
            }
            assert {(name,): None, **follower.kept} == there


def write_move_and_commit(dav: Dav, name: str, who: str) -> None:
    for number in range(10):
        dav.put(f"{name}/d/{who}{number % 3}", b"%d" % number)
        dav.move(f"{name}/d/{who}{number % 3}", f"{name}/{who}{number % 2}")
        if number % 4 == 3:
            dialects.commit(dav, name)
