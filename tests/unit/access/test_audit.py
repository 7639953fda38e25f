"""The audit log: what changes who may do what is in it if, and only if, it was done; and no secret is."""

from __future__ import annotations

import json
import time

import pytest

from davserver.access import managing, stewarding
from davserver.access.guarded_house import GuardedHouse
from davserver.access.passwords import Passwords
from davserver.access.principal import Principal
from davserver.access.refusals import MOST_IN_A_PAUSE, PAUSE_S, Refusals
from davserver.access.rights import Rights
from davserver.access.roster import Roster
from davserver.blocks.memory import MemoryStore
from davserver.catalog.audit import KEEP_NS, MOST_CHARS
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Annotation, Right
from davserver.cli.main import run
from davserver.collection.attributes import EMPTY
from davserver.collection.change import Put
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.errors import NotFound, NotPermitted
from davserver.live.house import House
from davserver.upkeep.pruning import prune
from davserver.upkeep.retention import Rules


class Scene:
    def __init__(self, path):
        self.now_s = 1_700_000_000.0
        url = f"sqlite:///{path}/catalog.db"
        self.catalog = open_catalog(url)
        self.house = House(self.catalog, MemoryStore(clock=time.time), clock=lambda: self.now_s)
        managing.add_account(self.house, Passwords(), "ann", None)
        self.house.edit(lambda edit: edit.create_collection("c"))

    def events(self):
        with self.house.read_catalog() as tables:
            return [(e.actor, e.address, e.action, e.subject, e.detail) for e in tables.audit.newest(1000)]

    def visited_by(self, name):
        return GuardedHouse(self.house, Rights(Principal(name), Roster(self.house), may_ask=True, origin="192.0.2.7"))


@pytest.fixture
def scene(tmp_path):
    scene = Scene(tmp_path)
    yield scene
    scene.house.close()


def test_what_the_command_line_does(scene):
    house, home = scene.house, ("", "command line")
    managing.add_group(house, "staff")
    managing.join(house, "staff", "ann")
    managing.join(house, "staff", "ann")
    managing.grant(house, "c", "@staff", Right.WRITE, ("a", "b"))
    row, text = managing.add_token(house, "ann", may_write=False, days=None)
    managing.revoke_token(house, row.id)
    managing.leave(house, "staff", "ann")
    managing.remove_group(house, "staff")
    managing.remove_account(house, "ann")
    assert scene.events() == [
        (*home, "user add", "ann", ""),
        (*home, "group add", "staff", ""),
        (*home, "group join", "staff", "ann"),
        (*home, "grant", "c/a/b", "@staff write"),
        (*home, "token create", "ann", f"id {row.id}, scope read"),
        (*home, "token revoke", row.id, ""),
        (*home, "group leave", "staff", "ann"),
        (*home, "group remove", "staff", ""),
        (*home, "user remove", "ann", ""),
    ]
    assert text not in repr(scene.events())


def test_what_a_request_does_is_in_the_name_of_its_maker(scene):
    visited = scene.visited_by("ann")
    made = visited.edit(lambda edit: edit.create_collection("mine"))
    visited.edit(lambda edit: edit.rename_collection(made.id, "renamed"))
    visited.edit(lambda edit: edit.note("anything", "at all", actor="ben", address="elsewhere"))
    visited.edit(lambda edit: edit.trash_collection(made.id))
    visited.edit(lambda edit: edit.restore_collection(made.id, "back"))
    who = ("ann", "192.0.2.7")
    assert scene.events()[1:] == [
        (*who, "collection create", "mine", ""),
        (*who, "collection rename", "mine", "to renamed"),
        (*who, "anything", "at all", ""),
        (*who, "collection trash", "renamed", ""),
        (*who, "collection restore", "back", ""),
    ]


