"""What goes, what stays, and what gc refuses to believe."""

import hashlib
import json
import os
import sqlite3

import pytest

from davserver.blocks.open import open_store
from davserver.blocks.restoring import RestoringStore
from davserver.catalog.database import open_catalog
from davserver.collection.attributes import EMPTY, Attributes
from davserver.collection.change import Mkdir, Put, Remove, Splice
from davserver.errors import (
    AlreadyAtWork,
    BlockMissing,
    Implausible,
    JournalCorrupt,
    NotFound,
    RecordCorrupt,
    StoreUnavailable,
)
from davserver.live.house import House
from davserver.live.settings import LiveSettings
from davserver.live.uploads import LIFETIME_S, append, begin
from davserver.upkeep.fsck import fsck
from davserver.upkeep.gc import TASK, Run, Yard, collect
from davserver.upkeep.harvest import Policy
from davserver.upkeep.importing import import_manifest
from davserver.upkeep.owner import claim, owner_of
from davserver.values import Locator, parse_path
from tests.support.process import until

FRESH_S, GRACE_S, KEEP_S, PURGE_S = 100, 300, 1000, 2000
POLICY = Policy(grace_s=GRACE_S, keep_s=KEEP_S, purge_s=PURGE_S)


class Ground:
    """A house and a gc on the same data, under one clock that stands still until somebody moves it."""

    def __init__(self, directory):
        self.directory = directory
        self.now_s = 1_700_000_000.0
        self.blocks = open_store(directory / "blocks", clock=self.clock)
        self.catalog = open_catalog(f"sqlite:///{directory}/catalog.db")
        self.house = self.open_house()
        self.yard = Yard(self.catalog, self.blocks, self.clock, os.urandom)

    def clock(self):
        return self.now_s

    def open_house(self):
        settings = LiveSettings(inline_bytes=64, block_bytes=1000, fresh_s=FRESH_S)
        return House(
            open_catalog(f"sqlite:///{self.directory}/catalog.db"), self.blocks, settings=settings, clock=self.clock
        )

    def close(self):
        self.house.close()
        self.catalog.close()
        self.blocks.close()

    def wait(self, seconds):
        self.now_s += seconds

    def collect(self, **options):
        return collect(self.yard, POLICY, **options)

    def create(self, name):
        return self.house.edit(lambda edit: edit.create_collection(name))

    def change(self, name, change):
        return self.house.edit(lambda edit: edit.apply(edit.view(name).info.id, change))

    def receive(self, data):
        with self.house.upload(len(data)) as upload:
            upload.write(data)
            return upload.finish(lambda etag: Attributes(etag=etag))

    def put(self, name, path, data):
        node = self.receive(data)
        self.change(name, Put(parse_path(path), node))
        return node.extents[0].locator

    def trash(self, name):
        self.house.edit(lambda edit: edit.trash_collection(edit.view(name).info.id))

    def has(self, locator):
        try:
            self.blocks.stat(locator)
        except BlockMissing:
            return False
        return True

    def count(self, table):
        with sqlite3.connect(self.directory / "catalog.db") as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.fixture
def ground(tmp_path):
    ground = Ground(tmp_path)
    yield ground
    ground.close()


@pytest.fixture
def photos(ground):
    ground.create("photos")
    return ground.put("photos", "a", b"alpha" * 100)


def test_what_nobody_names_goes_after_its_grace_and_is_deleted_after_the_trash(ground, photos):
    lost = ground.blocks.put(b"lost")
    assert (ground.collect().garbage, ground.has(lost)) == (0, True)
    ground.wait(GRACE_S + 1)
    harvest = ground.collect()
    assert (harvest.blocks, harvest.named, harvest.trashed, harvest.trashed_bytes) == (2, 1, 1, 4)
    assert not ground.has(lost)
    assert [block.md5 for block in ground.blocks.trashed()] == [lost.md5]
    ground.wait(KEEP_S + 1)
    assert ground.collect().emptied == 1
    assert list(ground.blocks.trashed()) == []
    assert fsck(ground.house).findings == []


