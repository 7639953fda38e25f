"""Backup: whole at every moment, verified, and never over something else."""

from __future__ import annotations

import shutil
from contextlib import closing

import pytest

from davserver.blocks.fs import RealFs
from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.errors import ConfigError, StoreFull
from davserver.live.house import House
from davserver.live.settings import LiveSettings
from davserver.upkeep.backup import back_up, check_destination
from davserver.upkeep.fsck import fsck
from tests.support.operations import picture


@pytest.fixture
def copy(premises, tmp_path):
    """Back the premises up."""
    destination = tmp_path / "backup"

    def run(fs=None):
        destination.mkdir(exist_ok=True)
        with closing(open_store(destination / "blocks")) as stored:
            return back_up(premises.catalog, premises.blocks, destination, stored, fs or RealFs())

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
