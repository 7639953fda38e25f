"""The list: orders, finding, going from folder to folder, names that mean harm, and a hundred thousand entries."""

from __future__ import annotations

import re
from hashlib import md5
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.davclient import Dav
from tests.support.process import Server, davserver


def names(page: Page) -> list[str]:
    return page.locator("#list tbody td.c-name a").all_inner_texts()


def rows(page: Page):
    return page.locator("#list tbody tr")


def row(page: Page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


@pytest.fixture
def many(dav: Dav, server: Server, collection: str, tmp_path: Path) -> str:
    """Import a collection of 100,000 files of up to 6 bytes, all of them parts of one block; its name."""
    dav.put(f"/{collection}/block", b"x" * 6)
    dav.commit(collection)
    files = " ".join(f"0:{number % 7}:{number:06d}.txt" for number in range(100_000))
    (tmp_path / "manifest").write_text(f". {md5(b'x' * 6).hexdigest()}+6 {files}\n")
    davserver(server.data, "import", f"{collection}-many", str(tmp_path / "manifest"))
    return f"{collection}-many"


def test_columns_sort_and_the_address_keeps_it(visit, dav, collection):
    for name, size in (("a2", 3), ("a10", 1), ("b", 2)):
        dav.put(f"/{collection}/{name}", b"x" * size)
    dav.mkcol(f"/{collection}/z/")
    page = visit(f"/{collection}/")
    expect(rows(page)).to_have_count(4)
    assert names(page) == ["z", "a2", "a10", "b"]
    page.get_by_role("link", name="Size").click()
    expect(rows(page).first).to_contain_text("a2")
    assert names(page) == ["a2", "b", "a10", "z"]
    expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")
    page.reload()
    assert names(page) == ["a2", "b", "a10", "z"]


def test_folders_open_without_loading_the_page_and_back_returns(visit, dav, collection):
    dav.mkcol(f"/{collection}/in/")
    dav.mkcol(f"/{collection}/in/deeper/")
    page = visit(f"/{collection}/")
    page.evaluate("window.same = true")
    page.get_by_role("link", name="in", exact=True).click()
    page.get_by_role("link", name="deeper").click()
    expect(page.locator("#empty")).to_be_visible()
    assert page.url.endswith(f"/{collection}/in/deeper/")
    assert page.title() == "deeper"
    page.go_back()
    expect(page.get_by_role("link", name="deeper").first).to_be_visible()
    page.get_by_role("navigation", name="Where you are").get_by_role("link", name="Collections").click()
    page.get_by_role("searchbox", name="Find by name").fill(collection)  # the tests before made dozens
    expect(page.get_by_role("link", name=collection, exact=True)).to_be_visible()
    assert page.evaluate("window.same") is True


def test_typing_finds_here_and_in_all_folders(visit, dav, collection):
    dav.mkcol(f"/{collection}/in/")
    for path in ("in/Report.txt", "report 2", "other"):
        dav.put(f"/{collection}/{path}", b"")
    page = visit(f"/{collection}/")
    expect(rows(page)).to_have_count(3)
    page.keyboard.type("repo")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("In all folders").check()
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_text("in in")).to_be_visible()
    page.reload()
    expect(rows(page)).to_have_count(2)
    page.get_by_label("Find by name").fill("nothing like this")
    expect(page.locator("#empty")).to_contain_text("nothing like this")


HOSTILE = (
    "<img src=x onerror=document.title='owned'>",
    "\"'><script>document.title='owned'",
    "{{ 7 * 7 }}${document.title='owned'}",
    "100%25 %2e%2e",
    "a&lt;b&amp;c",
    "javascript:alert(1)",
    "#hash?query&more=1",
    " space ",
    "\u202egpj.exe",
    "\u200bhidden\ufeff",
    "עברית و عربية.txt",
    "e\u0301 nfd",
    "x" * 255,
    "\\back\\slash",
    "__proto__",
)


@pytest.mark.parametrize("color_scheme", ["light"])
def test_hostile_names_are_text_everywhere_and_can_be_opened(visit, dav, collection, color_scheme):
    for name in HOSTILE:
        dav.mkcol(f"/{collection}/{name}/")
        dav.put(f"/{collection}/{name}/inside", name.encode())
    page = visit(f"/{collection}/", color_scheme=color_scheme)
    expect(rows(page)).to_have_count(len(HOSTILE))
    for index in range(len(HOSTILE)):
        page.locator("#list tbody td.c-name a").nth(index).click()
        expect(page.get_by_role("link", name="inside")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("#panel h2")).to_have_text("inside")
        href = page.locator("#panel a.button").get_attribute("href")
        assert page.request.get(href).text() in HOSTILE
        assert page.title() != "owned"
        page.go_back()
        expect(rows(page)).to_have_count(len(HOSTILE))
    assert page.locator("#list img, #list script").count() == 0
    expect(page.get_by_text("‹U+202E›gpj.exe")).to_be_visible()


def test_a_hundred_thousand_entries_scroll_and_sort(visit, many):
    page = visit(f"/{many}/")
    expect(page.locator("#list")).to_have_attribute("aria-rowcount", "100001")
    assert rows(page).count() < 60
    page.keyboard.press("End")
    expect(page.get_by_role("link", name="099999.txt")).to_be_visible()
    assert rows(page).count() < 60
    page.keyboard.press("Home")
    expect(page.get_by_role("link", name="000000.txt")).to_be_visible()
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    expect(page.get_by_role("link", name=re.compile("^0(49|50)")).first).to_be_visible()
    page.get_by_role("link", name="Size").click()
    expect(rows(page).first).to_contain_text("6 B")
    page.get_by_label("Find by name").fill("99999")
    expect(rows(page)).to_have_count(1)


def test_who_may_only_read_is_offered_nothing_else(visit, dav, collection):
    dav.put(f"/{collection}/a", b"")
    dav.commit(collection)
    page = visit(f"/history/{collection}/")
    page.locator("#list tbody td.c-name a").first.click()
    expect(page.get_by_role("link", name="a", exact=True)).to_be_visible()
    expect(page.get_by_text("cannot be changed")).to_be_visible()
    expect(page.get_by_role("button", name="Upload files")).to_have_count(0)
    row(page, "a").get_by_role("checkbox").click()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    expect(page.get_by_role("button", name="Restore")).to_be_visible()


def test_what_others_change_shows_when_the_page_is_looked_at_again(visit, dav, collection):
    page = visit(f"/{collection}/")
    expect(page.locator("#empty")).to_be_visible()
    dav.put(f"/{collection}/new", b"")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("link", name="new")).to_be_visible()
