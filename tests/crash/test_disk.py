"""The model of a disk that loses power: what is certain stays, what is pending may go, in each way it can."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.crash.disk import Disk, Image, Left, build
from tests.support.crash.oplog import Cut, Named, Op, Renamed, Synced, Timed, Unnamed, Wrote

ROOT, FILE, OTHER, FOLDER = 1, 2, 3, 4
LONG = bytes(range(1, 251)) * 40
DRAWS = 400


def disk_after(*ops: Op) -> Disk:
    disk = Disk(ROOT)
    for op in ops:
        disk.apply(op)
    return disk


def contents(image: Image) -> dict[str, bytes | None]:
    return {path: None if left is None else bytes(left.data) for path, left in image.items()}


def drawn(disk: Disk) -> list[dict[str, bytes | None]]:
    return [contents(disk.lottery(random.Random(seed))) for seed in range(DRAWS)]


def test_an_fsync_of_a_file_keeps_its_bytes_but_not_its_name():
    disk = disk_after(Named(ROOT, "f", FILE), Wrote(FILE, 0, b"bytes"), Synced(FILE))
    assert contents(disk.kept()) == {"f": b"bytes"}
    assert contents(disk.synced()) == {}
    disk.apply(Synced(ROOT))
    assert contents(disk.synced()) == {"f": b"bytes"}


def test_an_fsync_of_a_directory_keeps_names_but_not_bytes():
    disk = disk_after(Named(ROOT, "f", FILE), Wrote(FILE, 0, b"bytes"), Synced(ROOT))
    assert contents(disk.synced()) == {"f": b""}


def test_what_is_in_a_directory_is_lost_with_its_name():
    inside = (Named(ROOT, "d", FOLDER, is_directory=True), Named(FOLDER, "f", FILE), Synced(FILE), Synced(FOLDER))
    disk = disk_after(*inside)
    assert contents(disk.synced()) == {}
    disk.apply(Synced(ROOT))
    assert contents(disk.synced()) == {"d": None, "d/f": b""}


def test_a_rename_takes_the_place_of_what_was_there_wholly_or_not():
    files = (Named(ROOT, "a", FILE), Wrote(FILE, 0, b"new"), Synced(FILE), Named(ROOT, "b", OTHER), Synced(ROOT))
    disk = disk_after(*files, Renamed(ROOT, "a", "b"))
    assert contents(disk.kept()) == {"b": b"new"}
    assert contents(disk.synced()) == {"a": b"new", "b": b""}
    assert all(image in ({"b": b"new"}, {"a": b"new", "b": b""}) for image in drawn(disk))


def test_a_file_with_two_names_loses_the_same_under_both():
    disk = disk_after(Named(ROOT, "a", FILE), Named(ROOT, "b", FILE), Synced(ROOT), Wrote(FILE, 0, LONG))
    assert all(image["a"] == image["b"] for image in drawn(disk))


def test_a_name_that_is_taken_away_may_come_back():
    disk = disk_after(Named(ROOT, "f", FILE), Synced(ROOT), Unnamed(ROOT, "f"))
    assert {tuple(image) for image in drawn(disk)} == {(), ("f",)}


def test_a_number_that_is_used_again_is_another_file():
    disk = disk_after(Named(ROOT, "f", FILE), Wrote(FILE, 0, b"old"), Unnamed(ROOT, "f"), Named(ROOT, "g", FILE))
    assert contents(disk.kept()) == {"g": b""}


def test_a_write_may_be_lost_kept_torn_or_hollow_but_only_at_sectors():
    old = b"o" * len(LONG)
    disk = disk_after(Named(ROOT, "f", FILE), Wrote(FILE, 0, old), Synced(FILE), Synced(ROOT), Wrote(FILE, 300, LONG))
    seen = {image["f"] for image in drawn(disk)}
    new = old[:300] + LONG
    assert {old, new, old + bytes(300)} <= seen
    assert len(seen) > 20
    for state in seen:
        for start in range(0, len(state), 512):
            sector = state[start : start + 512]
            pieces = (piece[start : start + 512].ljust(len(sector), b"\0") for piece in (old, new))
            assert sector in {piece[: len(sector)] for piece in pieces}


def test_what_is_certain_is_in_every_draw():
    disk = disk_after(Named(ROOT, "f", FILE), Wrote(FILE, 0, LONG), Synced(FILE), Synced(ROOT), Named(ROOT, "g", OTHER))
    disk.apply(Wrote(OTHER, 0, LONG))
    assert all(image["f"] == LONG for image in drawn(disk))


def test_the_same_seed_draws_the_same():
    disk = disk_after(Named(ROOT, "f", FILE), Synced(ROOT), Wrote(FILE, 0, LONG), Wrote(FILE, 9000, LONG))
    assert contents(disk.lottery(random.Random(7))) == contents(disk.lottery(random.Random(7)))


@pytest.mark.parametrize(("size", "left"), [(2, b"by"), (7, b"bytes\0\0")])
def test_a_length_is_given(size, left):
    disk = disk_after(Named(ROOT, "f", FILE), Wrote(FILE, 0, b"bytes"), Cut(FILE, size))
    assert contents(disk.kept()) == {"f": left}


def test_an_image_is_made_with_times_and_second_names(tmp_path: Path):
    both = Left(b"bytes", 1_700_000_000_000_000_000)
    build({"d": None, "d/a": both, "d/b": both}, tmp_path / "image")
    assert (tmp_path / "image/d/a").samefile(tmp_path / "image/d/b")
    assert (tmp_path / "image/d/a").stat().st_mtime_ns == both.mtime_ns


def test_a_disk_begins_with_what_is_in_a_directory(tmp_path: Path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"bytes")
    disk = Disk.of(tmp_path)
    assert contents(disk.synced()) == {"d": None, "d/f": b"bytes"}
    disk.apply(Timed((tmp_path / "d" / "f").stat().st_ino, 5))
    left = disk.kept()["d/f"]
    assert left is not None
    assert left.mtime_ns == 5
