"""Every "yes" of docs/compliance.md names a test that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| (?P<what>.+?) \| (?P<done>[a-z]+) \| (?P<why>.+?) \|$", re.MULTILINE)
_TEST = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<name>\w+)`")


def rows():
    return [match.groupdict() for match in _ROW.finditer((ROOT / "docs/compliance.md").read_text())]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["what"])
def test_a_yes_has_its_test_and_everything_else_its_reason(row):
    assert row["done"] in {"yes", "no", "part"}
    if row["done"] != "yes":
        assert len(row["why"]) > 10
        return
    tests = list(_TEST.finditer(row["why"]))
    assert tests
    for test in tests:
        text = (ROOT / "tests" / test["file"]).read_text()
        assert re.search(rf"^\s*def {test['name']}\(", text, re.MULTILINE), test[0]


def test_the_page_has_rows():
    lines = [line for line in (ROOT / "docs/compliance.md").read_text().splitlines() if line.startswith("| ")]
    headings = [line for line in lines if line.startswith("| What | Done |")]
    assert len(rows()) == len(lines) - len(headings)
