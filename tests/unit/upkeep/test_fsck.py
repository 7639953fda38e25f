"""Each kind of damage is found, named, and told from what is well."""

import json

import pytest

from davserver.catalog.grafts import Grafts
from davserver.collection.change import Copy, Mkdir, Remove
from davserver.upkeep.fsck import fsck
from davserver.upkeep.importing import import_manifest
from davserver.upkeep.report import Kind, Place


def stored(node):
    return node.extents[0].locator


@pytest.fixture
def photos(premises):
    """Version 1 has ``a`` and ``d/b``; version 2 and the head share both; the head has ``c`` in its journal."""
    premises.create("photos")
    a = premises.put("photos", "a", b"alpha" * 100)
    premises.change("photos", Mkdir(("d",)))
    b = premises.put("photos", "d/b", b"bravo" * 100)
    premises.house.commit("photos")
    premises.change("photos", Mkdir(("e",)))
    premises.house.commit("photos")
    c = premises.put("photos", "c", b"charlie" * 100)
    return stored(a), stored(b), stored(c)


def kinds(report):
    return [finding.kind for finding in report.findings]


def test_all_is_well(premises, photos):
    premises.put("photos", "small", b"inline")
    premises.house.edit(lambda edit: edit.trash_collection(edit.view("photos").info.id))
    premises.create("empty")
    report = fsck(premises.house)
    assert report.findings == []
    assert report.exit_status == 0
    assert (report.collections, report.versions, report.blocks, report.block_bytes) == (2, 2, 3, 1700)
    assert json.loads(json.dumps(report.to_json()))["ok"] is True


def test_a_missing_block_names_every_file_it_hits(premises, photos):
    _, b, _ = photos
    premises.block_file(b).unlink()
    report = fsck(premises.house)
    assert kinds(report) == [Kind.BLOCK_MISSING]
    assert report.findings[0].subject == str(b)
    assert report.findings[0].places == (Place("photos", "d/b", (1, 2), head=True),)
    assert report.exit_status == 1
    assert json.loads(json.dumps(report.to_json()))["findings"][0]["places"][0]["path"] == "d/b"


def test_a_block_of_the_journal_hits_only_the_head(premises, photos):
    _, _, c = photos
    premises.block_file(c).unlink()
    report = fsck(premises.house)
    assert report.findings[0].places == (Place("photos", "c", (), head=True),)


def test_one_flipped_bit_is_found_though_the_block_was_served_before(premises, photos):
    a, _, _ = photos
    assert premises.blocks.get(a)
    path = premises.block_file(a)
    data = bytearray(path.read_bytes())
    data[77] ^= 4
    path.write_bytes(data)
    report = fsck(premises.house)
    assert kinds(report) == [Kind.BLOCK_CORRUPT]
    assert report.findings[0].places == (Place("photos", "a", (1, 2), head=True),)


def test_a_short_block_is_told_from_one_with_other_bytes(premises, photos):
    a, _, _ = photos
    path = premises.block_file(a)
    path.write_bytes(path.read_bytes()[:-1])
    report = fsck(premises.house)
    assert kinds(report) == [Kind.BLOCK_SIZE]
    assert "499 bytes" in report.findings[0].message


def test_an_unreadable_block_does_not_end_the_check(premises, photos):
    a, b, _ = photos
    premises.block_file(a).unlink()
    premises.block_file(a).symlink_to(premises.block_file(a))
    premises.block_file(b).unlink()
    report = fsck(premises.house)
    assert sorted(kinds(report)) == [Kind.BLOCK_MISSING, Kind.BLOCK_UNREADABLE, Kind.INDEX]


def test_one_block_hits_copies_in_other_collections(premises, photos):
    a, _, _ = photos
    premises.create("copies")
    premises.put("copies", "x", b"alpha" * 100)
    premises.change("copies", Copy(("x",), ("y",)))
    premises.block_file(a).unlink()
    report = fsck(premises.house)
    assert report.findings[0].places == (
        Place("copies", "x", (), head=True),
        Place("copies", "y", (), head=True),
        Place("photos", "a", (1, 2), head=True),
    )


def test_blocks_that_nobody_names_are_told_but_are_no_error(premises, photos):
    premises.blocks.put(b"nobody's")
    report = fsck(premises.house)
    assert kinds(report) == [Kind.ORPHANS]
    assert (report.orphan_blocks, report.orphan_bytes) == (1, 8)
    assert report.exit_status == 0


def test_what_a_later_entry_took_away_is_neither_orphan_nor_checked_as_a_file(premises, photos):
    premises.change("photos", Remove(("c",)))
    assert fsck(premises.house).findings == []


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM records WHERE hash = ?", "missing"),
        ("UPDATE records SET body = CAST(body || x'20' AS BLOB) WHERE hash = ?", "do not have this hash"),
    ],
)
def test_a_bad_record_names_the_directory_in_each_version(premises, photos, statement, reason):
    record = premises.house.view_version("photos", 1).root.get("d").record
    assert premises.sql(statement, record) == 1
    report = fsck(premises.house)
    assert set(kinds(report)) == {Kind.RECORD, Kind.ORPHANS}
    finding = report.errors[0]
    assert finding.subject == record
    assert reason in finding.message
    assert finding.places == (Place("photos", "d/", (1, 2), head=True),)


