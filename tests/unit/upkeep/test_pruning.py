"""Removing versions: what goes, what stays, and what still works without them."""

import pytest

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Annotation, Link
from davserver.collection import tree
from davserver.collection.change import Mkdir, Remove
from davserver.errors import Exists, Invalid, NotFound, UnknownVersion
from davserver.live.past import Forgotten
from davserver.upkeep.fsck import fsck
from davserver.upkeep.gc import Yard, collect
from davserver.upkeep.harvest import Policy
from davserver.upkeep.pruning import prune, prune_all
from davserver.upkeep.restoring import Wish, put_back
from davserver.upkeep.retention import Rules

TWO = Rules(last=2)


@pytest.fixture
def catalog(premises):
    catalog = open_catalog(f"sqlite:///{premises.catalog_file}")
    yield catalog
    catalog.close()


@pytest.fixture
def five(premises):
    """A collection of five versions, each with a block that no other one names."""
    premises.create("c")
    for number in range(1, 6):
        premises.put("c", "file", bytes([number]) * 1000)
        premises.house.commit("c")
    return premises.house


def numbers(house):
    return [version.number for version in house.versions("c")]


def note(house, number, **said):
    return house.edit(lambda edit: edit.annotate(edit.view("c").info.id, number, Annotation(**said)))


def test_what_no_rule_keeps_goes(five, catalog):
    pruned = prune(catalog, five.info("c"), TWO)
    assert pruned.gone == [1, 2, 3]
    assert numbers(five) == [4, 5]
    assert prune(catalog, five.info("c"), TWO).gone == []


def test_a_dry_run_removes_nothing(five, catalog):
    assert prune(catalog, five.info("c"), TWO, dry_run=True).gone == [1, 2, 3]
    assert numbers(five) == [1, 2, 3, 4, 5]


def test_without_rules_nothing_goes(five, catalog):
    assert prune(catalog, five.info("c"), Rules()).gone == []


def test_a_label_or_a_mark_keeps_a_version(five, catalog):
    note(five, 1, label="first")
    note(five, 2, kept=True)
    assert prune(catalog, five.info("c"), TWO).gone == [3]
    note(five, 1, label="")
    note(five, 2, kept=False)
    assert prune(catalog, five.info("c"), TWO).gone == [1, 2]


def test_a_version_that_a_link_leads_to_stays_until_the_link_ends(five, catalog):
    link = Link(
        id="l", digest="d", collection_id=five.info("c").id, path=(), name="c", version=2, made_by=None, created_ns=0
    )
    five.edit(lambda edit: edit.add_link(link))
    assert prune(catalog, five.info("c"), TWO, dry_run=True).gone == [1, 3]
    with catalog.write() as tables:
        assert tables.versions.remove(five.info("c").id, [2]) == []
    assert prune(catalog, five.info("c"), TWO).gone == [1, 3]
    five.edit(lambda edit: edit.remove_link("l"))
    assert prune(catalog, five.info("c"), TWO).gone == [2]


def test_what_is_tagged_after_the_look_stays(five, catalog):
    note(five, 2, label="late")
    with catalog.write() as tables:
        assert tables.versions.remove(five.info("c").id, [1, 2, 5]) == [1]
    assert numbers(five) == [2, 3, 4, 5]


def test_rules_of_its_own_go_before_those_of_the_configuration(five, catalog):
    five.edit(lambda edit: edit.set_retention(edit.view("c").info.id, Rules(last=4).to_text()))
    assert prune_all(catalog, TWO) == {"c": 1}
    five.edit(lambda edit: edit.set_retention(edit.view("c").info.id, Rules().to_text()))
    assert prune_all(catalog, TWO) == {}
    five.edit(lambda edit: edit.set_retention(edit.view("c").info.id, None))
    assert prune_all(catalog, TWO) == {"c": 2}


def test_rules_that_cannot_be_read_remove_nothing(premises, five):
    premises.sql("UPDATE collections SET retention = ?", '{"last": -1}')
    catalog = open_catalog(f"sqlite:///{premises.catalog_file}")
    with pytest.raises(Invalid):
        prune_all(catalog, TWO)
    catalog.close()
    assert numbers(premises.house) == [1, 2, 3, 4, 5]


def test_what_only_removed_versions_named_is_garbage_and_the_rest_is_sound(premises, five, catalog):
    prune(catalog, five.info("c"), TWO)
    late = five.clock() + 10**6
    store = open_store(premises.block_root, clock=lambda: late)
    yard = Yard(open_catalog(f"sqlite:///{premises.catalog_file}"), store, lambda: late, bytes)
    harvest = collect(yard, Policy(grace_s=3600, keep_s=0), force=True)
    yard.close()
    assert harvest.trashed == 3
    assert fsck(five).findings == []
    for number in (4, 5):
        file = tree.require_file(five.view_version("c", number).root, ("file",))
        assert file.read_at(0, 1000, five.blocks) == bytes([number]) * 1000


