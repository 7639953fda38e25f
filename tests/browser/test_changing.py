"""Changing things from the page: with conditions, with a way back, and with refusals in words."""

from __future__ import annotations

from playwright.sync_api import expect


def row(page, name):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def listed(dav, path):
    return sorted(entry.path.rsplit("/", 1)[-1] for entry in dav.list(path)[1:])


def select(page, *names):
    for name in names:
        row(page, name).get_by_role("checkbox").click()


def press(page, name):
    page.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()


def confirm(page, name):
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def said(page, text):
    expect(page.locator("#toasts").get_by_text(text).last).to_be_visible()


def test_new_collections_and_folders(visit, dav):
    page = visit("/")
    press(page, "New collection")
    page.get_by_label("Name", exact=True).fill("brand new")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="brand new").click()
    press(page, "New folder")
    page.get_by_label("Name", exact=True).fill("a/b")
    confirm(page, "Create")
    expect(page.get_by_text("A name has no slash in it.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("50 % ä")
    confirm(page, "Create")
    expect(row(page, "50 % ä")).to_be_focused()
    assert listed(dav, "/brand new/") == ["50 % ä"]
    press(page, "New folder")
    page.get_by_label("Name", exact=True).fill("50 % ä")
    confirm(page, "Create")
    said(page, "is there already")


def test_rename_keeps_what_is_there(visit, dav, collection):
    dav.put(f"/{collection}/a.txt", b"1")
    dav.put(f"/{collection}/taken.txt", b"2")
    page = visit(f"/{collection}/")
    row(page, "a.txt").focus()
    page.keyboard.press("F2")
    expect(page.get_by_role("textbox", name="New name")).to_have_value("a.txt")
    page.keyboard.type("taken")  # over the stem, which is marked
    page.keyboard.press("Enter")
    said(page, "“taken.txt” is there already.")
    assert dav.get(f"/{collection}/taken.txt") == b"2"
    row(page, "a.txt").focus()
    page.keyboard.press("F2")
    page.keyboard.type("b")
    page.keyboard.press("Enter")
    expect(row(page, "b.txt")).to_be_focused()
    assert listed(dav, f"/{collection}/") == ["b.txt", "taken.txt"]


def test_what_somebody_else_changed_is_not_deleted_unseen(visit, dav, collection):
    dav.put(f"/{collection}/a", b"1")
    dav.put(f"/{collection}/b", b"1")
    page = visit(f"/{collection}/")
    select(page, "a", "b")
    dav.put(f"/{collection}/a", b"somebody else's work")
    press(page, "Delete")
    confirm(page, "Delete")
    said(page, "“a”: Somebody else has changed it meanwhile.")
    assert listed(dav, f"/{collection}/") == ["a", "b"]


def test_delete_and_undo(visit, dav, collection):
    dav.mkcol(f"/{collection}/folder/")
    for path in ("folder/x", "a", "keep"):
        dav.put(f"/{collection}/{path}", path.encode())
    page = visit(f"/{collection}/")
    select(page, "folder", "a")
    press(page, "Delete")
    expect(page.get_by_role("dialog")).to_contain_text("The history keeps it")
    confirm(page, "Delete")
    said(page, "Deleted 2 entries.")
    assert listed(dav, f"/{collection}/") == ["keep"]
    page.get_by_role("button", name="Undo").click()
    said(page, "is back")
    assert dav.get(f"/{collection}/folder/x") == b"folder/x"
    assert dav.get(f"/{collection}/a") == b"a"


def test_deleting_is_asked_about_and_escape_says_no(visit, dav, collection):
    dav.put(f"/{collection}/a", b"")
    page = visit(f"/{collection}/")
    row(page, "a").focus()
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog", name="Delete “a”?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row(page, "a")).to_be_focused()
    assert listed(dav, f"/{collection}/") == ["a"]


def test_move_by_the_tree_and_copy_to_another_collection(visit, dav, collection):
    dav.mkcol(f"/{collection}/in/")
    dav.mkcol(f"/{collection}-other/")
    for name in ("a", "b"):
        dav.put(f"/{collection}/{name}", name.encode())
    page = visit(f"/{collection}/")
    select(page, "a", "b")
    press(page, "Move")
    page.get_by_role("treeitem", name="in", exact=True).locator(".tree-label").click()
    confirm(page, "Move here")
    said(page, "Moved 2 entries to “in”.")
    assert listed(dav, f"/{collection}/in/") == ["a", "b"]
    select(page, "in")
    press(page, "Copy")
    page.get_by_role("treeitem", name=f"{collection}-other", exact=True).locator(".tree-label").click()
    confirm(page, "Copy here")
    said(page, "Copied “in”")
    assert dav.get(f"/{collection}-other/in/b") == b"b"
    assert listed(dav, f"/{collection}/in/") == ["a", "b"]


def test_moving_onto_something_changes_nothing(visit, dav, collection):
    dav.mkcol(f"/{collection}/in/")
    for path in ("a", "b", "in/b"):
        dav.put(f"/{collection}/{path}", path.encode())
    page = visit(f"/{collection}/")
    select(page, "a", "b")
    press(page, "Move")
    page.get_by_role("treeitem", name="in", exact=True).locator(".tree-label").click()
    confirm(page, "Move here")
    said(page, "“b” is there already. Nothing was changed.")
    assert dav.get(f"/{collection}/in/b") == b"in/b"
    assert listed(dav, f"/{collection}/") == ["a", "b", "in"]


def test_cut_and_paste(visit, dav, collection):
    dav.mkcol(f"/{collection}/in/")
    dav.put(f"/{collection}/a", b"a")
    page = visit(f"/{collection}/")
    row(page, "a").focus()
    page.keyboard.press("Control+x")
    row(page, "in").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#empty")).to_be_visible()
    page.keyboard.press("Control+v")
    said(page, "Moved 1 entry here.")
    assert listed(dav, f"/{collection}/in/") == ["a"]


def test_a_lock_is_told_in_words(visit, dav, collection):
    dav.put(f"/{collection}/a", b"a")
    lock = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
    dav.expect("LOCK", f"/{collection}/a", data=lock, Content_Type="application/xml")
    page = visit(f"/{collection}/")
    select(page, "a")
    press(page, "Delete")
    confirm(page, "Delete")
    said(page, "“a”: It is locked: somebody is working on it.")


def test_details_and_download(visit, dav, collection):
    dav.put(f"/{collection}/data.bin", b"12345")
    page = visit(f"/{collection}/")
    row(page, "data.bin").get_by_role("button", name="Details of data.bin").click()
    panel = page.get_by_role("complementary", name="Details")
    expect(panel).to_contain_text("5 B")
    with page.expect_download() as downloaded:
        panel.get_by_role("button", name="Download").click()
    assert downloaded.value.path().read_bytes() == b"12345"
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(row(page, "data.bin")).to_be_focused()


def test_undo_brings_back_what_it_can_and_says_what_is_in_the_way(visit, dav, collection):
    for name in "abc":
        dav.put(f"/{collection}/{name}.txt", name.encode())
    page = visit(f"/{collection}/")
    row(page, "a.txt").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing is here yet")).to_be_visible()
    dav.put(f"/{collection}/a.txt", b"another")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("“a.txt” is there already.")
    expect(page.get_by_role("link", name="c.txt")).to_be_visible()
    expect(page.locator("#toasts")).not_to_contain_text("back")
    assert [dav.get(f"/{collection}/{name}.txt") for name in "abc"] == [b"another", b"b", b"c"]


def test_marked_text_is_copied_as_text(visit, dav, collection, browser):
    dav.put(f"/{collection}/a.txt", b"a")
    page = visit(f"/{collection}/", permissions=["clipboard-read", "clipboard-write"])
    row(page, "a.txt").focus()
    page.keyboard.press("Alt+Enter")
    tag = page.locator("#panel dd.code")
    expect(tag).to_be_visible()
    tag.click(click_count=3)
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()").strip() == tag.inner_text().strip()
