"""litmus 0.13: every test of its five suites passes, without a warning: one process, two, and through each proxy."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.process import davserver, serving
from tests.support.programs import real_program
from tests.support.proxies import PROXIES
from tests.support.routes import Route
from tests.support.serving import run

SUITES = ("basic", "copymove", "props", "locks", "http")
SUMMARY = re.compile(r"<- summary for `(\w+)': of (\d+) tests run: (\d+) passed, (\d+) failed\.")


@pytest.mark.real
@pytest.mark.parametrize("workers", [1, 2])
def test_litmus_passes_without_a_warning(tmp_path: Path, workers: int) -> None:
    litmus = real_program("litmus")
    with serving(tmp_path / "data", "--workers", str(workers)) as server:
        with server.dav() as dav:
            dav.mkcol("litmus-home")
        check(litmus, f"{server.url}/litmus-home/", tmp_path)


@pytest.mark.real
@pytest.mark.parametrize("route", list(PROXIES), indirect=True)
def test_litmus_passes_through_a_proxy_below_a_path(route: Route, home: str, tmp_path: Path) -> None:
    check(real_program("litmus"), f"{route.url}/{home}/", tmp_path)


@pytest.mark.real
def test_litmus_passes_with_a_password(tmp_path: Path) -> None:
    litmus = real_program("litmus")
    data = tmp_path / "data"
    added = run("user", "add", "ann", "--password-stdin", data=data, input="correct-horse\n")
    assert added.returncode == 0, added.stderr
    davserver(data, "collection", "create", "litmus-home")
    davserver(data, "grant", "litmus-home", "ann", "write")
    with serving(data) as server:
        check(litmus, f"{server.url}/litmus-home/", tmp_path, "ann", "correct-horse")


def check(litmus: Path, url: str, folder: Path, *credentials: str) -> None:
    """Run all suites; nothing may fail, be skipped or be warned about."""
    done = subprocess.run(
        [litmus, "--keep-going", url, *credentials],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=100,
        check=False,
    )
    output = done.stdout + done.stderr
    summaries = {name: (int(run), int(passed), int(failed)) for name, run, passed, failed in SUMMARY.findall(output)}
    complaints = [line for line in output.splitlines() if "WARNING" in line or "FAIL" in line or "SKIPPED" in line]
    assert complaints == []
    assert sorted(summaries) == sorted(SUITES), output
    assert all(run > 0 and passed == run and failed == 0 for run, passed, failed in summaries.values()), summaries
    assert done.returncode == 0