def test_a_removed_version_cannot_be_restored_or_taken_from(five, catalog):
    gone = five.view_version("c", 1).version
    prune(catalog, five.info("c"), TWO)
    with pytest.raises(UnknownVersion):
        put_back(five, "c", Wish(number=1))
    with pytest.raises(NotFound):
        five.edit(lambda edit: edit.require_version(gone))


def test_the_next_version_has_the_next_number(five, catalog):
    prune(catalog, five.info("c"), Rules(last=1))
    five.edit(lambda edit: edit.apply(edit.view("c").info.id, Mkdir(("new",))))
    assert five.commit("c").number == 6
    assert numbers(five) == [5, 6]


def test_who_asks_what_changed_since_a_removed_version_is_told_to_begin_anew(premises, catalog):
    """What was made after version 1 and taken away after version 2 would never be told."""
    house = premises.house
    premises.create("c")
    premises.change("c", Mkdir(("a",)))
    house.commit("c")
    premises.change("c", Mkdir(("b",)))
    premises.change("c", Mkdir(("b2",)))
    second = house.commit("c").seq
    premises.change("c", Remove(("b",)))
    premises.change("c", Mkdir(("d",)))
    house.commit("c")
    view = house.view("c")
    told = [one.path for one in house.recall(view, second).differences(view.root, (), deep=True)]
    assert ("b",) in told
    prune(catalog, house.info("c"), Rules(last=1))
    with pytest.raises(Forgotten):
        house.recall(view, second)
    with pytest.raises(Forgotten):
        house.recall(view, second - 1)
    assert list(house.recall(view, view.seq).differences(view.root, (), deep=True)) == []


@pytest.mark.parametrize("going", [[], [1], [2], [1, 2]])
def test_what_changed_since_a_commit_that_changed_nothing_is_told_unless_its_version_was_removed(
    premises, catalog, going
):
    house = premises.house
    premises.create("c")
    for name in ("a", "b"):
        premises.change("c", Mkdir((name,)))
        house.commit("c")
    premises.change("c", Mkdir(("short",)))
    premises.change("c", Remove(("short",)))
    unchanged = house.commit("c")
    assert unchanged.number == 2
    seq = house.view("c").seq
    premises.change("c", Mkdir(("d",)))
    premises.change("c", Mkdir(("e",)))
    assert house.commit("c").number == 3
    with catalog.write() as tables:
        assert tables.versions.remove(house.info("c").id, going) == going
    view = house.view("c")
    for since, told in [(seq, [("d",), ("e",)]), (seq + 1, [("e",)])]:
        if 2 in going:
            with pytest.raises(Forgotten):
                house.recall(view, since)
        else:
            found = house.recall(view, since).differences(view.root, (), deep=True)
            assert set(told) <= {one.path for one in found} <= {("d",), ("e",)}


class TestLabels:
    def test_a_label_is_one_versions(self, five):
        note(five, 1, label="a", message="the first\none")
        with pytest.raises(Exists, match="version 1 has the label 'a'"):
            note(five, 2, label="a")
        assert note(five, 1, label="a").message == "the first\none"
        note(five, 1, label="")
        assert note(five, 2, label="a").label == "a"

    def test_what_is_not_said_stays(self, five):
        note(five, 1, label="a", message="m", kept=True)
        assert note(five, 1) == five.view_version("c", 1).version
        said = note(five, 1, message="")
        assert (said.label, said.message, said.kept) == ("a", None, True)

    @pytest.mark.parametrize("label", ["12", "live", "a/b", "a+1", " a", "a\n", "\x00", "x" * 101, "\ud800"])
    def test_what_is_no_label(self, five, label):
        with pytest.raises(Invalid):
            note(five, 1, label=label)
        assert five.view_version("c", 1).version.label is None

    def test_what_is_no_message_or_no_version(self, five):
        with pytest.raises(Invalid):
            note(five, 1, message="\x07")
        with pytest.raises(UnknownVersion):
            note(five, 9, label="a")

    def test_it_survives_a_restart_and_a_commit(self, premises, five):
        note(five, 5, label="a")
        premises.reopen()
        assert premises.house.commit("c").label == "a"


@pytest.mark.parametrize("going", [[], [1], [1, 2, 3, 4], [4, 2]])
@pytest.mark.parametrize("at_once", [2, 200])
def test_the_trails_that_begin_or_end_at_a_version_go_with_it_and_no_other(five, catalog, monkeypatch, going, at_once):
    monkeypatch.setattr("davserver.catalog.versions._REMOVED_AT_ONCE", at_once)
    key = five.info("c").id
    seqs = [version.seq for version in five.versions("c") if version.number in going]
    with catalog.read() as tables:
        before = [tables.trails.over(key, number) for number in range(5)]
    assert [(trail.after_seq, trail.seq) for trail in before] == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    with catalog.write() as tables:
        assert sorted(tables.versions.remove(key, going)) == sorted(going)
    with catalog.read() as tables:
        after = [tables.trails.over(key, number) for number in range(5)]
    gone = {trail.seq for trail in before if {trail.after_seq, trail.seq} & set(seqs)}
    assert after == [None if trail.seq in gone else trail for trail in before]
