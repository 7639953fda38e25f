"""The page comes up in a browser: with scripts and without."""

from __future__ import annotations

from playwright.sync_api import expect


def test_the_page_comes_up(visit, dav, collection):
    dav.put(f"/{collection}/a.txt", b"hello")
    page = visit(f"/{collection}/")
    expect(page.get_by_role("link", name="a.txt")).to_be_visible()
    assert page.title() == collection


def test_without_scripts_the_list_works(visit, dav, collection):
    dav.mkcol(f"/{collection}/folder/")
    dav.put(f"/{collection}/folder/b.txt", b"hello")
    page = visit(f"/{collection}/", java_script_enabled=False)
    page.get_by_role("link", name="folder").click()
    page.get_by_role("link", name="b.txt").click()
    assert page.text_content("body") == "hello"
