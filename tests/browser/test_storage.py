"""The storage view: sums, plots with their figures beside them, and what one may not see."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.process import davserver, serving

SIZES = (100_000, 250_000, 50_000)


@pytest.fixture
def grown(dav, collection) -> str:
    """Make three versions, each with a file more, and a change that is in none of them."""
    for number, size in enumerate(SIZES):
        dav.put(f"/{collection}/{number}", bytes([number]) * size)
        dav.expect("POST", f"/_/api/collections/{collection}/commit")
    return collection


def opened(page: Page):
    page.get_by_role("toolbar").get_by_role("button", name="Storage", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def sums(dialog) -> dict[str, str]:
    names = dialog.locator(".storage-sums dt").all_inner_texts()
    return dict(zip(names, dialog.locator(".storage-sums dd").all_inner_texts(), strict=True))


def test_a_collection_tells_what_it_takes_and_how_it_grew(visit, grown):
    dialog = opened(visit(f"/{grown}/"))
    assert sums(dialog) == {
        "in files": "400 kB",
        "files": "3",
        "versions": "3",
        "in all versions together": "850 kB",
        "stored for them": "400 kB",
        "less room than copies would take": "2.1 ×",
    }
    growth = dialog.get_by_role("img", name="Growth")
    expect(growth.locator("desc")).to_have_text(
        "From version 1 to version 3: what is seen grew from 100 kB to 400 kB, "
        "what is stored for all versions to 400 kB."
    )
    expect(growth.locator("polyline.seen")).to_have_count(1)
    expect(growth.locator("polyline.stored")).to_have_count(1)
    expect(dialog.get_by_role("img", name="New in each version").locator("rect")).to_have_count(3)
    rows = dialog.get_by_role("table").locator("tbody tr")
    texts = [
        [cell for index, cell in enumerate(row.locator("th, td").all_inner_texts()) if index != 1] for row in rows.all()
    ]
    assert texts == [
        ["3", "3", "400 kB", "50 kB", "1"],
        ["2", "2", "350 kB", "250 kB", "1"],
        ["1", "1", "100 kB", "100 kB", "1"],
    ]


def test_plots_follow_the_room_there_is(visit, grown):
    page = visit(f"/{grown}/", viewport={"width": 1280, "height": 900})
    dialog = opened(page)
    plot = dialog.get_by_role("img", name="Growth")
    wide = float(plot.get_attribute("width"))
    page.set_viewport_size({"width": 400, "height": 800})
    expect(plot).not_to_have_attribute("width", str(int(wide)))
    assert float(plot.get_attribute("width")) < wide
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth")


def test_a_collection_without_a_version_says_so(visit, collection):
    dialog = opened(visit(f"/{collection}/"))
    expect(dialog).to_contain_text("No version yet")
    expect(dialog.locator("figure")).to_have_count(0)


def test_all_collections_stand_side_by_side(visit, dav, grown):
    dav.put(f"/{grown}/later", b"x" * 1000)
    page = visit("/")
    dialog = opened(page)
    row = dialog.get_by_role("row").filter(has=page.get_by_role("rowheader", name=grown, exact=True))
    assert row.locator("td").all_inner_texts()[:3] == ["401 kB", "3", "850 kB"]
    expect(dialog.get_by_role("img", name="ollections")).to_be_visible()


def test_the_details_of_a_collection_have_its_growth(visit, grown):
    page = visit(f"/?find={grown}")
    page.get_by_role("link", name=grown, exact=True).focus()
    page.keyboard.press("Alt+Enter")
    panel = page.get_by_role("complementary", name="Details")
    expect(panel).to_contain_text("2.1 × less than copies")
    expect(panel.get_by_role("img", name="Growth")).to_be_visible()
    panel.get_by_role("button", name="Storage").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"Storage of {grown}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_plots(visit, grown, scheme):
    page = visit(f"/{grown}/", color_scheme=scheme)
    expect(opened(page).get_by_role("img", name="Growth")).to_be_visible()
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found.response["violations"]] == []


def test_who_sees_a_part_is_told_no_sizes_and_no_error(visit, tmp_path):
    with serving(tmp_path / "data", "--workers", "1") as server:
        with server.dav() as client:
            client.mkcol("/photos/")
            client.mkcol("/photos/mine/")
        davserver(server.data, "user", "add", "ann", "--no-password")
        davserver(server.data, "grant", "photos/mine", "ann", "read")
        token = davserver(server.data, "token", "create", "ann").split()[-1]
        page = visit("/", base=server.url, http_credentials={"username": "ann", "password": token})
        page.get_by_role("link", name="photos", exact=True).focus()
        with page.expect_response("**/stats") as told:
            page.keyboard.press("Alt+Enter")
        assert told.value.status == 404
        panel = page.get_by_role("complementary", name="Details")
        expect(panel.get_by_role("heading", name="photos")).to_be_visible()
        expect(panel.get_by_role("heading", name="Storage")).to_have_count(0)
        expect(page.locator("#toasts")).to_be_empty()
