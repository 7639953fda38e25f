"""The power goes while a real server works: what was answered is there, nothing is half done (see docs/crashes.md).

``DAVSERVER_CRASH_PLACES`` sets after how many of the recorded operations it goes, each time in every way;
``python -m benchmarks.crashes`` is the long form. The seed of a failing run is in its message.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.crash.oplog import Named, Op, Synced
from tests.support.crash.recording import DATA, Recording, record, record_recovery
from tests.support.crash.trial import Point, choose, replay, run

PLACES = int(os.environ.get("DAVSERVER_CRASH_PLACES", "40"))
RECOVERY_PLACES = 8
SEED = random.SystemRandom().getrandbits(32)

pytestmark = [pytest.mark.real, pytest.mark.timeout(300 + 3 * PLACES)]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Record a first start, work, a clean end, a second start, work, and a kill."""
    return record(tmp_path_factory.mktemp("recording"), actors=2, requests=12, phases=2, workers=2, seed=SEED)


def test_after_any_crash_what_was_answered_is_there_and_nothing_is_half_done(
    recording: Recording, tmp_path: Path
) -> None:
    verdict = run(recording, choose(len(recording.ops), PLACES, SEED), tmp_path)
    assert verdict.faults == [], f"seed {SEED}"


def test_a_crash_while_a_crash_is_recovered_from_loses_nothing_either(recording: Recording, tmp_path: Path) -> None:
    point = Point(len(recording.ops) * 2 // 3, "lottery", SEED)
    [(_, disk, moment)] = replay(recording, [point])
    recovery = record_recovery(tmp_path / "recovery", point.image(disk), recording, moment)
    verdict = run(recovery, choose(len(recovery.ops), RECOVERY_PLACES, SEED), tmp_path)
    assert sum(verdict.points.values()) > RECOVERY_PLACES
    assert verdict.faults == [], f"seed {SEED}"


def named(recording: Recording, wanted: Callable[[str], bool]) -> set[int]:
    """Return the numbers of the files and directories that ever had such a name."""
    return {op.node for op in recording.ops if isinstance(op, Named) and wanted(op.name)}


@pytest.mark.parametrize(
    ("left_out", "wanted"),
    [
        ("of the journal of the catalog", lambda name: name == "catalog.db-wal"),
        ("of the blocks", lambda name: name.startswith("tmp")),
        ("of the directories of the blocks", lambda name: len(name) == 3),
        ("of the data directory", lambda name: name == DATA),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_trial_notices_syncs_that_are_left_out(
    recording: Recording, tmp_path: Path, left_out: str, wanted: Callable[[str], bool]
) -> None:
    lost = named(recording, wanted)
    ops: list[Op] = [op for op in recording.ops if not (isinstance(op, Synced) and op.node in lost)]
    assert len(ops) < len(recording.ops)
    points = [Point(len(ops) // 4, "synced"), Point(len(ops), "synced")]
    verdict = run(replace(recording, ops=ops), points, tmp_path)
    assert verdict.faults != []
