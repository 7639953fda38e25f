"""History in the page: versions to browse, compare, name and restore; what was deleted; the trash."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def press(page: Page, name: str) -> None:
    page.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()


def close(page: Page) -> None:
    page.get_by_role("dialog").last.get_by_role("button", name="Close", exact=True).click()


def said(page: Page, text: str) -> None:
    expect(page.locator("#toasts").get_by_text(text).last).to_be_visible()


def three_versions(dav, collection: str) -> None:
    """Make versions: 1 has a and gone, 2 has another a, 3 has b and no gone."""
    dav.put(f"/{collection}/a.txt", b"one\ntwo\nthree\n")
    dav.put(f"/{collection}/gone.txt", b"gone")
    dav.commit(collection)
    dav.put(f"/{collection}/a.txt", b"one\n2\nthree\n")
    dav.commit(collection)
    dav.put(f"/{collection}/b.txt", b"b")
    dav.delete(f"/{collection}/gone.txt")
    dav.commit(collection)


def test_versions_are_browsed_and_restored(visit, dav, collection):
    three_versions(dav, collection)
    page = visit(f"/{collection}/")
    press(page, "History")
    expect(page.get_by_role("dialog").get_by_role("link", name="Browse")).to_have_count(3)
    page.get_by_role("button", name="Restore version 1").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Restore", exact=True).click()
    said(page, "is as it was")
    assert dav.get(f"/{collection}/a.txt") == b"one\ntwo\nthree\n"
    assert dav.get(f"/{collection}/gone.txt") == b"gone"
    assert dav.send("HEAD", f"/{collection}/b.txt").status_code == 404
    page.get_by_role("link", name="Browse version 2").click()
    expect(page.get_by_role("row", name="gone.txt")).to_be_visible()
    expect(page.get_by_text("cannot be changed")).to_be_visible()


def test_two_versions_are_compared_line_by_line(visit, dav, collection):
    three_versions(dav, collection)
    page = visit(f"/{collection}/")
    press(page, "History")
    page.get_by_role("button", name="Changes of version 2").click()
    changes = page.get_by_role("list", name="Changes")
    expect(changes.get_by_role("listitem")).to_have_count(1)
    changes.get_by_text("Lines").click()
    expect(changes.locator(".diff-del")).to_have_text("-two\n")
    expect(changes.locator(".diff-ins")).to_have_text("+2\n")
    page.get_by_label("To", exact=True).select_option("Now")
    expect(changes.get_by_role("listitem")).to_have_count(3)
    page.get_by_role("button", name="Restore gone.txt").click()
    said(page, "“gone.txt” is as it was in version 1.")
    assert dav.get(f"/{collection}/gone.txt") == b"gone"


def test_a_version_gets_a_name(visit, dav, collection):
    dav.put(f"/{collection}/a", b"")
    page = visit(f"/{collection}/")
    press(page, "History")
    page.get_by_role("button", name="Keep what is now").click()
    page.get_by_label("What shall this version be called?").fill("as <sent>")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Versions").get_by_text("as <sent>")).to_be_visible()


def test_an_entry_shows_its_turns_and_goes_back_to_one(visit, dav, collection):
    three_versions(dav, collection)
    page = visit(f"/{collection}/")
    page.get_by_role("button", name="Details of a.txt").click()
    panel = page.get_by_role("complementary", name="Details")
    expect(panel.locator(".turns li")).to_have_count(2)
    panel.get_by_role("button", name="Restore as of").click()
    said(page, "“a.txt” is as it was")
    assert dav.get(f"/{collection}/a.txt") == b"one\ntwo\nthree\n"


def test_what_was_deleted_comes_back(visit, dav, collection):
    three_versions(dav, collection)
    page = visit(f"/{collection}/")
    press(page, "Deleted")
    page.get_by_role("button", name="Restore gone.txt").click()
    said(page, "“gone.txt” is back.")
    close(page)
    expect(page.get_by_role("row", name="gone.txt")).to_be_visible()
    assert dav.get(f"/{collection}/gone.txt") == b"gone"


def test_a_collection_comes_back_out_of_the_trash(visit, dav, collection):
    dav.put(f"/{collection}/a", b"a")
    page = visit(f"/?find={collection}")  # others have left many
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=collection, exact=True))
    row.get_by_role("checkbox").click()
    press(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    said(page, f"Deleted “{collection}”.")
    press(page, "Trash")
    page.get_by_role("button", name=f"Restore {collection}", exact=True).click()
    said(page, f"“{collection}” is back.")
    assert dav.get(f"/{collection}/a") == b"a"
