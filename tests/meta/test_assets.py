"""What browsers run is held to the same: short files, short lines, and each module says what lives there."""

from __future__ import annotations

import re

import pytest

from tests.support.source import PACKAGE, name_of

ASSETS = PACKAGE / "web" / "assets"
FILES = sorted(path for path in ASSETS.rglob("*") if path.suffix in {".js", ".css"})
MODULES = [path for path in FILES if path.suffix == ".js"]
MOST_LINES = 400
MOST_COLUMNS = 160
PATTERN = re.compile(r"\s*/.*/[a-z]*,?\Z")


def test_no_file_is_long_and_no_line() -> None:
    """A pattern is one line, however long."""
    lines = {
        name_of(path): [line for line in path.read_text().splitlines() if not PATTERN.match(line)] for path in FILES
    }
    assert {name: len(text) for name, text in lines.items() if len(text) > MOST_LINES} == {}
    assert [name for name, text in lines.items() if max(map(len, text)) > MOST_COLUMNS] == []


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_says_what_it_is_and_imports_what_is_there(module) -> None:
    text = module.read_text()
    assert text.startswith("/**")
    for imported in re.findall(r"(?:from|import) \"(\.[^\"]+)\"", text):
        assert (module.parent / imported).is_file(), imported


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_module_writes_html_or_makes_code(module) -> None:
    shunned = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\"style\""
    assert re.findall(shunned, module.read_text()) == []
