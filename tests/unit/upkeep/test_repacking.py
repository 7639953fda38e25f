"""Repacking: equal content, fewer blocks, nobody disturbed."""

import random
import time

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.change import Copy, Mkdir, Put, Remove, SetAttributes, Write
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import etag_of
from davserver.collection.repack import worth_it
from davserver.errors import BlockMissing, StoreUnavailable
from davserver.live.house import House
from davserver.live.settings import LiveSettings
from davserver.upkeep.fsck import fsck
from davserver.upkeep.importing import import_manifest
from davserver.upkeep.repacking import repack
from davserver.values import Locator, parse_path

BLOCK_BYTES = 1000


class Place:
    """Houses on one catalog and one block store of small blocks."""

    def __init__(self, directory):
        self.url = f"sqlite:///{directory}/catalog.db"
        self.blocks = MemoryStore(clock=time.time)
        self.houses = []

    def open(self):
        settings = LiveSettings(inline_bytes=64, block_bytes=BLOCK_BYTES)
        self.houses.append(House(open_catalog(self.url), self.blocks, settings=settings))
        return self.houses[-1]

    def close(self):
        for house in self.houses:
            house.close()


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.close()


@pytest.fixture
def house(place):
    house = place.open()
    house.edit(lambda edit: edit.create_collection("c"))
    return house


def put(house, path, data, **known):
    with house.upload(len(data)) as upload:
        upload.write(data)
        node = upload.finish(lambda etag: Attributes(etag=etag, **known))
    house.edit(lambda edit: edit.apply(edit.view("c").info.id, Put(parse_path(path), node)))


def shown(root, house):
    """Everything a client can see of a tree."""
    return {
        "/".join(path): (node.attributes, etag_of(node), node.read_at(0, node.size, house.blocks))
        for path, node in tree.walk(root)
        if hasattr(node, "size")
    }


def small_blocks(house, count=5, size=100):
    """Make a version for each file, so that each has a block of its own."""
    for number in range(count):
        put(house, f"f{number}", bytes([number]) * size, mtime_ns=number + 1)
        house.commit("c")


def test_small_blocks_become_one(house):
    small_blocks(house)
    before = shown(house.view("c").root, house)
    done = repack(house, "c")
    assert (len(done.before.blocks), len(done.after.blocks)) == (5, 1)
    assert done.moved_bytes == done.after.stored_bytes == 500
    assert shown(house.view("c").root, house) == before
    assert done.version == house.versions("c")[-1]
    assert done.version.number == 6
    assert done.version.message == "repacked"
    assert fsck(house).findings == []


def test_once_is_enough(house):
    small_blocks(house)
    repack(house, "c")
    again = repack(house, "c")
    assert again.version is None
    assert len(house.versions("c")) == 6


def test_sparse_blocks_are_left(house):
    data = random.Random(1).randbytes(900)
    put(house, "large", data)
    house.commit("c")
    house.edit(
        lambda edit: edit.apply(edit.view("c").info.id, Write(("large",), 0, (MemExtent(b"x" * 800),), Attributes("e")))
    )
    before = shown(house.view("c").root, house)
    done = repack(house, "c")
    assert done.before.stored_bytes > done.after.stored_bytes == 900
    assert shown(house.view("c").root, house) == before


def test_a_file_of_many_pieces_becomes_whole(house):
    put(house, "log", bytes(960))
    for number in range(30):
        house.edit(
            lambda edit, at=number * 32: edit.apply(
                edit.view("c").info.id, Write(("log",), at, (MemExtent(bytes([at % 251]) * 20),), Attributes(f"{at}"))
            )
        )
    house.commit("c")
    before = shown(house.view("c").root, house)
    assert len(tree.require_file(house.view("c").root, ("log",)).extents) > 16
    done = repack(house, "c")
    assert done.scattered == 1
    assert len(tree.require_file(house.view("c").root, ("log",)).extents) == 1
    assert shown(house.view("c").root, house) == before


def test_an_etag_that_followed_from_extents_stays(house):
    """A file of an import has no ETag of its own: it follows from the blocks, which change."""
    one, two = house.blocks.put(b"one"), house.blocks.put(b"two")
    import_manifest(house, "old", [f". {one} {two} 0:4:a 4:2:b\n"])
    before = shown(house.view("old").root, house)
    done = repack(house, "old")
    assert done.version is not None
    now = shown(house.view("old").root, house)
    assert {path: seen[1:] for path, seen in now.items()} == {path: seen[1:] for path, seen in before.items()}
    assert fsck(house).findings == []


def test_folders_and_copies_that_share_are_repacked_once(house):
    house.edit(lambda edit: edit.apply(edit.view("c").info.id, Mkdir(("d",), Attributes(mtime_ns=5))))
    for number in range(4):
        put(house, f"d/f{number}", bytes([number]) * 100)
        house.commit("c")
    house.edit(lambda edit: edit.apply(edit.view("c").info.id, Copy(("d",), ("e",))))
    before = shown(house.view("c").root, house)
    done = repack(house, "c")
    assert done.moved_bytes == 400
    root = house.view("c").root
    assert shown(root, house) == before
    assert root.get("d").record == root.get("e").record
    assert root.get("d").attributes.mtime_ns == 5
    assert (root.files, root.bytes) == (8, 800)


