"""Signing in where strangers may look: from then on every page is that of whoever signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support.process import Server, serving
from tests.support.serving import run

CREDENTIALS = {"username": "ann", "password": "correct horse"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a collection that everybody may read, and one that ann alone may see."""
    data = tmp_path_factory.mktemp("guarded") / "data"
    run("user", "add", "ann", "--password-stdin", data=data, input="correct horse\n")
    for name, who in (("open", "anonymous"), ("secret", "ann")):
        run("collection", "create", name, data=data)
        run("grant", name, who, "read" if who == "anonymous" else "manage", data=data)
    with serving(data, "--workers", "1") as server:
        yield server


@pytest.mark.parametrize("path", ["/", "/open/"])
def test_who_signs_in_is_known_on_every_page(visit, guarded, path):
    """Browsers gave the name to what is below /_/ alone: the root stayed that of strangers, whatever they did."""
    page = visit(path, base=guarded.url, http_credentials=CREDENTIALS)
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_title("Signed in as ann")).to_be_visible()
    assert page.evaluate("location.pathname + location.search") == path
    page.goto("/")
    expect(page.get_by_title("Signed in as ann")).to_be_visible()
    expect(page.get_by_role("link", name="secret", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="secret", exact=True)).to_be_visible()


def test_strangers_see_what_they_may_and_no_more(visit, guarded):
    page = visit("/", base=guarded.url)
    expect(page.get_by_role("link", name="open", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="secret", exact=True)).to_have_count(0)
