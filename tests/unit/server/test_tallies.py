"""Where processes count: room that is had beforehand, nothing left behind, no file more than processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from davserver.errors import StoreFull
from davserver.server.tallies import Tallies
from tests.support.disks import small_disk

MIB = 1 << 20


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")  # and have what the tests set there undone


@pytest.fixture
def child():
    """A process that lives until its input ends."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        yield child


def left_in(place):
    return sorted(path.name for path in place.iterdir())


def test_a_place_that_is_full_is_passed_over(tmp_path):
    (tmp_path / "roomy").mkdir()
    with small_disk(tmp_path / "full", MIB) as full:
        tallies = Tallies.open([tmp_path / "missing", full, tmp_path / "roomy"], processes=3)
        assert left_in(full) == []
        (directory,) = (tmp_path / "roomy").iterdir()
        assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(directory)
        tallies.remove()
        assert left_in(tmp_path / "roomy") == []


def test_without_room_anywhere_it_is_said_and_nothing_is_left(tmp_path):
    with small_disk(tmp_path / "full", MIB) as full:
        with pytest.raises(StoreFull, match=r"full: No space left on device.*missing: No such file") as refused:
            Tallies.open([full, tmp_path / "missing"], processes=3)
        assert "KiB for each process" in refused.value.hint
        assert left_in(full) == []


def test_all_space_is_there_before_anything_is_counted(tmp_path):
    Tallies.open([tmp_path], processes=2).take()
    files = list(tmp_path.glob("*/*.db"))
    assert len(files) == 10
    assert all(path.stat().st_blocks * 512 >= path.stat().st_size >= 64 << 10 for path in files)


def test_what_a_killed_server_left_goes_and_what_a_living_one_has_stays(tmp_path):
    program = (
        "import sys, pathlib; from davserver.server.tallies import Tallies;"
        " Tallies.open([pathlib.Path(sys.argv[1])], 1); print('made', flush=True); input()"
    )
    server = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"made\n"
        theirs = left_in(tmp_path)
        mine = Tallies.open([tmp_path], processes=1)
        assert len(left_in(tmp_path)) == 2
        other.kill()
    another = Tallies.open([tmp_path], processes=1)
    assert len(left_in(tmp_path)) == 2
    assert not set(theirs) & set(left_in(tmp_path))
    for tallies in (mine, another):
        tallies.remove()
    assert left_in(tmp_path) == []


def test_a_process_goes_on_under_the_number_of_one_that_ended(tmp_path, child):
    tallies = Tallies.open([tmp_path], processes=1)
    assert tallies.take() == 0
    tallies.belongs(0, child.pid)
    assert tallies.take() == 1
    child.communicate(b"\n")
    assert tallies.take() == 0
