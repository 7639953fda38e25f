"""What is counted, against what was stored."""

import pytest

from davserver.catalog.tallies import Tallies, Tally
from davserver.collection.change import Copy, Mkdir
from davserver.upkeep.stats import collection_stats, store_stats


@pytest.fixture
def house(premises):
    premises.create("c")
    premises.change("c", Mkdir(("d",)))
    premises.put("c", "d/a", b"a" * 100)
    premises.put("c", "b", b"b" * 200)
    premises.house.commit("c")
    premises.change("c", Copy(("d",), ("e",)))
    premises.put("c", "b", b"B" * 300)
    premises.house.commit("c")
    premises.put("c", "small", b"12345")
    return premises.house


def counted(house, **options):
    view, versions = house.view("c"), house.versions("c")
    with house.read_catalog() as tables:
        tally = Tallies(tables.connection).of_collections(view.info.id)[view.info.id]
    sizes = {"files": view.root.files, "size": view.root.bytes}
    return collection_stats(view.info, versions, tally, house.directories.fetch, **sizes, **options)


def test_a_collection(house):
    stats = counted(house)
    assert (stats.files, stats.folders, stats.bytes) == (4, 2, 505)
    assert (stats.blocks, stats.stored_bytes) == (2, 400)
    assert (stats.versions, stats.version_bytes) == (2, 300 + 500)
    assert (stats.history_blocks, stats.history_bytes) == (3, 600)
    assert (stats.pending, stats.pending_bytes) == (1, 5)
    assert [(one.version, one.files, one.new_blocks, one.new_bytes) for one in stats.growth] == [
        (1, 2, 2, 300),
        (2, 3, 1, 300),
    ]
    assert stats.ratio == 800 / 600
    assert stats.complete


def test_no_more_records_are_read_than_allowed(house):
    read = []

    def fetch(record_hash):
        read.append(record_hash)
        return house.directories.fetch(record_hash)

    view = house.view("c")
    stats = collection_stats(view.info, house.versions("c"), Tally(), fetch, files=0, size=0, most_records=1)
    assert not stats.complete
    assert len(read) <= 2


def test_an_empty_collection(premises):
    row = premises.create("none")
    stats = collection_stats(row, [], Tally(), premises.house.directories.fetch, files=0, size=0)
    assert (stats.folders, stats.blocks, stats.growth, stats.ratio) == (0, 0, [], None)


def test_the_store(premises, house):
    house.edit(lambda edit: edit.trash_collection(edit.create_collection("gone").id))
    with house.read_catalog() as tables:
        stats = store_stats(tables, premises.blocks)
    assert (stats.bytes, stats.version_bytes) == (505, 800)
    assert (stats.blocks, stats.stored_bytes) == (3, 600)
    assert [row.name for row, _ in stats.trashed] == ["gone"]
    assert (stats.trash_blocks, stats.trash_bytes) == (0, 0)
    assert stats.records == 3
    shown = stats.to_json()
    assert shown["ratio"] == 800 / 600
    assert shown["collections"][0]["versions"] == 2
