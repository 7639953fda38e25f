"""The cache of open collections may drop any of them at any time: nobody notices but the clock."""

from __future__ import annotations

import pytest

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Put
from tests.support.locks import lock_of


def names(view):
    return [path[-1] for path, _ in tree.walk(view.root)]


def make(house, collection, name):
    """Make a folder, and return what was there at that moment."""

    def change(edit):
        view = edit.view(collection)
        seen = names(view)
        edit.apply(view.info.id, Mkdir((name,)))
        return seen

    return house.edit(change)


def test_an_edit_sees_a_collection_as_it_is_although_it_left_the_cache_meanwhile(neighbourhood):
    """A name that the writing side knows must not lead to a state that nobody brings up to date any more."""
    house = neighbourhood.open(open_collections=1)
    for collection in ("a", "b"):
        house.edit(lambda edit, name=collection: edit.create_collection(name))
    seen = []
    for number in range(4):
        make(house, "b", f"{number}")
        seen.append(make(house, "a", f"{number}"))
    assert seen == [[], ["0"], ["0", "1"], ["0", "1", "2"]]
    assert names(house.view("a")) == names(house.view("b")) == ["0", "1", "2", "3"]


@pytest.fixture
def overtaken(house, other, monkeypatch):
    """A collection "a" whose name passes to another one after a look has found it, before the look goes on.

    Call with what becomes of the first one, and whether another process purges it; returns a list that gets the number
    of the one that follows.
    """
    old = house.edit(lambda edit: edit.create_collection("a"))
    find = house._registry.view

    def arrange(leave, *, is_purged):
        def find_and_be_overtaken(name):
            monkeypatch.undo()
            found = find(name)
            house.edit(replace)
            if is_purged:
                with other._catalog.write() as tables:
                    assert tables.garbage.purge([old.id], 1 << 62)
            return found

        def replace(edit):
            leave(edit, old.id)
            successor.append(edit.create_collection("a").id)
            edit.add_lock(lock_of(successor[-1]))

        successor = []
        monkeypatch.setattr(house._registry, "view", find_and_be_overtaken)
        return successor

    return arrange


def trash(edit, collection_id):
    edit.trash_collection(collection_id)


def rename(edit, collection_id):
    edit.rename_collection(collection_id, "b")


LEAVE = pytest.mark.parametrize(
    ("leave", "is_purged"), [(trash, False), (rename, False), (trash, True)], ids=["trashed", "renamed", "purged"]
)


@LEAVE
def test_a_name_that_passes_to_another_collection_is_never_seen_free(house, overtaken, leave, is_purged):
    successor = overtaken(leave, is_purged=is_purged)
    view = house.view("a")
    assert view.info.trashed_ns is None
    assert [view.info.id] == successor


@LEAVE
def test_the_locks_of_a_name_are_those_of_the_collection_that_has_it(house, overtaken, leave, is_purged):
    successor = overtaken(leave, is_purged=is_purged)
    assert [lock.collection_id for lock in house.locks("a")] == successor


@LEAVE
def test_a_commit_makes_a_version_of_the_collection_that_has_the_name(house, overtaken, leave, is_purged):
    successor = overtaken(leave, is_purged=is_purged)
    assert [house.commit("a").collection_id] == successor


def grow(house, collection, folders):
    """Make a collection of so many folders of one folder each, and commit it."""

    def change(edit):
        info = edit.create_collection(collection)
        for number in range(folders):
            edit.apply(info.id, Mkdir((f"{number}",)))
            edit.apply(info.id, Mkdir((f"{number}", "x")))

    house.edit(change)
    house.commit(collection)


def test_what_was_walked_once_does_not_stay_in_memory_and_can_be_walked_again(neighbourhood):
    first = neighbourhood.open()
    for collection in ("a", "b", "c"):
        grow(first, collection, 100)
    house = neighbourhood.open(memory_bytes=1000)
    make(house, "c", "new")
    old = house.view("a").root.get("7")
    walked = names(house.view("a"))
    assert names(house.view("a")) == names(house.view("b")) == walked
    assert len(walked) == 200
    assert not old.loaded
    assert list(old.entries) == ["x"]
    assert "new" in names(house.view("c"))
    assert make(house, "a", "later") == walked
    assert len(names(house.view("a"))) == 201


def test_a_large_directory_that_is_looked_at_again_and_again_stays(neighbourhood):
    neighbourhood.open().edit(lambda edit: edit.create_collection("a"))
    first = neighbourhood.houses[0]
    for number in range(50):
        make(first, "a", f"{number}")
    first.commit("a")
    house = neighbourhood.open(memory_bytes=1)
    root = house.view("a").root
    for _ in range(10):
        assert len(names(house.view("a"))) == 50
    assert house.view("a").root is root


def test_content_that_waits_for_a_commit_is_counted_although_many_collections_are_open(neighbourhood):
    house = neighbourhood.open(open_collections=2)
    for collection in ("a", "b", "c", "d"):
        house.edit(lambda edit, name=collection: edit.create_collection(name))
    with house.upload(10) as upload:
        upload.write(b"0123456789")
        node = upload.finish(Attributes)
    house.edit(lambda edit: edit.apply(edit.view("a").info.id, Put(("f",), node)))
    for collection in ("b", "c", "d"):
        house.view(collection)
    assert house._registry.pending_bytes() == 10
