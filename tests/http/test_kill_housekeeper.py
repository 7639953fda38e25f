"""SIGKILL of the housekeeper under eight concurrent writers, who notice nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.killing import EAGER_COMMITS, ROUNDS, Work
from tests.support.process import davserver, serving, until


@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * ROUNDS)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_kill_of_the_housekeeper_is_noticed_by_nobody(tmp_path: Path, workers: int) -> None:
    with serving(tmp_path / "data", "--workers", str(workers), environment=EAGER_COMMITS) as server:
        work = Work(server)
        for _ in range(ROUNDS):
            work.go_on_until(server.kill_housekeeper)
            work.check()
            davserver(server.data, "fsck")
        until(lambda: server.housekeeper)
        server.stop()
        server.start()
        work.check()
