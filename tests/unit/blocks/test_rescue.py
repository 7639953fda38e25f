"""Bringing good bytes back to a block's name: cut off anywhere, nothing is lost, and the next attempt ends well."""

import errno
import os
from contextlib import suppress

import pytest

from davserver.blocks import layout
from davserver.blocks.address import locator_of
from davserver.blocks.disk import DiskStore
from davserver.blocks.fs import RealFs
from davserver.blocks.memory import MemoryStore
from davserver.blocks.open import open_store
from davserver.blocks.rescue import CanBeRescued, Oddity
from davserver.blocks.verified import VerifiedStore
from davserver.errors import DavserverError
from tests.unit.blocks.test_faults import FaultyFs

DATA = b"the only copy" * 100
LOCATOR = locator_of(DATA)


def open_disk(root, fs=None):
    return DiskStore(root, fs or RealFs(), clock=lambda: 1_700_000_000.0, random_bytes=os.urandom)


def damaged_with_a_copy_in_the_trash(root):
    open_disk(root).put(DATA)
    block = layout.path_of(root, LOCATOR.md5)
    layout.trash_path(root, LOCATOR.md5, 1_800_000_000).write_bytes(DATA)
    block.write_bytes(DATA[:-1] + b"?")
    return block


def good_copies(root):
    return [path for path in root.rglob("*") if path.is_file() and path.read_bytes() == DATA]


def test_the_damaged_bytes_are_kept_and_the_good_ones_in_their_place(tmp_path):
    block = damaged_with_a_copy_in_the_trash(tmp_path)
    rescue = open_disk(tmp_path).rescue()
    assert rescue.bring_back(LOCATOR) == f"{LOCATOR.md5[:3]}/{LOCATOR.md5}.trash.1800000000"
    assert block.read_bytes() == DATA
    assert [odd.oddity for odd in rescue.survey()] == [Oddity.ASIDE]
    assert rescue.bring_back(LOCATOR) is None
    assert rescue.set_aside(LOCATOR) is None


def test_cut_off_at_any_call_it_loses_nothing_and_can_be_run_again(tmp_path):
    counting = FaultyFs()
    root = tmp_path / "counted"
    root.mkdir()
    damaged_with_a_copy_in_the_trash(root)
    open_disk(root, counting).rescue().bring_back(LOCATOR)
    assert len(counting.calls) > 15
    for fail_at in range(1, len(counting.calls) + 1):
        root = tmp_path / str(fail_at)
        root.mkdir()
        block = damaged_with_a_copy_in_the_trash(root)
        before = block.read_bytes()
        with suppress(DavserverError, OSError):
            open_disk(root, FaultyFs(fail_at, errno.ENOSPC)).rescue().bring_back(LOCATOR)
        assert good_copies(root), f"lost at {counting.calls[fail_at - 1]}"
        assert block.exists()
        open_disk(root).rescue().bring_back(LOCATOR)
        assert block.read_bytes() == DATA
        assert [path for path in root.rglob("*.damaged.*") if path.read_bytes() == before]


def test_without_hard_links(tmp_path):
    class NoLinks(RealFs):
        def link(self, source, target):
            raise OSError(errno.EPERM, "no links here")

    block = damaged_with_a_copy_in_the_trash(tmp_path)
    assert open_disk(tmp_path, NoLinks()).rescue().bring_back(LOCATOR)
    assert block.read_bytes() == DATA
    assert len(list(tmp_path.rglob("*.damaged.*"))) == 1


def test_what_is_whole_or_cannot_be_read_is_not_set_aside(tmp_path):
    class BadSector(RealFs):
        def read_into(self, fd, buffer, offset):
            raise OSError(errno.EIO, "bad sector")

    block = damaged_with_a_copy_in_the_trash(tmp_path)
    with pytest.raises(DavserverError):
        open_disk(tmp_path, BadSector()).rescue().set_aside(LOCATOR)
    assert block.exists()
    block.write_bytes(DATA)
    assert open_disk(tmp_path).rescue().set_aside(LOCATOR) is None
    assert block.read_bytes() == DATA


def test_a_block_whose_files_are_all_damaged_is_not_brought_back(tmp_path):
    damaged_with_a_copy_in_the_trash(tmp_path)
    layout.trash_path(tmp_path, LOCATOR.md5, 1_800_000_000).write_bytes(b"no")
    assert open_disk(tmp_path).rescue().bring_back(LOCATOR) is None
    assert open_disk(tmp_path).rescue().bring_back(locator_of(b"never seen")) is None


def test_every_wrapper_hands_the_repairs_on_and_a_store_without_files_has_none(tmp_path):
    damaged_with_a_copy_in_the_trash(tmp_path)
    store = open_store(tmp_path)
    assert isinstance(store, CanBeRescued)
    assert store.rescue().bring_back(LOCATOR)
    assert store.get(LOCATOR) == DATA
    store.close()
    assert VerifiedStore(MemoryStore(clock=lambda: 0.0), clock=lambda: 0.0).rescue() is None


def test_modes_are_told_and_corrected(tmp_path):
    open_disk(tmp_path).put(DATA)
    block = layout.path_of(tmp_path, LOCATOR.md5)
    block.chmod(0o466)
    block.parent.chmod(0o777)
    rescue = open_disk(tmp_path).rescue()
    odd = list(rescue.survey())
    assert [(one.oddity, one.detail) for one in odd] == [(Oddity.PERMISSIONS, "0777"), (Oddity.PERMISSIONS, "0466")]
    for one in odd:
        rescue.permit(one.path)
    assert list(rescue.survey()) == []
    assert block.stat().st_mode & 0o777 == 0o644
