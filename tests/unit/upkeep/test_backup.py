"""Backup: whole at every moment, verified, and never over something else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress

import pytest

from davserver.blocks.fs import RealFs
from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.collection.change import Remove
from davserver.errors import AlreadyAtWork, ConfigError, StoreFull
from davserver.live.house import House
from davserver.live.settings import LiveSettings
from davserver.upkeep.backup import GC, back_up, check_destination
from davserver.upkeep.fsck import fsck
from davserver.upkeep.gc import Yard, collect
from davserver.upkeep.harvest import Policy
from davserver.upkeep.pruning import prune_all
from davserver.upkeep.retention import Rules
from tests.support.operations import picture


@pytest.fixture
def copy(premises, tmp_path):
    """Back the premises up."""
    destination = tmp_path / "backup"

    def run(fs=None, blocks=None, **options):
        destination.mkdir(exist_ok=True)
        with closing(open_store(destination / "blocks")) as stored:
            source = blocks or premises.blocks
            return back_up(premises.catalog, source, destination, stored, fs or RealFs(), **options)

    run.destination = destination
    return run


def shown(directory):
    """Return what a house on a directory shows, and what is wrong there."""
    catalog, blocks = open_catalog(f"sqlite:///{directory}/catalog.db"), open_store(directory / "blocks")
    with closing(House(catalog, blocks, settings=LiveSettings(inline_bytes=64))) as house:
        return picture(house), [finding.message for finding in fsck(house).errors]


def test_a_backup_shows_what_there_was(premises, copy):
    premises.create("c")
    premises.put("c", "large", b"l" * 1000)
    premises.put("c", "small", b"s")
    premises.house.commit("c")
    premises.put("c", "late", b"not committed")
    before = picture(premises.house)
    assert copy().copied > 0
    assert shown(copy.destination) == (before, [])
    assert (copy.destination / "catalog.db").stat().st_mode & 0o077 == 0


def test_the_next_run_copies_what_is_new(premises, copy):
    premises.create("c")
    premises.put("c", "one", b"1" * 1000)
    first = copy()
    premises.put("c", "two", b"2" * 1000)
    second = copy()
    assert (second.copied, second.present) == (1, first.copied)
    assert shown(copy.destination) == (picture(premises.house), [])


def test_a_damaged_block_is_told_and_all_others_are_copied(premises, copy):
    premises.create("c")
    bad = premises.put("c", "bad", b"b" * 1000).extents[0].locator
    premises.put("c", "good", b"g" * 1000)
    path = premises.block_file(bad)
    path.chmod(0o600)
    path.write_bytes(b"x" * 1000)
    done = copy()
    assert done.copied == 1
    assert len(done.damaged) == 1
    assert bad.md5 in done.damaged[0]


class Cut(RealFs):
    """Fails at the one step that makes the new state the one that is served."""

    def rename(self, source, target):
        if target.name == "catalog.db":
            raise KeyboardInterrupt
        super().rename(source, target)


def test_a_run_that_was_killed_leaves_the_backup_before_it_whole(premises, copy):
    premises.create("c")
    premises.put("c", "one", b"1" * 1000)
    copy()
    before = picture(premises.house)
    premises.put("c", "two", b"2" * 1000)
    with pytest.raises(KeyboardInterrupt):
        copy(Cut())
    assert shown(copy.destination) == (before, [])
    copy()
    assert shown(copy.destination) == (picture(premises.house), [])


class Full:
    """A store without room."""

    def index(self, prefix="", after=""):
        return iter(())

    def put(self, data, known=None):
        raise StoreFull("no space left")


def test_a_full_disk_leaves_the_backup_before_it_whole(premises, copy):
    premises.create("c")
    premises.put("c", "one", b"1" * 1000)
    copy()
    before = picture(premises.house)
    premises.put("c", "two", b"2" * 1000)
    with pytest.raises(StoreFull):
        back_up(premises.catalog, premises.blocks, copy.destination, Full(), RealFs())
    assert shown(copy.destination) == (before, [])


def test_a_backup_of_a_backup_is_the_same(premises, copy, tmp_path):
    premises.create("c")
    premises.put("c", "one", b"1" * 1000)
    copy()
    with (
        closing(open_catalog(f"sqlite:///{copy.destination}/catalog.db")) as catalog,
        closing(open_store(copy.destination / "blocks")) as blocks,
        closing(open_store(tmp_path / "again" / "blocks")) as stored,
    ):
        back_up(catalog, blocks, tmp_path / "again", stored, RealFs())
    assert shown(tmp_path / "again") == shown(copy.destination)


def test_what_is_no_backup_is_not_written_over(tmp_path):
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    other.mkdir()
    check_destination(other, data, RealFs())
    check_destination(tmp_path / "new", data, RealFs())
    (other / "thesis.odt").write_text("ten years")
    for destination, complaint in [(other, "thesis.odt"), (data, "not apart"), (data / "in", "not apart")]:
        with pytest.raises(ConfigError, match=complaint):
            check_destination(destination, data, RealFs())


def test_a_backup_that_somebody_uses_is_not_replaced(premises, copy):
    premises.create("c")
    copy()
    with closing(open_catalog(f"sqlite:///{copy.destination}/catalog.db")):
        with pytest.raises(ConfigError, match="in use"):
            check_destination(copy.destination, premises.catalog_file.parent / "elsewhere", RealFs())
    check_destination(copy.destination, premises.catalog_file.parent / "elsewhere", RealFs())


def test_a_copy_needs_no_more_than_its_directory(premises, copy, tmp_path):
    premises.create("c")
    premises.put("c", "one", b"1" * 1000)
    copy()
    moved = tmp_path / "moved"
    shutil.copytree(copy.destination, moved)
    assert shown(moved) == (picture(premises.house), [])


class Meanwhile:
    """A block store that lets something happen when the catalog is copied, and none of the blocks yet."""

    def __init__(self, blocks, happens):
        self.blocks = blocks
        self.happens = happens

    def index(self, prefix="", after=""):
        self.happens()
        return self.blocks.index(prefix, after)

    def get(self, locator):
        return self.blocks.get(locator)


def test_no_gc_takes_what_the_copied_catalog_names(premises, copy):
    premises.create("c")
    premises.put("c", "old", b"o" * 1000)
    premises.house.commit("c")
    premises.change("c", Remove(("old",)))
    premises.house.commit("c")
    later = Yard(premises.catalog, premises.blocks, lambda: time.time() + 1e6, os.urandom)

    def let_go():
        assert prune_all(premises.catalog, Rules(last=1)) == {"c": 1}
        with suppress(AlreadyAtWork):
            collect(later, Policy(grace_s=0, keep_s=0, purge_s=0), force=True)

    assert copy(blocks=Meanwhile(premises.blocks, let_go)).damaged == []
    assert shown(copy.destination)[1] == []
    assert len(list(premises.blocks.index())) == 1
    assert collect(later, Policy(grace_s=0, keep_s=0, purge_s=0), force=True).blocks == 1


def test_a_gc_that_runs_is_waited_for(premises, copy):
    premises.create("c")
    with ExitStack() as gc:
        gc.enter_context(premises.catalog.alone(GC))
        copy(wait=gc.close)
    assert shown(copy.destination) == (picture(premises.house), [])


def test_a_block_that_is_gone_when_it_is_read_is_told(premises, copy):
    premises.create("c")
    node = premises.put("c", "f", b"f" * 1000)
    blocks = list(premises.blocks.index())

    class Listed:
        def index(self, prefix="", after=""):
            return iter(blocks)

        def get(self, locator):
            premises.block_file(node.extents[0].locator).unlink()
            return premises.blocks.get(locator)

    done = copy(blocks=Listed())
    assert (done.copied, len(done.damaged)) == (0, 1)


def test_what_a_killed_check_left_in_a_backup_does_not_stand_in_the_way(premises, copy, tmp_path):
    premises.create("c")
    copy()
    code = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("INSERT INTO settings VALUES ('left', 'in the log')")
connection.commit()
print("open", flush=True)
sys.stdin.read()
"""
    catalog = copy.destination / "catalog.db"
    with subprocess.Popen(
        [sys.executable, "-c", code, catalog], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"open\n"
        process.kill()
    assert (copy.destination / "catalog.db-wal").exists()
    check_destination(copy.destination, tmp_path / "elsewhere", RealFs())
    assert not (copy.destination / "catalog.db-wal").exists()
    with closing(open_catalog(f"sqlite:///{catalog}")) as left, left.read() as tables:
        assert tables.settings.get("left") == "in the log"


def test_a_backup_that_somebody_begins_to_use_is_not_replaced(premises, copy):
    premises.create("c")
    premises.put("c", "one", b"1" * 1000)
    copy()
    before = picture(premises.house)
    premises.put("c", "two", b"2" * 1000)
    with ExitStack() as user:

        def begin():
            user.enter_context(closing(open_catalog(f"sqlite:///{copy.destination}/catalog.db")))

        with pytest.raises(ConfigError, match="in use"):
            copy(blocks=Meanwhile(premises.blocks, begin))
    assert shown(copy.destination) == (before, [])