def test_a_dry_run_changes_nothing(house):
    small_blocks(house)
    done = repack(house, "c", dry_run=True)
    assert (done.version, done.leaving) == (None, 5)
    assert len(house.versions("c")) == 5


def test_what_is_empty_or_good_is_left_alone(house):
    assert repack(house, "c").version is None
    put(house, "full", bytes(1000))
    assert repack(house, "c").version is None
    assert len(house.versions("c")) == 2


def test_what_is_written_meanwhile_stays_and_stays_uncommitted(house, monkeypatch):
    small_blocks(house)
    commit = house.commit

    def commit_then_write(name):
        version = commit(name)
        put(house, "late", b"late")
        house.edit(lambda edit: edit.apply(edit.view("c").info.id, Copy(("f0",), ("copy",))))
        house.edit(lambda edit: edit.apply(edit.view("c").info.id, Remove(("f1",))))
        return version

    monkeypatch.setattr(house, "commit", commit_then_write)
    done = repack(house, "c")
    monkeypatch.undo()
    view = house.view("c")
    assert {path[0] for path, _ in tree.walk(view.root)} == {"f0", "f2", "f3", "f4", "late", "copy"}
    assert view.seq > view.info.base_seq
    stored = [node for _, node in tree.walk(view.root) if node.size > 9]
    assert len({extent.locator for node in stored for extent in node.extents}) == 1
    assert "late" not in shown(house.view_version("c", done.version.number).root, house)
    assert house.commit("c").number == done.version.number + 1
    assert fsck(house).findings == []


def test_another_process_reads_and_writes_on(place, house):
    """What another process has in memory names old blocks: it must not put them into a new version."""
    small_blocks(house)
    other = place.open()
    before = shown(other.view("c").root, other)
    done = repack(house, "c")
    old = set(done.before.blocks)
    assert shown(other.view("c").root, other) == before
    put(other, "new", b"new" * 100)
    other.edit(lambda edit: edit.apply(edit.view("c").info.id, SetAttributes(("f0",), Attributes("f0", 9))))
    named = {
        extent.locator
        for _, node in tree.walk(other.view_version("c", other.commit("c").number).root)
        for extent in node.extents
    }
    assert not named & old
    assert fsck(other).findings == []


def test_a_process_that_missed_a_commit_and_a_repack_names_no_old_block(place, house):
    """Its tree has every change of the newest checkpoint, which is why a commit alone leaves it as it is."""
    small_blocks(house)
    other = place.open()
    put(other, "late", b"late" * 30)
    old = {extent.locator for _, node in tree.walk(other.view("c").root) for extent in node.extents}
    house.commit("c")
    repack(house, "c")
    now = {extent.locator for _, node in tree.walk(other.view("c").root) for extent in node.extents}
    assert not now & old
    put(other, "more", b"more")
    assert "more" in shown(house.view("c").root, house)


def test_a_commit_of_another_process_in_between_is_taken_along(place, house, monkeypatch):
    small_blocks(house)
    other = place.open()
    put(other, "first", b"1")
    commit = house.commit
    late = iter(["second", "third"])

    def commit_while_another_does(name):
        version = commit(name)
        for path in late:
            put(other, path, b"2" * 70)
            other.commit("c")
            break
        return version

    monkeypatch.setattr(house, "commit", commit_while_another_does)
    done = repack(house, "c")
    assert len(done.after.blocks) == 2
    assert done.moved_bytes == 501 + 70  # what was moved once was not moved again
    assert "third" in shown(house.view("c").root, house)


def test_where_others_keep_committing_it_gives_up(place, house, monkeypatch):
    small_blocks(house)
    other = place.open()
    commit = house.commit
    count = iter(range(1000))

    def always_late(name):
        version = commit(name)
        put(other, "busy", bytes([next(count)]) * 70)
        other.commit("c")
        return version

    monkeypatch.setattr(house, "commit", always_late)
    with pytest.raises(StoreUnavailable, match="others keep committing"):
        repack(house, "c")


def test_a_missing_block_stops_it_before_anything_changes(place, house):
    small_blocks(house)
    node = tree.require_file(house.view("c").root, ("f3",))
    place.blocks.trash(node.extents[0].locator, older_than_ns=1 << 62, keep_s=0)
    place.blocks.empty_trash()
    with pytest.raises(BlockMissing):
        repack(house, "c")
    assert len(house.versions("c")) == 5


class TestWorthIt:
    def block(self, number, size):
        return Locator(f"{number:032x}", size)

    def test_full_blocks_are_not(self):
        assert worth_it({self.block(1, 1000): 1000, self.block(2, 501): 501}, 1000) == set()

    def test_one_small_block_alone_is_not(self):
        assert worth_it({self.block(1, 10): 10, self.block(2, 1000): 1000}, 1000) == set()

    def test_two_small_blocks_are(self):
        assert len(worth_it({self.block(1, 10): 10, self.block(2, 10): 10, self.block(3, 1000): 1000}, 1000)) == 2

    def test_a_sparse_block_is(self):
        assert worth_it({self.block(1, 1000): 499}, 1000) == {self.block(1, 1000)}

    def test_empty_blocks_are_not_counted(self):
        assert worth_it({self.block(1, 0): 0, self.block(2, 10): 10}, 1000) == set()
