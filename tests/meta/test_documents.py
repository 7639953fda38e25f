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
