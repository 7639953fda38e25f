"""The caretaker's round: old versions go, then what only they named."""

import os
import time

import pytest

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.errors import Invalid
from davserver.upkeep.caretaker import Caretaker, Schedule
from davserver.upkeep.gc import Yard
from davserver.upkeep.harvest import Policy
from davserver.upkeep.retention import Rules
from tests.support.process import until


class Told:
    """Remembers what it was told."""

    def __init__(self):
        self.heard = []

    def pruned(self, removed):
        self.heard.append(("pruned", removed))

    def collected(self, harvest):
        self.heard.append(("collected", harvest.records))

    def failed(self, error):
        self.heard.append(("failed", error))


@pytest.fixture
def look_after(premises):
    """Run caretakers until each has told something; a clock far ahead makes all that is there old."""
    running = []

    def look_after(rules, count):
        told = Told()

        def open_yard():
            catalog = open_catalog(f"sqlite:///{premises.catalog_file}")
            return Yard(catalog, open_store(premises.block_root), lambda: time.time() + 10**6, os.urandom)

        schedule = Schedule(1000.0, first_s=0.01, retry_s=1000.0)
        caretaker = Caretaker(open_yard, Policy(grace_s=3600, small_store=0, most_share=1), rules, schedule, told)
        running.append(caretaker)
        caretaker.start()
        until(lambda: len(told.heard) >= count)
        return told.heard

    yield look_after
    for caretaker in running:
        caretaker.stop()


@pytest.fixture
def house(premises):
    premises.create("c")
    for number in range(4):
        premises.put("c", "file", bytes([number]) * 100)
        premises.house.commit("c")
    return premises.house


def test_versions_go_before_what_they_named(house, look_after):
    heard = look_after(Rules(last=1), 2)
    assert heard == [("pruned", {"c": 3}), ("collected", 3)]
    assert [version.number for version in house.versions("c")] == [4]


def test_without_rules_every_version_stays(house, look_after):
    assert look_after(Rules(), 2) == [("pruned", {}), ("collected", 0)]
    assert len(house.versions("c")) == 4


def test_rules_that_cannot_be_read_are_told_and_nothing_goes(house, look_after):
    house.edit(lambda edit: edit.set_retention(edit.view("c").info.id, "{}}"))
    ((what, error),) = look_after(Rules(last=1), 1)
    assert what == "failed"
    assert isinstance(error, Invalid)
    assert len(house.versions("c")) == 4
