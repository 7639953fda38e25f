"""The cache of open collections may drop any of them at any time: nobody notices but the clock."""

from __future__ import annotations

from davserver.collection import tree
from davserver.collection.change import Mkdir


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


def test_a_name_that_passes_to_another_collection_is_never_seen_free(house, monkeypatch):
    """The collection is replaced after a reader has found it by its name, and before the reader looks at it."""
    old = house.edit(lambda edit: edit.create_collection("a"))
    find = house._registry.view

    def replace(edit):
        edit.trash_collection(old.id)
        return edit.create_collection("a")

    def find_and_be_overtaken(name):
        monkeypatch.undo()
        found = find(name)
        house.edit(replace)
        return found

    monkeypatch.setattr(house._registry, "view", find_and_be_overtaken)
    view = house.view("a")
    assert view.info.trashed_ns is None
    assert view.info.id != old.id
