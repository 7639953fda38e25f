"""Crashes between any two system calls of a put, with every loss POSIX allows."""

import mmap
import os

import pytest

from davserver.blocks import layout, writing
from davserver.blocks.disk import DiskStore
from davserver.blocks.fs import RealFs
from davserver.errors import BlockCorrupt, BlockMissing
from davserver.values import Locator
from tests.support.crashes import RecordingFs, build, states_after

DATA = b"some bytes that matter"
LOCATOR = Locator("9a8e82fe44cf43873781190dc6a829cd", len(DATA))


def open_disk(root, fs):
    return DiskStore(root, fs, clock=lambda: 1_700_000_000.0, random_bytes=os.urandom)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "blocks"
    root.mkdir()
    return root


def violations(record, root, tmp_path, locator=LOCATOR):
    """Crash after every prefix, in every way; return what a fresh store then shows wrongly."""
    found = []
    for steps in range(len(record) + 1):
        for number, state in enumerate(states_after(record, steps, root)):
            copy = tmp_path / f"crash-{steps}-{number}"
            build(state, root, copy)
            fault = judge(copy, locator, must_have=steps == len(record))
            if fault:
                found.append((steps, number, fault))
    return found


def judge(copy, locator, *, must_have):
    store = open_disk(copy, RealFs())
    try:
        store.verify(locator)
    except BlockMissing:
        return "lost" if must_have else ""
    except BlockCorrupt:
        return "torn"
    return ""


def record_put(root, forgets=""):
    fs = RecordingFs(root, forgets)
    assert open_disk(root, fs).put(DATA) == LOCATOR
    return fs.record


def test_after_any_crash_a_block_is_whole_or_not_there(root, tmp_path):
    assert violations(record_put(root), root, tmp_path) == []


def test_nor_is_one_torn_that_went_past_the_page_cache(root, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "DIRECT_BYTES", 1)
    memory = mmap.mmap(-1, 3 * mmap.PAGESIZE)
    memory[: len(DATA)] = DATA
    data = memoryview(memory)[: 2 * mmap.PAGESIZE + 1]
    fs = RecordingFs(root)
    locator = open_disk(root, fs).put(data)
    assert violations(fs.record, root, tmp_path, locator) == []


@pytest.mark.parametrize(("forgets", "fault"), [("file", "torn"), ("directory", "lost"), ("root", "lost")])
def test_the_model_notices_each_sync_that_is_left_out(root, tmp_path, forgets, fault):
    faults = {fault for _, _, fault in violations(record_put(root, forgets), root, tmp_path)}
    assert fault in faults


def write_as_another_would(fs, data):
    """Write a block file as a keepstore does, without its directory synced."""
    path = layout.path_of(fs.root, LOCATOR.md5)
    fs.make_directory(path.parent)
    temporary = path.parent / "tmp-of-a-keepstore"
    fd = fs.create(temporary)
    rest = memoryview(data)
    while rest:
        rest = rest[fs.write(fd, rest) :]
    fs.close(fd)
    fs.rename(temporary, path)
    return path


def test_a_crash_while_a_damaged_block_is_healed_leaves_the_bad_or_the_good(root, tmp_path):
    fs = RecordingFs(root)
    path = write_as_another_would(fs, b"bad")
    fs.sync_file_at(path)
    fs.sync_directory(path.parent)
    fs.sync_directory(root)
    before = len(fs.record)
    open_disk(root, fs).put(DATA)
    seen = set()
    for steps in range(before, len(fs.record) + 1):
        for state in states_after(fs.record, steps, root):
            assert state[path] in {b"bad", DATA}
            assert state[path] == DATA or steps < len(fs.record)
            seen.add(state[path])
    assert seen == {b"bad", DATA}


def test_a_duplicate_of_what_another_writer_left_unsynced_is_synced_before_the_reply(root):
    fs = RecordingFs(root)
    path = write_as_another_would(fs, DATA)
    assert {state.get(path) for state in states_after(fs.record, len(fs.record), root)} > {None, DATA}
    open_disk(root, fs).put(DATA)
    assert {state.get(path) for state in states_after(fs.record, len(fs.record), root)} == {DATA}


def test_whatever_a_crash_left_the_same_put_again_makes_it_whole(root, tmp_path):
    record = record_put(root)
    for steps in range(len(record) + 1):
        for number, state in enumerate(states_after(record, steps, root)):
            copy = tmp_path / f"again-{steps}-{number}"
            build(state, root, copy)
            store = open_disk(copy, RealFs())
            store.put(DATA)
            store.verify(LOCATOR)
