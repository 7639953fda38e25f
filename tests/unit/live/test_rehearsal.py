"""The rehearsal: everything is done once, and nothing of it is there."""

from __future__ import annotations

from davserver.collection.change import Mkdir
from davserver.live.rehearsal import rehearse


def everything(house):
    with house.read_catalog() as tables:
        rows = tables.collections.live()
        return rows, [tables.journal.after(row.id, 0) for row in rows], [tables.locks.of(row.id) for row in rows]


def test_a_rehearsal_leaves_nothing_behind_and_nobody_sees_it(neighbourhood):
    house, other = neighbourhood.open(), neighbourhood.open()
    house.edit(lambda edit: edit.apply(edit.create_collection("a").id, Mkdir(("x",))))
    before, root = everything(house), other.view("a").root
    rehearse(house)
    rehearse(house)
    assert everything(other) == everything(house) == before
    assert other.view("a").root is root
    house.edit(lambda edit: edit.apply(edit.create_collection("b").id, Mkdir(("y",))))
    assert [info.name for info in other.collections()] == ["a", "b"]
    assert list(other.view("b").root.entries) == ["y"]


def test_the_number_of_a_collection_is_not_used_up(neighbourhood):
    house = neighbourhood.open()
    first = house.edit(lambda edit: edit.create_collection("a").id)
    rehearse(house)
    assert house.edit(lambda edit: edit.create_collection("b").id) == first + 1
