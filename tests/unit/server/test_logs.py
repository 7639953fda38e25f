"""The set-up of logging, in a process of its own, as it is global."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, structlog, sys
from davserver.config import Settings
from davserver.server.logs import configure_logs
configure_logs(Settings(log_format=sys.argv[1]))

def check(authorization):
    raise RuntimeError("a name\\n\\x1b[2J\\x9b31m")

for log in (structlog.get_logger("ours"), logging.getLogger("theirs")):
    try:
        check("Basic c2VjcmV0")
    except RuntimeError as error:
        log.error("failed \\x1b[1m", exc_info=error)
structlog.get_logger("ours").warning("odd", name="\\x9b31m\\r\\nlevel=error")
"""


@pytest.fixture(params=["json", "console"])
def output(request: pytest.FixtureRequest) -> str:
    """Log two failures and a hostile name; return what was written."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, request.param], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr


def test_a_traceback_shows_no_variable(output: str) -> None:
    """Rich would: structlog takes it where it is installed, and a frame's variables hold the Authorization header."""
    assert output.count("Traceback") == 2
    assert "RuntimeError: a name" in output
    assert "c2VjcmV0" not in output.replace('check("Basic c2VjcmV0")', "")


def test_no_text_steers_a_terminal(output: str) -> None:
    assert all(line.isprintable() for line in output.split("\n"))
    assert len([line for line in output.splitlines() if "odd" in line]) == 1


def test_json_has_one_line_for_each_event(output: str) -> None:
    lines = output.splitlines()
    if not lines[0].startswith("{"):
        assert "u009b31m" in lines[-1]
        return
    events = [json.loads(line) for line in lines]
    assert [event["level"] for event in events] == ["error", "error", "warning"]
    assert events[2]["name"] == "\x9b31m\r\nlevel=error"
