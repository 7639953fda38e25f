"""Every row of docs/peers.md that davserver set out to do has a test that exists, or a decision that says why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/peers.md"
FEATURES = 24
_TEST = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<name>\w+)`")
_DECISION = re.compile(r"\]\((?P<file>adr/[\w-]+\.md)\)")


def rows() -> list[dict[str, str]]:
    """Return the table, a row as its cells by their heading."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head, *body = cells
    return [dict(zip(head, row, strict=True)) for row in body]


def is_done(row: dict[str, str]) -> bool:
    """Tell whether a row names tests that exist, and no other."""
    tests = list(_TEST.finditer(row["Test, or why not"]))
    for test in tests:
        text = (ROOT / "tests" / test["file"]).read_text()
        assert re.search(rf"^def {test['name']}\(", text, re.MULTILINE), test[0]
    return row["davserver"] == "yes" and bool(tests)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["Feature"])
def test_what_was_wanted_is_done_or_decided_against(row: dict[str, str]) -> None:
    assert row["Wanted"] in {"must", "should", "could", "no"}
    assert row["davserver"] in {"yes", "part", "no"}
    decisions = [ROOT / "docs" / found["file"] for found in _DECISION.finditer(row["Test, or why not"])]
    assert all(decision.is_file() for decision in decisions)
    done = is_done(row)
    if row["Wanted"] in {"must", "should"}:
        assert done or decisions
    elif row["davserver"] == "yes":
        assert done


def test_no_row_was_lost() -> None:
    features = [row["Feature"] for row in rows()]
    assert len(set(features)) == len(features) == FEATURES
    assert all(all(row.values()) for row in rows())
