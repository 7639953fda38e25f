"""The code of docs/extending.md works as it stands there: a store, a verb and a quirk."""

from __future__ import annotations

import re
from typing import Any

from davserver.dav import verbs
from davserver.dav.quirks.finder import NO_QUOTA
from tests.support.source import ROOT

BLOCKS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "extending.md").read_text(), re.MULTILINE | re.DOTALL)
PAGE: dict[str, Any] = {"__name__": __name__}
for block in BLOCKS:
    exec(block, PAGE)  # it is our own page

TestMetered = PAGE["TestMetered"]


def test_the_store_of_the_page_counts() -> None:
    assert PAGE["store"].inner.inner.bytes_read >= len(b"content")


def test_the_verb_of_the_page_counts(dav, monkeypatch):
    monkeypatch.setitem(verbs.VERBS, "COUNT", PAGE["handle"])
    dav.expect(201, "PUT", "/c/one", b"1")
    dav.expect(201, "MKCOL", "/c/two/")
    assert dav.expect(200, "COUNT", "/c/").body == b"2\n"
    dav.expect(404, "COUNT", "/c/none")


def test_the_quirk_of_the_page_is_the_one_of_the_house() -> None:
    assert PAGE["NO_QUOTA"] == NO_QUOTA
