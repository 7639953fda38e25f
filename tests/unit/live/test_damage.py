"""A damaged row of the catalog is an error of the collection it belongs to: never other content, never of another's."""

import sqlite3

import pytest

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Put
from davserver.errors import CatalogCorrupt, JournalCorrupt, RecordCorrupt
from davserver.live.house import House
from davserver.live.keeper import Troubles
from davserver.live.settings import CommitPolicy, LiveSettings
from tests.support.process import until

CONTENT = b"held in the journal until the next commit"


@pytest.fixture
def damaged(tmp_path):
    """Return a function that runs SQL on a catalog with a committed file, journal entries 3 to 5 and a second house."""
    told = []

    def open_house():
        blocks = open_store(tmp_path / "blocks")
        catalog = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
        settings = LiveSettings(policy=CommitPolicy(idle_s=0))
        return House(catalog, blocks, settings=settings, report=lambda name, error: told.append((name, error)))

    def put(house, name, path):
        with house.upload() as upload:
            upload.write(CONTENT)
            node = upload.finish(lambda etag: Attributes(etag=etag))
        house.edit(lambda edit: edit.apply(edit.view(name).info.id, Put((path,), node)))

    house = open_house()
    for name in ("hit", "well"):
        house.edit(lambda edit, name=name: edit.create_collection(name))
        put(house, name, "first")
        house.edit(lambda edit, name=name: edit.apply(edit.view(name).info.id, Mkdir(("d",))))
        house.commit(name)
        for path in ("a", "b", "c"):
            put(house, name, path)
    house.close()
    opened = []

    def damage(statement):
        with sqlite3.connect(tmp_path / "catalog.db") as connection:
            assert connection.execute(statement).rowcount == 1
        connection.close()
        opened.append(open_house())
        opened[-1].told = told
        return opened[-1]

    yield damage
    for house in opened:
        house.close()


TORN = [
    (
        "UPDATE journal SET inline = CAST('H' || substr(inline, 2) AS BLOB) WHERE collection_id = 1 AND seq = 4",
        "digest",
    ),
    (
        "UPDATE journal SET header = CAST('0' || substr(header, 2) AS BLOB) WHERE collection_id = 1 AND seq = 4",
        "digest",
    ),
    ("DELETE FROM journal WHERE collection_id = 1 AND seq = 4", "entry 4 is missing before entry 5"),
    ("DELETE FROM journal WHERE collection_id = 1 AND seq = 3", "entry 3 is missing before entry 4"),
    ("DELETE FROM journal WHERE collection_id = 1 AND seq = 5", "ends at entry 4, its head is 5"),
    ("UPDATE collections SET head_seq = 4 WHERE id = 1", "ends at entry 5, its head is 4"),
    ("UPDATE collections SET head_seq = 700 WHERE id = 1", "ends at entry 5, its head is 700"),
]


@pytest.mark.parametrize(("statement", "reason"), TORN)
def test_a_torn_journal_is_an_error_of_its_collection_alone(damaged, statement, reason):
    house = damaged(statement)
    with pytest.raises(JournalCorrupt, match=reason):
        house.view("hit")
    with pytest.raises(JournalCorrupt, match=reason):
        house.edit(lambda edit: edit.apply(edit.view("hit").info.id, Mkdir(("new",))))
    assert {path for path, _ in tree.walk(house.view("well").root)} == {
        (name,) for name in ("a", "b", "c", "d", "first")
    }
    house.edit(lambda edit: edit.apply(edit.view("well").info.id, Mkdir(("new",))))


@pytest.mark.parametrize(("statement", "reason"), TORN)
def test_the_versions_of_a_torn_collection_can_be_had(damaged, statement, reason):
    house = damaged(statement)
    assert [version.number for version in house.versions("hit")] == [1]
    root = house.view_version("hit", 1).root
    assert root.get("first").read_at(0, len(CONTENT), house.blocks) == CONTENT
    assert ":first\n" in "".join(house.manifest(house.view_version("hit", 1)))


def test_one_torn_journal_does_not_keep_a_server_from_starting(damaged):
    house = damaged(TORN[0][0])
    house.start()
    until(lambda: [version.number for version in house.versions("well")] == [1, 2])
    until(lambda: house.troubles() == Troubles((), 1))
    assert [(name, type(error)) for name, error in house.told] == [("hit", JournalCorrupt)]


def test_a_checkpoint_that_names_no_record(damaged):
    house = damaged("UPDATE collections SET base_root = substr(base_root, 2) || 'f' WHERE id = 1")
    with pytest.raises(RecordCorrupt):
        house.view("hit")


def test_a_version_whose_hash_is_none(damaged):
    """An invalid hash was a fault of the request (400)."""
    house = damaged("UPDATE versions SET pdh = 'x' || substr(pdh, 2) WHERE collection_id = 1")
    with pytest.raises(CatalogCorrupt, match="version 1 of collection 1"):
        house.versions("hit")
    assert len(house.versions("well")) == 1