def test_a_dry_run_tells_and_touches_nothing(ground, photos):
    lost = ground.blocks.put(b"lost")
    ground.create("old")
    ground.put("old", "x", b"xray" * 100)
    ground.house.commit("old")
    ground.trash("old")
    ground.wait(PURGE_S + 1)
    harvest = ground.collect(dry_run=True)
    assert (harvest.named, harvest.garbage, harvest.trashed, harvest.records) == (1, 2, 0, 1)
    assert str(lost) in harvest.going
    assert [text.split()[0] for text in harvest.purged] == ["old"]
    assert json.loads(json.dumps(harvest.to_json()))["dry_run"] is True
    assert ground.has(lost)
    assert ground.count("collections") == 2
    assert ground.blocks.claims() == {}
    after = ground.collect()
    assert (after.garbage, after.records, after.purged) == (harvest.garbage, harvest.records, harvest.purged)


def test_versions_the_trash_and_the_journal_are_names(ground, photos):
    ground.house.commit("photos")
    ground.change("photos", Remove(("a",)))
    only_in_the_journal = ground.put("photos", "b", b"bravo" * 100)
    ground.change("photos", Remove(("b",)))
    ground.create("bin")
    in_the_trash = ground.put("bin", "c", b"charlie" * 100)
    ground.trash("bin")
    ground.wait(GRACE_S + 1)
    assert ground.collect().garbage == 0
    assert all(ground.has(locator) for locator in (photos, only_in_the_journal, in_the_trash))


def test_an_open_upload_is_a_name_until_it_expires(ground, photos):
    node = ground.receive(b"upload" * 100)
    limits = ground.house.settings
    upload = ground.house.edit(lambda edit: begin(edit, limits, token="t", principal="p", request="", length=None))
    ground.house.edit(lambda edit: append(edit, limits, upload, node.extents))
    locator = node.extents[0].locator
    ground.wait(LIFETIME_S - 1)
    assert (ground.collect().uploads, ground.has(locator)) == (0, True)
    ground.wait(2)
    dry = ground.collect(dry_run=True)
    harvest = ground.collect()
    assert (dry.uploads, dry.garbage) == (harvest.uploads, harvest.garbage) == (1, 1)
    assert not ground.has(locator)
    assert ground.count("upload_parts") == 0


def test_a_text_that_was_imported_names_blocks_that_no_file_uses(ground):
    used, unused = ground.blocks.put(b"used"), ground.blocks.put(b"unused")
    import_manifest(ground.house, "photos", [f". {used} {unused} 0:4:a\n"])
    ground.wait(GRACE_S + 1)
    assert ground.collect().garbage == 0
    ground.trash("photos")
    ground.wait(PURGE_S + 1)
    harvest = ground.collect(force=True)
    assert (harvest.trashed, harvest.texts, harvest.records) == (2, 1, 1)
    assert [ground.count(table) for table in ("collections", "versions", "texts", "records")] == [0, 0, 0, 0]


def test_records_of_an_import_that_never_ended_go(ground, photos):
    ground.house.commit("photos")
    ground.house.edit(lambda edit: edit.add_records([("ab" * 32, b"left behind")]))
    assert ground.collect().records == 0
    ground.wait(GRACE_S + 1)
    harvest = ground.collect()
    assert (harvest.records, harvest.record_bytes) == (1, 11)
    assert ground.count("records") == 1
    assert fsck(ground.house).findings == []


def test_a_record_that_comes_again_is_young_again(ground, photos):
    """Between the mark and the sweep, a commit may store a directory that was garbage until then."""
    ground.house.commit("photos")
    stale = [("ab" * 32, b"left behind")]
    ground.house.edit(lambda edit: edit.add_records(stale))
    ground.wait(GRACE_S + 1)
    for step in Run(ground.yard, POLICY, dry_run=False, force=False, progress=lambda *_: None).steps():
        if step == "surveyed":
            ground.house.edit(lambda edit: edit.add_records(stale))
    assert ground.count("records") == 2


def test_a_trashed_collection_is_purged_in_its_time_and_its_id_is_nobody_elses(ground, photos):
    old = ground.create("old")
    ground.put("old", "x", b"xray" * 100)
    ground.house.commit("old")
    ground.put("old", "y", b"yankee" * 100)
    ground.trash("old")
    ground.wait(PURGE_S - 1)
    assert ground.collect().purged == []
    ground.wait(2)
    harvest = ground.collect()
    assert (len(harvest.purged), harvest.trashed) == (1, 2)
    with pytest.raises(NotFound):
        ground.house.view_uuid(old.uuid)
    with pytest.raises(NotFound):
        ground.house.edit(lambda edit: edit.restore_collection(old.id, "back"))
    assert ground.create("new").id > old.id
    assert fsck(ground.house).findings == []


