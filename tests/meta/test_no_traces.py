"""Nothing in the tree names the machine it was written on, or where packages come from."""

from __future__ import annotations

import re

import pytest

from tests.support.source import ROOT, name_of, text_files

TRACES = {
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+|w" + r"ork)/"),
    "a file in a shared temporary folder": re.compile(r"[\"' =(]/(?:var/)?t" + r"mp/\w"),
    "the host of a package registry": re.compile(
        "|".join(("pypi" + r"\.org", "python" + "hosted", "deb\\.deb" + "ian", "crates" + r"\.io", "npm" + "js"))
    ),
}


@pytest.mark.parametrize("kind", TRACES)
def test_no_file_has_a_trace_of_a_machine(kind: str) -> None:
    found = [
        f"{name_of(path)}:{number}: {line.strip()[:100]}"
        for path in text_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if TRACES[kind].search(line)
    ]
    assert found == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_every_package_by_hash_and_names_no_index(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith(("#", " "))]
    assert len(packages) > 20
    assert [line for line in packages if "==" not in line] == []
    assert [line for line in lines if "://" in line or line.startswith("-")] == []
    assert sum("--hash=sha256:" in line for line in lines) >= len(packages)


def test_the_scripts_can_be_run() -> None:
    scripts = [*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]
    assert [name_of(path) for path in scripts if not path.stat().st_mode & 0o100] == []
