"""Repack and prune that end anywhere: one state or the other, and nothing that anybody can see is different."""

import pytest

from davserver.catalog.database import open_catalog
from davserver.collection import tree
from davserver.collection.filenode import etag_of
from davserver.upkeep.fsck import fsck
from davserver.upkeep.pruning import prune
from davserver.upkeep.repacking import repack
from davserver.upkeep.report import Kind
from davserver.upkeep.retention import Rules


class Killed(BaseException):
    """Nobody catches it, as nobody does a kill."""


@pytest.fixture
def house(premises):
    premises.create("c")
    for number in range(6):
        premises.put("c", f"f{number % 3}", bytes([number]) * 200)
        premises.house.commit("c")
    return premises.house


def shown(root, house):
    return {path: (etag_of(node), node.read_at(0, node.size, house.blocks)) for path, node in tree.walk(root)}


def versions(house):
    return {one.number: shown(house.view_version("c", one.number).root, house) for one in house.versions("c")}


def kill_at(monkeypatch, step, *places):
    """Let the call number ``step`` of any of these (object, name) end everything, before or after its work."""
    calls = iter(range(1 << 30))

    def killing(method):
        def call(*arguments, **options):
            number = next(calls)
            if number == step and not number % 2:
                raise Killed
            result = method(*arguments, **options)
            if number == step:
                raise Killed
            return result

        return call

    for owner, name in places:
        monkeypatch.setattr(owner, name, killing(getattr(owner, name)))


def test_a_repack_that_ends_anywhere(premises, house, monkeypatch):
    before, now = versions(house), shown(house.view("c").root, house)
    ends = 0
    for step in range(100):
        with monkeypatch.context() as patch:
            kill_at(patch, step, (house, "edit"), (house.blocks, "put"), (house, "commit"))
            try:
                done = repack(house, "c")
            except Killed:
                ends += 1
            else:
                break
        premises.reopen()
        house = premises.house
        after = versions(house)
        assert {number: after[number] for number in before} == before
        assert all(after[number] == now for number in after if number not in before)
        assert shown(house.view("c").root, house) == now
        assert [one for one in fsck(house).findings if one.kind is not Kind.ORPHANS] == []
    assert ends >= 4
    assert done.version is not None or len(versions(house)) == len(before) + 1


def test_a_removal_that_ends_before_its_commit_removes_nothing(premises, house):
    before = versions(house)
    catalog = open_catalog(f"sqlite:///{premises.catalog_file}")
    with pytest.raises(Killed), catalog.write() as tables:
        assert tables.versions.remove(house.info("c").id, [1, 2, 3])
        raise Killed
    catalog.close()
    premises.reopen()
    house = premises.house
    assert versions(house) == before
    catalog = open_catalog(f"sqlite:///{premises.catalog_file}")
    assert prune(catalog, house.info("c"), Rules(last=2)).gone == [1, 2, 3, 4]
    catalog.close()
    assert versions(house) == {number: before[number] for number in (5, 6)}
