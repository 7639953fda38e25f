"""Everything a client can do, in any order, against a plain model; with one process, and with two.

``DAVSERVER_MODEL_RUNS`` is how many runs of up to 40 steps each test makes.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.arena import Arena
from tests.support.machine import Machine

RUNS = int(os.environ.get("DAVSERVER_MODEL_RUNS", "5"))
STEPS = 40


@pytest.mark.timeout(120 + 10 * RUNS)
def test_the_server_does_what_the_model_does(stadium):
    class Here(Machine):
        arena: Arena = stadium
        restarts = ["kill", "stop"] * (RUNS // 20) or ["kill"]

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # restarts are few, so a shorter run need not fail the same way
            suppress_health_check=list(HealthCheck),
        ),
    )
