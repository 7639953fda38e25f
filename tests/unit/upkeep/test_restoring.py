"""Restoring a version while a client writes."""

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Put
from davserver.upkeep.restoring import restore


def put(house, name, data):
    with house.upload(len(data)) as upload:
        upload.write(data)
        node = upload.finish(lambda etag: Attributes(etag=etag))
    house.edit(lambda edit: edit.apply(edit.view("c").info.id, Put((name,), node)))


def names(view):
    return {path[0] for path, _ in tree.walk(view.root)}


def test_what_a_client_writes_while_a_version_is_restored_is_in_the_history(premises, monkeypatch):
    house = premises.house
    premises.create("c")
    put(house, "first", b"1")
    wanted = house.commit("c").number
    put(house, "second", b"2")
    late = iter(["third", "fourth"])
    commit = house.commit

    def commit_and_let_a_client_write(name):
        version = commit(name)
        for new in late:
            put(house, new, b"3")
            break
        return version

    monkeypatch.setattr(house, "commit", commit_and_let_a_client_write)
    restore(house, "c", wanted)
    assert names(house.view("c")) == {"first"}
    versions = [names(house.view_version("c", version.number)) for version in house.versions("c")]
    assert {"first", "second", "third", "fourth"} in versions
    assert versions[-1] == {"first"}