def test_who_lets_history_go_or_limits_somebody_is_in_it(scene):
    visited = scene.visited_by("ann")
    made = visited.edit(lambda edit: edit.create_collection("mine"))
    visited.commit("mine")
    stewarding.annotate(visited, "mine", 1, Annotation(label="sent", kept=True))
    stewarding.annotate(visited, "mine", 1, Annotation(message="only words"))
    stewarding.annotate(visited, "mine", 1, Annotation(label=""))
    stewarding.annotate(visited, "mine", 1, Annotation(kept=False))
    stewarding.set_retention(visited, "mine", Rules(last=1).to_text())
    stewarding.set_retention(visited, "mine", None)
    stewarding.limit(scene.house, "mine", 5)
    managing.set_quota(scene.house, "ann", 7)
    managing.set_owner(scene.house, "mine", None)
    for text in (b"a", b"b", b"c"):
        node = FileNode([MemExtent(text)], EMPTY).freeze()
        visited.edit(lambda edit, node=node: edit.apply(made.id, Put(("f",), node)))
        visited.commit("mine")
    row = scene.house.info("mine")
    for dry_run in (True, False, False):
        prune(scene.catalog, row, Rules(last=1), dry_run=dry_run, noted_ns=1_700_000_000 * 10**9)
    prune(scene.catalog, row, Rules(last=1))
    who, home = ("ann", "192.0.2.7"), ("", "command line")
    assert scene.events()[2:] == [
        (*who, "version release", "mine", "version 1"),
        (*who, "version release", "mine", "version 1"),
        (*who, "retention", "mine", Rules(last=1).to_text()),
        (*who, "retention", "mine", "of the configuration"),
        (*home, "collection quota", "mine", "5"),
        (*home, "user quota", "ann", "7"),
        (*home, "collection owner", "mine", "none"),
        (*home, "prune", "mine", "1, 2, 3"),
    ]


def test_what_was_not_done_is_not_in_it(scene):
    before = scene.events()
    with pytest.raises(NotFound):
        managing.grant(scene.house, "c", "ben", Right.READ)
    with pytest.raises(NotPermitted):
        managing.grant(scene.house, "c", "ann", Right.READ) and scene.visited_by("ann").edit(
            lambda edit: edit.trash_collection(edit.view("c").info.id)
        )
    assert [event[2] for event in scene.events()[len(before) :]] == ["grant"]


def test_a_guesser_does_not_fill_it(scene):
    now_s = 0.0
    refusals = Refusals(scene.house, lambda: now_s)
    for _ in range(5):
        refusals.note("ann", "192.0.2.1")
    assert scene.events()[1:] == [("", "192.0.2.1", "refused", "ann", "")]
    now_s += PAUSE_S
    refusals.note("ann", "192.0.2.1")
    assert len(scene.events()) == 3
    for number in range(2 * MOST_IN_A_PAUSE):
        refusals.note("", f"192.0.2.{number}")
    assert len(scene.events()) == 2 + MOST_IN_A_PAUSE


def test_it_is_bounded_in_time_and_by_value(scene):
    scene.now_s += KEEP_NS / 1e9 + 1
    scene.house.edit(lambda edit: edit.note("grant", "x" * (2 * MOST_CHARS)))
    ((_, _, _, subject, _),) = scene.events()
    assert subject == "x" * MOST_CHARS


def test_the_command_prints_lines_that_steer_no_terminal(scene, tmp_path, capfd):
    scene.house.edit(lambda edit: edit.note("grant", "a\x1b[2J\nfake line"))
    data = ["--data", str(tmp_path)]
    assert run(["audit", *data]) == 0
    printed = capfd.readouterr().out
    assert "\x1b" not in printed
    assert len(printed.splitlines()) == 3
    assert run(["audit", "--json", "--action", "grant", *data]) == 0
    (event,) = json.loads(capfd.readouterr().out)
    assert (event["action"], event["from"]) == ("grant", "command line")
    assert run(["audit", "--json", "--limit", "1", *data]) == 0
    assert len(json.loads(capfd.readouterr().out)) == 1
