"""A sample counts for the innermost frame that is davserver's."""

from __future__ import annotations

from pathlib import Path

import davserver
from benchmarks.profile import read_stacks, row
from benchmarks.workloads.everything import BY_NAME

OURS = Path(davserver.__file__).parent
RAW = f"""\
run (threading.py:1);serve ({OURS}/server/pool.py:9);get ({OURS}/dav/get.py:7);sub (/lib/re.py:3) 6
run (threading.py:1);serve ({OURS}/server/pool.py:9) 3
run (threading.py:1);other ({OURS.parent}/.venv/site-packages/cheroot/server.py:4) 1
"""


def test_shares_are_of_all_samples() -> None:
    title, rooms, functions = row(BY_NAME["get-small"], read_stacks(RAW.splitlines()))
    assert title == BY_NAME["get-small"].title
    assert rooms == "dav 60%, server 30%, libraries 10%"
    assert functions.startswith("`dav/get:get` 60%, `server/pool:serve` 30%")
