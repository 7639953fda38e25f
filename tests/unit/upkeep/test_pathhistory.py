"""The history of single paths, and what was deleted, page by page."""

import pytest

from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Move, Remove, SetAttributes
from davserver.upkeep import pathhistory
from davserver.upkeep.importing import import_manifest
from davserver.upkeep.pathhistory import deletions, turns
from davserver.upkeep.repacking import repack


@pytest.fixture
def house(premises):
    premises.create("c")
    premises.put("c", "other", b"0")
    premises.house.commit("c")  # 1
    premises.put("c", "file", b"1")
    premises.house.commit("c")  # 2
    premises.put("c", "other", b"3")
    premises.house.commit("c")  # 3
    premises.put("c", "file", b"4")
    premises.house.commit("c")  # 4
    premises.change("c", Remove(("file",)))
    premises.house.commit("c")  # 5
    premises.change("c", Mkdir(("d",)))
    premises.put("c", "d/x", b"6")
    premises.put("c", "file", b"6")
    premises.house.commit("c")  # 6
    return premises.house


def numbers(page):
    return [(turn.version.number, None if turn.node is None else turn.node.size) for turn in page.found]


def test_a_file_that_came_changed_went_and_came_again(house):
    page = turns(house, "c", ("file",))
    assert numbers(page) == [(6, 1), (5, None), (4, 1), (2, 1)]
    assert page.before is None


def test_pages_join(house):
    whole = numbers(turns(house, "c", ("file",)))
    found, before = [], None
    while True:
        page = turns(house, "c", ("file",), before=before, most=1)
        found += numbers(page)
        before = page.before
        if before is None:
            break
    assert found == whole


def test_a_page_looks_at_so_many_versions(house, monkeypatch):
    whole = numbers(turns(house, "c", ("file",)))
    monkeypatch.setattr(pathhistory, "VERSIONS_AT_ONCE", 2)
    found, before, pages = [], None, 0
    while True:
        page = turns(house, "c", ("file",), before=before)
        found += numbers(page)
        before, pages = page.before, pages + 1
        if before is None:
            break
    assert found == whole
    assert pages > 2


def test_a_folder_changes_with_what_is_in_it(premises, house):
    premises.put("c", "d/y", b"7")
    house.commit("c")
    assert [number for number, _ in numbers_of_folder(turns(house, "c", ("d",)))] == [7, 6]


def numbers_of_folder(page):
    return [(turn.version.number, turn.node) for turn in page.found]


def test_a_repacking_changes_nothing(premises, house):
    one, two = house.blocks.put(b"one"), house.blocks.put(b"two")
    import_manifest(house, "old", [f". {one} {two} 0:4:a 4:2:b\n"])
    imported = house.view("old").info.version
    assert repack(house, "old").version is not None
    assert [turn.version.number for turn in turns(house, "old", ("a",)).found] == [imported]


def test_times_count(premises, house):
    premises.change("c", SetAttributes(("other",), Attributes("e", 9)))
    house.commit("c")
    assert numbers(turns(house, "c", ("other",)))[0] == (7, 1)


def test_what_never_was_has_no_history(house):
    assert turns(house, "c", ("nothere",)).found == []


def gone(page):
    return [("/".join(one.path), one.version.number) for one in page.found]


def test_what_is_gone_is_told_with_its_last_version(premises, house):
    premises.change("c", Remove(("d",)))
    premises.change("c", Move(("other",), ("moved",)))
    assert gone(deletions(house, "c")) == [("d", 6)]
    house.commit("c")
    premises.change("c", Remove(("file",)))
    assert gone(deletions(house, "c")) == [("file", 7), ("d", 6)]
    assert gone(deletions(house, "c", ("d",))) == [("d", 6)]


def test_what_came_back_is_not_gone(premises, house):
    assert deletions(house, "c").found == []


def test_what_was_never_in_a_version_is_not_told(premises, house):
    premises.put("c", "brief", b"1")
    premises.change("c", Remove(("brief",)))
    assert deletions(house, "c").found == []


def test_deletions_come_in_pages(premises, house):
    for name in ("file", "other"):
        premises.change("c", Remove((name,)))
        house.commit("c")
    first = deletions(house, "c", most=1)
    assert gone(first) == [("other", 7)]
    rest = deletions(house, "c", before=first.before)
    assert gone(rest) == [("file", 6)]
    assert rest.before is None
