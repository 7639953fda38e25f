"""SIGKILL at any moment of eight concurrent writers, again and again on the same data (invariants 1 and 2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.killing import EAGER_COMMITS, ROUNDS, Work
from tests.support.process import davserver, serving


@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * ROUNDS)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_kill_loses_nothing_acknowledged_and_leaves_nothing_half_done(tmp_path: Path, workers: int) -> None:
    with serving(tmp_path / "data", "--workers", str(workers), environment=EAGER_COMMITS) as server:
        work = Work(server)
        for _ in range(ROUNDS):
            work.go_on_until(server.kill)
            server.start()
            work.check()
            davserver(server.data, "fsck")
    assert work.counter.value >= ROUNDS