def test_a_collection_stays_as_long_as_anothers_entries_need_its_journal(ground, photos):
    source = ground.create("source")
    ground.change("source", Mkdir(("d",)))
    for number in range(70):  # more than what an entry would write out
        ground.put("source", f"d/{number}", b"%03d" % number * 100)
    there = ground.house.view("photos").info.id
    ground.house.edit(lambda edit: edit.graft(there, ("d",), source.id, ("d",)))
    ground.trash("source")
    ground.wait(PURGE_S + 1)
    assert ground.collect().purged == []
    assert fsck(ground.house).findings == []
    ground.house.commit("photos")
    assert len(ground.collect().purged) == 1
    assert fsck(ground.house).findings == []


def test_collections_that_need_each_other_go_together(ground, photos):
    ids = {}
    for name in ("one", "two"):
        ids[name] = ground.create(name).id
        ground.change(name, Mkdir(("d",)))
        for number in range(70):
            ground.put(name, f"d/{number}", b"%b%03d" % (name.encode(), number) * 100)
    for here, there in (("one", "two"), ("two", "one")):
        ground.house.edit(lambda edit, a=here, b=there: edit.graft(ids[a], ("from",), ids[b], ("d",)))
    for name in ids:
        ground.trash(name)
    ground.wait(PURGE_S + 1)
    assert len(ground.collect(force=True).purged) == 2
    assert ground.count("grafts") == 0


def test_a_tree_out_of_a_version_that_was_purged_meanwhile_is_refused(ground, photos):
    ground.house.commit("photos")
    version = ground.house.view_version("photos", 1)
    ground.create("other")
    ground.put("other", "o", b"other" * 100)
    ground.trash("photos")
    ground.wait(PURGE_S + 1)
    ground.collect()

    def bring(edit):
        edit.require_version(version.version)
        edit.apply(edit.view("other").info.id, Splice(("p",), version.root))

    with pytest.raises(NotFound):
        ground.house.edit(bring)


def test_an_upload_slower_than_the_grace_names_what_is_there(ground, photos):
    with ground.house.upload(None) as upload:
        upload.write(b"first" * 200)
        upload.write(b"second" * 200)
        whole = [Locator(hashlib.md5(data[:1000]).hexdigest(), 1000) for data in (b"first" * 200, b"second" * 200)]
        until(lambda: all(ground.has(locator) for locator in whole))
        ground.wait(GRACE_S + 1)
        assert ground.collect().trashed == 2  # they had been stored, and nobody could know of the upload
        upload.write(b"third" * 100)
        node = upload.finish(lambda etag: Attributes(etag=etag))
    ground.wait(GRACE_S + 1)
    with pytest.raises(StoreUnavailable, match="so long"):
        ground.change("photos", Put(("slow",), node))
    for locator in {extent.locator for extent in node.extents}:
        if not ground.has(locator):
            ground.blocks.untrash(locator)
    ground.wait(FRESH_S + 1)
    ground.change("photos", Put(("slow",), node))
    ground.collect()
    ground.wait(GRACE_S - FRESH_S)
    ground.collect()
    assert fsck(ground.house).findings == []


def test_a_commit_that_takes_long_makes_its_blocks_young(ground, photos):
    ground.house.commit("photos")
    ground.change("photos", Put(("tiny",), ground.receive(b"tiny")))
    taken = ground.blocks.put

    def slow_put(data, known=None):
        locator = taken(data, known)
        ground.wait(FRESH_S + 1)
        return locator

    ground.house.blocks.put = slow_put
    ground.house.commit("photos")
    ground.wait(GRACE_S - FRESH_S - 1)
    assert ground.collect().trashed == 0
    assert fsck(ground.house).findings == []


def test_an_import_brings_back_what_waits_in_the_trash(ground, photos):
    lost = ground.blocks.put(b"lost")
    ground.wait(GRACE_S + 1)
    ground.collect()
    assert not ground.has(lost)
    seen = []
    ground.house.blocks = RestoringStore(ground.blocks, seen.append)
    import_manifest(ground.house, "found", [f". {lost} 0:4:a\n"])
    assert seen == [lost]
    ground.wait(GRACE_S + 1)
    ground.collect()
    assert fsck(ground.house).findings == []


