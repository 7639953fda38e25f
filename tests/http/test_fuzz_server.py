"""A real server under mutated requests of real clients, for a moment; ``python -m fuzz.server`` goes on for hours."""

from __future__ import annotations

import os

from fuzz.server import throw
from tests.support.serving import Serve

INPUTS = int(os.environ.get("DAVSERVER_FUZZ_INPUTS", "300"))


def test_no_input_brings_a_server_out_of_step(serve: Serve) -> None:
    server = serve(environ={"DAVSERVER_LOG_ACCESS": "false", "DAVSERVER_LIMITS_IO_S": "20"})
    report = throw(server, seconds=90.0, seed=1, most=INPUTS)
    assert report.failures == []
    assert report.inputs > 0
    assert {"200", "207", "400", "404"} <= report.answers.keys()
