"""For everybody: by keyboard alone, with a screen reader, light and dark, on a phone, without motion."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect


def complaints(page: Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds wrong with the page as it is now."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found.response["violations"]]


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || ''")


@pytest.fixture
def filled(dav, collection):
    dav.mkcol(f"/{collection}/folder/")
    for name in ("a.txt", "b.png", "c.mp3"):
        dav.put(f"/{collection}/{name}", b"x")
    return collection


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_wrong(visit, filled, scheme, width):
    page = visit(f"/{filled}/", color_scheme=scheme, viewport={"width": width, "height": 740})
    expect(page.locator("#list tbody tr")).to_have_count(4)
    assert complaints(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("Alt+Enter")
    expect(page.locator("#panel h2")).to_have_text("a.txt")
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert complaints(page) == []


@pytest.mark.parametrize("question", ["Delete", "F2", "Insert"])
def test_axe_finds_nothing_wrong_with_questions(visit, filled, question):
    page = visit(f"/{filled}/")
    page.locator("#list tbody tr").first.focus()
    page.keyboard.press(question)
    expect(page.get_by_role("dialog")).to_be_visible()
    assert complaints(page) == []


def test_axe_finds_nothing_wrong_with_the_tree_and_errors(visit, filled):
    page = visit(f"/{filled}/")
    page.locator("#list tbody tr").first.get_by_role("checkbox").click()
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_role("treeitem", name="folder")).to_be_visible()
    assert complaints(page) == []
    assert complaints(visit("/nothing/")) == []


def test_everything_by_keyboard_alone(visit, dav, filled):
    page = visit(f"/{filled}/")
    expect(page.locator("#list tbody tr")).to_have_count(4)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the list"
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("folder")
    page.keyboard.press("Enter")
    expect(page.locator("#empty")).to_be_visible()
    page.keyboard.press("Insert")
    page.keyboard.type("made")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="made")).to_be_focused()
    page.keyboard.press("Backspace")
    expect(page.get_by_role("row", name="folder")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("row", name="c.mp3")).to_be_focused()
    page.keyboard.press("Shift+ArrowUp")
    expect(page.get_by_role("toolbar")).to_contain_text("2 selected")
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar")).not_to_contain_text("selected")
    page.keyboard.press("Control+a")
    expect(page.get_by_role("toolbar")).to_contain_text("4 selected")
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    expect(page.locator("#empty")).to_be_visible()
    assert len(dav.list(f"/{filled}/")) == 1


def test_what_happens_is_said_to_a_screen_reader(visit, filled):
    page = visit(f"/{filled}/")
    page.get_by_role("link", name="folder").click()
    expect(page.get_by_role("status")).to_have_text("folder: 0 entries")
    page.go_back()
    page.get_by_role("link", name="Size").click()
    expect(page.get_by_role("status")).to_have_text("Sorted by size, descending")


def test_rows_say_their_place_and_whether_they_are_selected(visit, filled):
    page = visit(f"/{filled}/")
    row = page.get_by_role("row", name="a.txt")
    expect(row).to_have_attribute("aria-rowindex", "3")
    expect(row).to_have_attribute("aria-selected", "false")
    row.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("row", name="a.txt")).to_have_attribute("aria-selected", "true")


def test_the_colours_follow_the_system_until_somebody_chooses(visit, filled):
    def ground(page: Page) -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = visit(f"/{filled}/"), visit(f"/{filled}/", color_scheme="dark")
    assert ground(light) != ground(dark)
    dark.get_by_role("button", name="Colours").click()
    assert ground(dark) == ground(light)
    dark.reload()
    assert ground(dark) == ground(light)
    dark.get_by_role("button", name="Colours").click()
    dark.get_by_role("button", name="Colours").click()
    assert ground(dark) != ground(light)


AS_WIDE_AS_THE_SCREEN = "document.documentElement.scrollWidth === 360"


def test_a_phone_shows_all_without_scrolling_sideways(visit, filled):
    page = visit(f"/{filled}/", viewport={"width": 360, "height": 640}, has_touch=True)
    expect(page.get_by_role("row", name="a.txt")).to_be_visible()
    page.wait_for_function(AS_WIDE_AS_THE_SCREEN)
    page.get_by_role("button", name="Details of a.txt").tap()
    expect(page.get_by_role("complementary", name="Details")).to_be_in_viewport()
    page.wait_for_function(AS_WIDE_AS_THE_SCREEN)


def test_nothing_moves_for_whom_it_shall_not(visit, filled):
    page = visit(f"/{filled}/", reduced_motion="reduce")
    page.get_by_role("button", name="Details of a.txt").click()
    assert page.evaluate("document.getAnimations().length") == 0