def test_a_bad_root_record(premises, photos):
    record = premises.house.view_version("photos", 1).version.root
    premises.sql("DELETE FROM records WHERE hash = ?", record)
    report = fsck(premises.house)
    assert [finding.subject for finding in report.errors] == [record]
    assert report.errors[0].places == (Place("photos", "/", (1,)),)


def test_a_version_whose_text_has_another_hash(premises, photos):
    premises.sql("UPDATE versions SET pdh = ? WHERE number = 2", "0" * 32 + "+5")
    report = fsck(premises.house)
    assert kinds(report) == [Kind.MANIFEST]
    assert report.findings[0].subject == "photos"
    assert "version 2" in report.findings[0].message


def test_a_version_with_other_totals(premises, photos):
    premises.sql("UPDATE versions SET files = files + 1 WHERE number = 1")
    report = fsck(premises.house)
    assert kinds(report) == [Kind.VERSION]
    assert "version 1" in report.findings[0].message


def test_a_checkpoint_that_is_not_the_newest_version(premises, photos):
    premises.sql("DELETE FROM versions WHERE number = 2")
    assert kinds(fsck(premises.house)) == [Kind.VERSION]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE journal SET header = x'7b7d'", "header does not have its digest"),
        ("UPDATE journal SET inline = CAST(inline || x'00' AS BLOB)", "do not have their digest"),
        ("DELETE FROM journal", "missing"),
        ("UPDATE journal SET seq = seq + 1", "missing before"),
    ],
)
def test_a_journal_that_does_not_lead_to_the_head(premises, photos, statement, reason):
    assert premises.sql(statement) == 1
    report = fsck(premises.house)
    assert kinds(report)[0] == Kind.JOURNAL
    assert report.findings[0].subject == "photos"
    assert reason in report.findings[0].message


def test_an_entry_that_cannot_be_applied(premises, photos):
    premises.put("photos", "x", b"inline")
    premises.change("photos", Remove(("x",)))
    premises.sql("DELETE FROM journal WHERE seq = (SELECT max(seq) - 1 FROM journal)")
    premises.sql("UPDATE journal SET seq = seq - 1 WHERE seq = (SELECT max(seq) FROM journal)")
    premises.sql("UPDATE collections SET head_seq = head_seq - 1")
    report = fsck(premises.house)
    assert kinds(report)[0] == Kind.JOURNAL
    assert "not found: x" in report.findings[0].message


def test_an_imported_text_that_is_gone(premises):
    foo = premises.blocks.put(b"foo")
    import_manifest(premises.house, "imported", [f". {foo} 0:3:b 0:3:a\n"])
    assert fsck(premises.house).findings == []
    assert premises.sql("DELETE FROM texts") == 1
    report = fsck(premises.house)
    assert kinds(report) == [Kind.MANIFEST]
    assert "missing from the catalog" in report.findings[0].message


def test_a_record_with_wrong_totals(premises, photos):
    """A record that a bug wrote: its hash is right, its sums are not."""
    import hashlib

    root = premises.house.view_version("photos", 2).version.root
    with premises.house.read_catalog() as tables:
        body = tables.records.get(root)
    wrong = body.replace(b'"f":2', b'"f":3')
    assert wrong != body
    name = hashlib.sha256(wrong).hexdigest()
    premises.sql("INSERT INTO records (hash, added_ns, body) VALUES (?, 0, ?)", name, wrong)
    premises.sql("UPDATE versions SET root = ? WHERE number = 2", name)
    premises.sql("UPDATE collections SET base_root = ?", name)
    assert Kind.TOTALS in kinds(fsck(premises.house))


def test_progress_tells_what_and_how_much(premises, photos):
    told = []
    fsck(premises.house, progress=lambda what, done, total: told.append((what, done, total)))
    assert told[0] == ("collections", 0, 1)
    assert ("collections", 1, 1) in told
    assert told[-1] == ("blocks", 3, 3)


def test_a_deep_tree_is_checked_without_recursion(premises):
    foo = premises.blocks.put(b"foo")
    deep = "./" + "/".join(["d"] * 1200)
    import_manifest(premises.house, "deep", [f"{deep} {foo} 0:3:a\n"])
    assert fsck(premises.house).findings == []
    premises.block_file(foo).unlink()
    assert fsck(premises.house).findings[0].places[0].path == deep[2:] + "/a"


def test_a_commit_in_the_middle_of_a_look_is_no_damage(premises):
    """It drops the note that an entry needs another collection: the entry is in a version now."""
    house = premises.house
    for name in ("here", "there"):
        premises.create(name)
    premises.change("there", Mkdir(("d",)))
    for number in range(100):
        premises.put("there", f"d/{number}", b"content")
    here, there = (house.view(name).info.id for name in ("here", "there"))
    house.edit(lambda edit: edit.graft(here, ("d",), there, ("d",)))
    with house.read_catalog() as tables:
        assert Grafts(tables.connection).all()

    def commit(_what, done, total):
        if done == total:
            house.commit("here")

    assert Kind.GRAFT not in kinds(fsck(house, progress=commit))
    with house.read_catalog() as tables:
        assert not Grafts(tables.connection).all()
