"""Folders and selections are downloaded as one zip."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page, expect


def select(page: Page, *names: str) -> None:
    for name in names:
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))
        row.get_by_role("checkbox").click()


def downloaded(page: Page) -> tuple[str, dict[str, bytes]]:
    """Press the button; return the name of what comes and what is in it."""
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download as zip").click()
    got: Any = coming.value
    assert got.failure() is None
    with zipfile.ZipFile(Path(got.path())) as packed:
        assert packed.testzip() is None
        return got.suggested_filename, {name: packed.read(name) for name in packed.namelist() if name[-1] != "/"}


def fill(dav, collection: str) -> None:
    dav.mkcol(f"/{collection}/folder ä/")
    for name in ("a.txt", "b & c.txt", "folder ä/in.txt"):
        dav.put(f"/{collection}/{name}", name.encode())


def test_a_folder_is_downloaded_as_one_zip(visit, dav, collection):
    fill(dav, collection)
    page = visit(f"/{collection}/")
    select(page, "folder ä")
    name, contents = downloaded(page)
    assert name == "folder ä.zip"
    assert contents == {"folder ä/in.txt": "folder ä/in.txt".encode()}


def test_a_selection_is_downloaded_as_one_zip(visit, dav, collection):
    fill(dav, collection)
    page = visit(f"/{collection}/")
    select(page, "b & c.txt", "folder ä")
    name, contents = downloaded(page)
    assert name == f"{collection}.zip"
    assert contents.keys() == {f"{collection}/b & c.txt", f"{collection}/folder ä/in.txt"}


def test_more_names_than_an_address_holds_go_in_a_form(visit, dav, collection):
    names = [f"a long name of a file {number} " + "x" * 180 for number in range(30)]
    for name in names:
        dav.put(f"/{collection}/{name}", name.encode())
    page = visit(f"/{collection}/")
    page.get_by_role("link", name=names[0]).focus()
    page.keyboard.press("Control+a")
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    _, contents = downloaded(page)
    assert contents == {f"{collection}/{name}": name.encode() for name in names}
    assert "POST" in sent


def test_a_collection_is_downloaded_from_the_list_of_all(visit, dav, collection):
    fill(dav, collection)
    page = visit("/?find=" + quote(collection))
    select(page, collection)
    name, contents = downloaded(page)
    assert name == f"{collection}.zip"
    assert len(contents) == 3


def test_a_version_is_downloaded_as_it_was(visit, dav, collection):
    fill(dav, collection)
    dav.expect("POST", f"/_/api/collections/{collection}/commit")
    dav.put(f"/{collection}/a.txt", b"later")
    page = visit(f"/history/{collection}/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    _, contents = downloaded(page)
    assert b"a.txt" in contents.values()
    expect(page.get_by_role("button", name="Clear the selection")).to_be_visible()
