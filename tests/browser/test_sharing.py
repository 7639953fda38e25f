"""Sharing in the page: links made, used and ended; a visitor sees what is shared; a drop folder takes files."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page, expect


def panel_of(page: Page, name: str):
    page.get_by_role("button", name=f"Details of {name}").click()
    return page.get_by_role("complementary", name="Details")


def make_link(page: Page, name: str, **fields: str) -> str:
    """Make a link to an entry in the page; its path."""
    panel = panel_of(page, name)
    panel.get_by_role("button", name="Share by a link").click()
    for label, value in fields.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Make the link").click()
    address = page.get_by_label("Whoever has this address").input_value()
    page.get_by_role("dialog").last.get_by_role("button", name="Close", exact=True).click()
    return urlsplit(address).path


def test_a_link_is_made_used_by_somebody_else_and_ended(visit, dav, collection):
    for folder in ("shared", "shared/sub", "hidden"):
        dav.mkcol(f"/{collection}/{folder}/")
    dav.put(f"/{collection}/shared/cat.txt", b"meow")
    dav.put(f"/{collection}/shared/sub/deep.txt", b"deep")
    page = visit(f"/{collection}/")
    path = make_link(page, "shared", **{"What it is for": "for <ann>"})
    panel = page.get_by_role("complementary", name="Details")
    expect(panel.get_by_text("for <ann>")).to_be_visible()
    expect(panel.get_by_text("until")).to_be_visible()

    guest = visit(path)
    expect(guest.get_by_role("row", name="cat.txt")).to_be_visible()
    expect(guest.get_by_text("read only")).to_be_visible()
    crumbs = guest.get_by_role("navigation", name="Where you are")
    expect(crumbs).to_have_text("Sharedshared")
    for word in ("Sign in", "History", "Storage", "Upload files", collection):
        expect(guest.get_by_text(word, exact=True)).to_have_count(0)
    guest.get_by_role("link", name="sub", exact=True).click()
    expect(guest.get_by_role("row", name="deep.txt")).to_be_visible()
    expect(crumbs).to_have_text("Sharedsharedsub")
    guest.keyboard.press("Backspace")
    expect(guest.get_by_role("row", name="cat.txt")).to_be_visible()
    guest.get_by_role("button", name="Details of cat.txt").click()
    seen = guest.get_by_role("complementary", name="Details")
    expect(seen.get_by_text("text/plain")).to_be_visible()
    expect(seen.get_by_role("button", name="Share by a link")).to_have_count(0)
    guest.reload()
    expect(crumbs).to_have_text("Sharedshared")

    panel.get_by_role("button", name="End the link for <ann>").click()
    expect(page.locator("#toasts").get_by_text("The link has ended.")).to_be_visible()
    expect(panel.get_by_text("for <ann>")).to_have_count(0)
    guest.reload()
    expect(guest.get_by_text("Nothing is here, or not any more.")).to_be_visible()


def test_a_drop_folder_takes_files_and_shows_none(visit, dav, collection):
    dav.mkcol(f"/{collection}/inbox/")
    dav.put(f"/{collection}/inbox/there.txt", b"first")
    page = visit(f"/{collection}/")
    panel_of(page, "inbox").get_by_role("button", name="Share by a link").click()
    page.get_by_label("Whoever has the link may").select_option("Put files in, and see nothing")
    page.get_by_role("button", name="Make the link").click()
    path = urlsplit(page.get_by_label("Whoever has this address").input_value()).path

    guest = visit(path)
    expect(guest.get_by_role("heading", name="inbox")).to_be_visible()
    expect(guest.get_by_text("there.txt")).to_have_count(0)
    guest.locator("#files").set_input_files(
        [
            {"name": "there.txt", "mimeType": "text/plain", "buffer": b"second"},
            {"name": "größe #1?.bin", "mimeType": "application/octet-stream", "buffer": b"x" * 300_000},
        ]
    )
    expect(guest.get_by_text("arrived", exact=True)).to_have_count(2)
    assert dav.get(f"/{collection}/inbox/there.txt") == b"first"
    assert dav.get(f"/{collection}/inbox/there (2).txt") == b"second"
    assert dav.get(f"/{collection}/inbox/größe #1?.bin") == b"x" * 300_000
    for link in page.request.get(f"/_/api/links?collection={collection}").json()["links"]:
        assert page.request.delete(f"/_/api/links/{link['id']}").status == 204
    guest.locator("#files").set_input_files([{"name": "late", "mimeType": "text/plain", "buffer": b""}])
    expect(guest.get_by_text("This link has ended.")).to_be_visible()
