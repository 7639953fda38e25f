"""The shipped service and image hold few rights, as the programs that would grant them see it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from davserver.config import Settings
from tests.support.programs import real_program
from tests.support.source import ROOT

MOST_EXPOSED = 15
"""Tenths of systemd's measure, which goes to 10.0; its own example of a well kept service has 1.5 or more."""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Copy the shipped unit, with a program that is there."""
    text = (ROOT / "config" / "davserver.service").read_text()
    path = tmp_path / "davserver.service"
    path.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text))
    return path


@pytest.mark.real
def test_the_unit_is_understood(unit: Path) -> None:
    command = [real_program("systemd-analyze"), "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real
def test_the_socket_unit_is_understood(unit: Path) -> None:
    shutil.copy(ROOT / "config" / "davserver.socket", unit.parent)
    command = [real_program("systemd-analyze"), "verify", "--man=no", str(unit.parent / "davserver.socket")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real
def test_the_unit_exposes_little(unit: Path) -> None:
    program = real_program("systemd-analyze")
    command = [program, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_composed_services_hold_few_rights_and_set_what_there_is_to_set() -> None:
    services = yaml.safe_load((ROOT / "config" / "compose.yaml").read_text())["services"]
    ours = services["davserver"]
    settings = {f"DAVSERVER_{field.upper()}" for field in Settings.model_fields}
    assert set(ours["environment"]) <= settings
    assert (ours["read_only"], ours["cap_drop"]) == (True, ["ALL"])
    assert "ports" not in ours
    assert ours["volumes"] == ["data:/data"]
    assert not [name for name, service in services.items() if service.get("privileged")]


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last_stage = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    [user] = [line for line in last_stage if line.startswith("USER ")]
    assert user.split()[1] not in {"root", "0"}
    assert last_stage.index(user) < next(n for n, line in enumerate(last_stage) if line.startswith("ENTRYPOINT"))
    assert not [line for line in lines if re.search(r"(?i)password|secret|token", line) and line.startswith("ENV")]