def test_what_is_named_comes_back_from_the_trash(ground, photos):
    ground.wait(1)
    assert ground.blocks.trash(photos, older_than_ns=int(ground.now_s * 1e9), keep_s=KEEP_S)
    assert ground.collect().restored == 1
    assert fsck(ground.house).findings == []


def test_only_one_gc_at_a_time(ground, photos):
    with ground.catalog.alone(TASK), pytest.raises(AlreadyAtWork):
        ground.collect()
    ground.collect()


def test_a_gc_that_ends_anywhere_does_no_harm(ground, photos):
    ground.house.commit("photos")
    names = []
    for limit in range(1, 200):
        lost = ground.blocks.put(b"lost %d" % limit)
        ground.wait(GRACE_S + 1)
        steps = Run(ground.yard, POLICY, dry_run=False, force=False, progress=lambda *_: None).steps()
        done = [step for step, _ in zip(steps, range(limit), strict=False)]
        steps.close()
        assert fsck(ground.house).errors == []
        names += done
        if len(done) < limit:
            break
    assert {"begin", "gather", "walk", "restore", "surveyed", "trash"} <= set(names)
    assert not ground.has(lost)


# -- what is not to be believed --------------------------------------------------------------------------------------


def test_a_store_that_another_catalog_uses_is_left_alone(ground, photos, tmp_path):
    other = open_catalog(f"sqlite:///{tmp_path}/other.db")
    claim(owner_of(other, os.urandom), ground.blocks)
    with pytest.raises(Implausible, match="other catalogs"):
        ground.collect()
    assert "other catalogs" in ground.collect(dry_run=True).doubts[0]
    other.close()


def test_a_catalog_older_than_the_store_is_refused_until_forced(ground, photos):
    ground.collect()
    ground.collect()
    with sqlite3.connect(ground.directory / "catalog.db") as connection:
        connection.execute("UPDATE settings SET value = '1' WHERE key = 'gc_runs'")
    with pytest.raises(Implausible, match="older than the store"):
        ground.collect()
    ground.collect(force=True)
    ground.collect()


def test_a_catalog_that_names_nothing_does_not_empty_a_store(ground):
    ground.blocks.put(b"somebody's")
    ground.wait(GRACE_S + 1)
    with pytest.raises(Implausible, match="names none"):
        ground.collect()


def test_blocks_of_which_none_is_the_catalogs_stay(ground, photos):
    ground.blocks.put(b"somebody's")
    ground.wait(GRACE_S + 1)
    ground.blocks.trash(photos, older_than_ns=int(ground.now_s * 1e9), keep_s=0)
    with pytest.raises(Implausible, match="none of the 1 that are named"):
        ground.collect()


def test_a_large_share_of_a_store_that_is_not_small_stays(ground, photos):
    for number in range(3):
        ground.blocks.put(b"lost %d" % number)
    ground.wait(GRACE_S + 1)
    policy = Policy(grace_s=GRACE_S, keep_s=KEEP_S, purge_s=PURGE_S, small_store=2)
    with pytest.raises(Implausible, match="3 of 4 blocks"):
        collect(ground.yard, policy)
    assert collect(ground.yard, policy, force=True).trashed == 3


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("UPDATE journal SET header = x'00'", JournalCorrupt),
        ("DELETE FROM journal", JournalCorrupt),
        ("UPDATE records SET body = x'00'", RecordCorrupt),
        ("DELETE FROM records", RecordCorrupt),
    ],
)
def test_nothing_goes_while_it_is_not_known_what_is_named(ground, photos, statement, error):
    ground.house.commit("photos")
    ground.put("photos", "b", b"bravo" * 100)
    lost = ground.blocks.put(b"lost")
    ground.wait(GRACE_S + 1)
    with sqlite3.connect(ground.directory / "catalog.db") as connection:
        connection.execute(statement)
    with pytest.raises(error):
        ground.collect(force=True)
    assert ground.has(lost)


def test_a_block_from_the_future_is_young(ground, photos):
    ahead = ground.now_s + 1e6
    ground.now_s, now_s = ahead, ground.now_s
    lost = ground.blocks.put(b"lost")
    ground.now_s = now_s + GRACE_S + 1
    assert (ground.collect().young, ground.has(lost)) == (1, True)


def test_empty_files_name_no_block_to_look_for(ground, photos):
    ground.change("photos", Put(("empty",), ground.receive(b"").with_attributes(EMPTY)))
    ground.house.commit("photos")
    ground.wait(GRACE_S + 1)
    assert ground.collect().garbage == 0
