"""docs/limits.md lists every limit that can be set, with its default and a test that exists."""

from __future__ import annotations

import re

import pytest

from davserver.config import Settings, spelled
from tests.support.source import ROOT

PAGE = ROOT / "docs/limits.md"
_SETTING = re.compile(r"`(limits\.\w+)`")
_UNITS = {None: 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_TEST = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<name>\w+)`")


def rows() -> list[list[str]]:
    """Return the table as cells, without its head."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_limit_that_can_be_set_is_listed_once() -> None:
    listed = [name for row in rows() for name in _SETTING.findall(row[1])]
    assert sorted(listed) == sorted(spelled(name) for name in Settings.model_fields if name.startswith("limits_"))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_every_limit_is_tested(row: list[str]) -> None:
    tests = list(_TEST.finditer(row[4]))
    assert tests
    for test in tests:
        text = (ROOT / "tests" / test["file"]).read_text()
        assert re.search(rf"^def {test['name']}\(", text, re.MULTILINE), test[0]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_the_defaults_are_those_of_the_settings(row: list[str]) -> None:
    for name in _SETTING.findall(row[1]):
        value = float(Settings.model_fields[name.replace(".", "_")].default)
        figure = re.match(r"(none|[\d,]+)(?: (KiB|MiB|GiB|TiB))?", row[2])
        assert figure is not None
        number = 0.0 if figure[1] == "none" else float(figure[1].replace(",", ""))
        assert value == number * _UNITS[figure[2]]
