"""What a link shows: the house and the edit behind it are reached by what was written for it, and by nothing else."""

from __future__ import annotations

import inspect
import time

import pytest

from davserver.access.dropfolder import DropEdit, DropHouse
from davserver.access.sharedhouse import SharedHouse, shared_view
from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Link
from davserver.collection import tree
from davserver.collection.attributes import EMPTY
from davserver.collection.change import Mkdir, Put, Remove
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.errors import NotFound, NotPermitted
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.values import format_path

TEXT = "x" * 24
SEEN = {"collections", "view", "view_uuid", "locks", "allowance", "allowance_over"}
TAKEN = {"upload", "whole", "lease", "edit"}


def file(content: bytes) -> FileNode:
    return FileNode([MemExtent(content)], EMPTY).freeze()


def everything_below(node, path=()):
    for name, member in node.items():
        yield format_path((*path, name))
        if not isinstance(member, FileNode):
            yield from everything_below(member, (*path, name))


@pytest.fixture
def house(tmp_path):
    """A house with a collection ``secret``."""
    house = House(open_catalog(f"sqlite:///{tmp_path}/catalog.db"), MemoryStore(clock=time.time))

    def fill(edit):
        info = edit.create_collection("secret")
        for path in (("a",), ("a", "b"), ("other",)):
            edit.apply(info.id, Mkdir(path, EMPTY))
        for path in (("a", "f"), ("a", "b", "g"), ("other", "h"), ("top",)):
            edit.apply(info.id, Put(path, file(b"x")))

    house.edit(fill)
    yield house
    house.close()


def link_to(house, path, **more) -> Link:
    number = house.info("secret").id
    name = path[-1] if path else "secret"
    return Link(id="1", digest="", collection_id=number, path=path, name=name, made_by=None, created_ns=1, **more)


def shown(house, link):
    return shared_view(house, link, house.info("secret").uuid, TEXT)


@pytest.mark.parametrize(
    ("path", "more", "seen"),
    [
        (("a",), {}, {"a", "a/f", "a/b", "a/b/g"}),
        (("a", "b"), {}, {"b", "b/g"}),
        (("a", "f"), {}, {"f"}),
        ((), {}, {"secret", *(f"secret/{each}" for each in ("a", "a/f", "a/b", "a/b/g", "other", "other/h", "top"))}),
        (("a",), {"is_drop": True}, {"a"}),
    ],
)
def test_the_tree_has_what_is_shared_under_its_name_and_nothing_else(house, path, more, seen):
    view = shown(house, link_to(house, path, **more))
    assert set(everything_below(view.root)) == seen
    info = house.info("secret")
    assert view.seq is None
    assert not {info.id, info.uuid, info.name} & {view.info.id, view.info.uuid, view.info.name}


@pytest.mark.parametrize(("path", "more"), [(("none",), {}), (("a",), {"version": 7}), (("a", "f"), {"is_drop": True})])
def test_what_is_not_there_is_not_shared(house, path, more):
    with pytest.raises(NotFound):
        shown(house, link_to(house, path, **more))


@pytest.mark.parametrize(("kind", "plain", "written"), [(SharedHouse, House, SEEN), (DropHouse, House, SEEN | TAKEN)])
def test_nothing_of_the_house_behind_is_reached_but_what_is_written(house, kind, plain, written):
    link = link_to(house, ("a",), is_drop=kind is DropHouse)
    view = shown(house, link)
    by_link = SharedHouse(house, view) if kind is SharedHouse else DropHouse(house, view, link, lambda _edit, _id: link)
    for name, member in vars(plain).items():
        if name.startswith("_") or name in written or not inspect.isfunction(member):
            continue
        wanted = [each.name for each in inspect.signature(getattr(by_link, name)).parameters.values()]
        with pytest.raises((AttributeError, NotPermitted)):
            answer = getattr(by_link, name)(**{each: b"" if each == "body" else None for each in wanted})
            if hasattr(answer, "__enter__"):
                answer.__enter__()
            list(answer)


def test_an_edit_of_a_drop_folder_puts_files_there_and_does_nothing_else(house):
    link = link_to(house, ("a",), is_drop=True)
    view = shown(house, link)
    before = house.view("secret").root

    def on(change):
        return house.edit(lambda edit: DropEdit(edit, view, link, "chance").apply(0, change))

    for change in (Put(("f",), file(b"y")), Put(("a", "b", "x"), file(b"y")), Put(("b", "x"), file(b"y")),
                   Remove(("a", "f")), Mkdir(("a", "d"), EMPTY)):  # fmt: skip
        with pytest.raises(NotPermitted):
            on(change)
    assert house.view("secret").root == before
    assert on(Put(("a", "f"), file(b"y"))) == view.root
    assert on(Put(("a", "b"), file(b"y"))) == view.root
    added = set(everything_below(house.view("secret").root)) - set(everything_below(before))
    assert added == {"a/f (2)", "a/b (2)"}


def test_of_one_name_any_number_fits(house):
    link = link_to(house, ("a",), is_drop=True)
    view = shown(house, link)

    def fill(edit):
        for number in range(105):
            DropEdit(edit, view, link, f"chance {number}").apply(0, Put(("a", "same.txt"), file(b"%d" % number)))

    house.edit(fill)
    names = [name for name, _ in tree.lookup(house.view("secret").root, ("a",)).items() if name.startswith("same")]
    assert len(names) == 105
    assert "same (99).txt" in names
    assert any("chance" in name for name in names)


@pytest.mark.parametrize("name", ["access", "links", "tables", "purge", "trash_collection", "graft", "uploads"])
def test_the_edit_behind_a_drop_folder_is_not_reached(name):
    class Inner:
        now_ns = 0

    edit = DropEdit(Inner(), None, None, "")
    member = inspect.getattr_static(Edit, name)
    with pytest.raises(AttributeError):
        if isinstance(member, property):
            getattr(edit, name)
        else:
            getattr(edit, name)(*([None] * (len(inspect.signature(member).parameters) - 1)))
