"""What the documents point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.source import ROOT, name_of, text_files

LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
NAMED_FILE = re.compile(r"`((?:tests|benchmarks|scripts|davserver|docs)/[\w./-]+)`")

DOCUMENTS = [path for path in text_files() if path.suffix == ".md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    assert [link for link in LINK.findall(text) if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_named_files_exist(document: Path) -> None:
    assert [name for name in NAMED_FILE.findall(document.read_text()) if not (ROOT / name).exists()] == []


def test_each_defence_names_a_test_that_exists() -> None:
    rows = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.count("|") == 4 and "`" in line]
    tests = [
        re.findall(r"`((?:browser|http|meta|property|real|unit)/[\w/]+\.py)`", line.split("|")[3]) for line in rows
    ]
    assert len(rows) > 25
    assert [row for row, named in zip(rows, tests, strict=True) if not named and "Who" not in row] == []
    assert [name for named in tests for name in named if not (ROOT / "tests" / name).exists()] == []
