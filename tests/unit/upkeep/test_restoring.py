"""Restoring a version, or a part of one, while clients write and lock."""

import dataclasses

import pytest

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, Put, Remove
from davserver.collection.filenode import etag_of
from davserver.errors import InvalidOperation, Locked, NotADirectory, NotFound, UnknownVersion
from davserver.upkeep.restoring import Wish, put_back, restore
from davserver.values import parse_path
from tests.support.locks import lock_of


def put(house, name, data):
    with house.upload(len(data)) as upload:
        upload.write(data)
        node = upload.finish(lambda etag: Attributes(etag=etag))
    house.edit(lambda edit: edit.apply(edit.view("c").info.id, Put(parse_path(name), node)))


def names(view):
    return {path[0] for path, _ in tree.walk(view.root)}


def paths(view):
    return {"/".join(path) for path, _ in tree.walk(view.root)}


@pytest.fixture
def past(premises):
    """Version 1 holds folder/deep/file and a file beside it; both are gone or changed now, in no version."""
    premises.create("c")
    premises.change("c", Mkdir(("folder",), Attributes(mtime_ns=7)))
    premises.change("c", Mkdir(("folder", "deep"), Attributes(mtime_ns=8)))
    premises.put("c", "folder/deep/file", b"first")
    premises.put("c", "beside", b"one")
    premises.house.commit("c")
    premises.change("c", Remove(("folder",)))
    premises.put("c", "beside", b"two")
    return premises.house


def lock(view, path):
    return lock_of(view.info.id, path=path, infinite=False, principal="anna")


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


def test_a_file_comes_back_with_the_folders_it_was_in_in_one_change(past):
    before = past.view("c").seq
    assert put_back(past, "c", Wish(number=1, path=parse_path("folder/deep/file")))
    now = past.view("c")
    assert now.seq == before + 1
    assert paths(now) == {"folder", "folder/deep", "folder/deep/file", "beside"}
    assert tree.require(now.root, ("folder",)).attributes.mtime_ns == 7
    assert tree.require(now.root, ("folder", "deep")).attributes.mtime_ns == 8
    was = past.view_version("c", 1)
    file = parse_path("folder/deep/file")
    assert etag_of(tree.require_file(now.root, file)) == etag_of(tree.require_file(was.root, file))


def test_what_was_there_and_in_no_version_is_in_one_now(past):
    put_back(past, "c", Wish(number=1, path=("beside",)))
    two = tree.require_file(past.view_version("c", 2).root, ("beside",))
    assert two.read_at(0, 9, past.blocks) == b"two"
    assert tree.require_file(past.view("c").root, ("beside",)).read_at(0, 9, past.blocks) == b"one"


def test_to_another_place(past):
    put_back(past, "c", Wish(number=1, path=("folder",), to=parse_path("new/place")))
    assert "new/place/deep/file" in paths(past.view("c"))
    assert "folder" not in paths(past.view("c"))
    put_back(past, "c", Wish(number=1, path=("folder",), to=()))
    assert paths(past.view("c")) == {"deep", "deep/file"}


def test_what_is_there_already_changes_nothing(past):
    assert put_back(past, "c", Wish(number=1, path=("beside",)))
    seq = past.view("c").seq
    assert not put_back(past, "c", Wish(number=1, path=("beside",)))
    assert past.view("c").seq == seq


def test_a_restore_survives_a_restart(premises, past):
    put_back(past, "c", Wish(number=1))
    shown = paths(past.view("c"))
    premises.reopen()
    assert paths(premises.house.view("c")) == shown == paths(premises.house.view_version("c", 1))


@pytest.mark.parametrize("path", ["beside", ""])
def test_a_lock_is_held(past, path):
    view = past.view("c")
    past.edit(lambda edit: edit.add_lock(lock(view, ("beside",))))
    with pytest.raises(Locked, match="beside"):
        put_back(past, "c", Wish(number=1, path=parse_path(path)))
    tokens = frozenset({"urn:x"})
    with pytest.raises(Locked):
        put_back(past, "c", Wish(number=1, path=parse_path(path), lock_tokens=tokens, principal="ben"))
    assert put_back(past, "c", Wish(number=1, path=parse_path(path), lock_tokens=tokens, principal="anna"))
    assert len(past.locks("c")) == 1


def test_a_lock_elsewhere_is_in_nobodys_way(past):
    past.edit(lambda edit: edit.add_lock(lock(past.view("c"), ("beside",))))
    assert put_back(past, "c", Wish(number=1, path=("folder",)))


def test_a_lock_on_the_folder_above_is_held(past):
    past.edit(lambda edit: edit.add_lock(lock(past.view("c"), ())))
    with pytest.raises(Locked):
        put_back(past, "c", Wish(number=1, path=("folder",)))


def test_by_force_the_locks_in_the_way_end(past):
    view = past.view("c")
    past.edit(lambda edit: edit.add_lock(lock(view, ("beside",))))
    assert put_back(past, "c", Wish(number=1, path=("folder",), breaks_locks=True))
    assert len(past.locks("c")) == 1
    assert put_back(past, "c", Wish(number=1, breaks_locks=True))
    assert past.locks("c") == []


def test_a_lock_on_what_is_gone_ends(premises, past):
    premises.put("c", "late", b"late")
    past.edit(lambda edit: edit.add_lock(lock(past.view("c"), ("late",))))
    wish = Wish(number=1, lock_tokens=frozenset({"urn:x"}), principal="anna")
    assert put_back(past, "c", wish)
    assert past.locks("c") == []


def test_refusals(past):
    with pytest.raises(UnknownVersion):
        put_back(past, "c", Wish(number=9))
    with pytest.raises(NotFound, match="nothere"):
        put_back(past, "c", Wish(number=1, path=("nothere",)))
    with pytest.raises(InvalidOperation):
        put_back(past, "c", Wish(number=1, path=("beside",), to=()))
    with pytest.raises(NotADirectory):
        put_back(past, "c", Wish(number=1, path=("folder",), to=("beside", "x")))
    assert dataclasses.asdict(past.view("c").info)["version"] <= 2
