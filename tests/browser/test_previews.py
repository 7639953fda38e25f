"""Previews: each kind of file, the way from one to the next, and files that mean harm."""

from __future__ import annotations

import base64
import json
import struct
import zlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

ATTACK = "window.harmed = true; parent.harmed = true; top.harmed = true"
HTML = f"<!DOCTYPE html><script>{ATTACK}</script><img src=x onerror='{ATTACK}'>".encode()
SVG = (
    f"<svg xmlns='http://www.w3.org/2000/svg' width='60' height='40' onload='{ATTACK}'><script>{ATTACK}</script>"
    "<rect width='60' height='40' fill='teal'/></svg>"
).encode()
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
)
WAV = b"RIFF" + struct.pack("<I", 836) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
WAV += b"data" + struct.pack("<I", 800) + bytes([128] * 800)


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + bytes(3 * width) for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


NOTEBOOK = {
    "nbformat": 4,
    "metadata": {"kernelspec": {"display_name": "Python 3"}},
    "cells": [
        {"cell_type": "markdown", "source": ["# Title <script>window.harmed = true</script>"]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "source": ["print('hello')"],
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["hello\n"]},
                {"output_type": "display_data", "data": {"image/png": base64.b64encode(png(7, 5)).decode()}},
                {"output_type": "display_data", "data": {"text/html": f"<script>{ATTACK}</script>"}},
                {"output_type": "display_data", "data": {"application/javascript": ATTACK}},
                {"output_type": "display_data", "data": {"image/svg+xml": SVG.decode()}},
                {"output_type": "error", "traceback": ["\x1b[31mValueError\x1b[0m: no"]},
                "no output at all",
            ],
        },
        None,
    ],
}


@pytest.fixture
def shown(visit, dav, collection):
    """Put files, open the page, and one of them in the viewer."""

    def show(name: str, content: bytes, **others: bytes) -> Page:
        for each, data in {name: content, **others}.items():
            dav.put(f"/{collection}/{each}", data)
        page = visit(f"/{collection}/")
        page.get_by_role("link", name=name, exact=True).focus()
        page.keyboard.press("Shift+Enter")
        expect(viewer(page)).to_be_visible()
        return page

    return show


def viewer(page: Page):
    return page.locator("dialog.viewer")


def is_harmed(page: Page) -> bool:
    return bool(page.evaluate("window.harmed === true"))


def test_a_picture_is_shown_with_its_measures(shown):
    page = shown("photo.png", png(64, 48))
    expect(viewer(page)).to_contain_text("64 × 48")
    expect(viewer(page).get_by_role("heading", name="photo.png")).to_be_visible()
    expect(viewer(page).get_by_role("img", name="photo.png")).to_be_visible()


def test_a_text_has_numbers_and_is_no_markup(shown):
    page = shown("page.html", HTML + "\nzweite Zeile: äöü\n".encode())
    expect(viewer(page).locator(".code-lines")).to_contain_text("<script>window.harmed")
    expect(viewer(page).locator(".code-lines")).to_contain_text("zweite Zeile: äöü")
    expect(viewer(page).locator(".code-numbers")).to_have_text("1\n2")
    expect(viewer(page)).to_contain_text("UTF-8")
    assert not is_harmed(page)


@pytest.mark.parametrize(
    ("content", "coding", "text"),
    [
        ("Grüße".encode("latin-1"), "Windows-1252", "Grüße"),
        ("Grüße".encode("utf-16"), "UTF-16", "Grüße"),
        ("\ufeffGrüße".encode(), "UTF-8", "Grüße"),
        ("日本".encode() * 90_000, "UTF-8", "日本"),
    ],
)
def test_the_coding_is_guessed(shown, content, coding, text):
    page = shown("notes.txt", content)
    expect(viewer(page).locator(".preview-note")).to_contain_text(coding)
    expect(viewer(page).locator(".code-lines")).to_contain_text(text)


def test_of_a_large_text_the_beginning_is_read(shown, dav, collection):
    page = shown("large.log", b"line of a log\n" * 100_000)
    expect(viewer(page).locator(".preview-note")).to_contain_text("The first 262 kB of 1.4 MB")
    expect(viewer(page).locator(".code-lines")).to_contain_text("only the first 10,000 lines are shown")


def test_a_line_of_half_a_megabyte_does_not_hold_the_browser_up(shown):
    page = shown("huge.json", b'{"a": "' + b"x" * 500_000 + b'"}')
    expect(viewer(page).locator(".code-lines")).to_contain_text("more characters")
    assert len(viewer(page).locator(".code-lines").inner_text()) < 5_000


def test_what_is_no_text_is_not_shown_as_one(shown):
    page = shown("data.txt", bytes(range(256)))
    expect(viewer(page)).to_contain_text("This is no text")


def test_an_empty_file_is_an_empty_text(shown):
    page = shown("empty.txt", b"")
    expect(viewer(page).locator(".code-numbers")).to_have_text("1")


def test_a_table_is_text_in_cells_with_figures_to_the_right(shown):
    rows = "".join(f'{number},{number / 3:.2f},"<b onmouseover={number}>, ""q""\n2nd"\n' for number in range(1200))
    page = shown("data.csv", b"id,share,note <i>\n" + rows.encode())
    expect(viewer(page).get_by_role("columnheader", name="note <i>")).to_be_visible()
    expect(viewer(page).locator("tbody tr")).to_have_count(1000)
    first = viewer(page).locator("tbody tr").nth(3).locator("td")
    assert first.all_inner_texts() == ["4", "3", "1.00", '<b onmouseover=3>, "q"\n2nd']
    expect(first.nth(2)).to_have_class("figure")
    expect(viewer(page).locator(".preview-note")).to_contain_text("The first 1,000 rows")
    assert viewer(page).locator("b, i").count() == 0


@pytest.mark.parametrize(
    ("name", "content", "cells"),
    [
        ("a.tsv", b"x\ty\n1\t2\n", ["1", "2"]),
        ("a.csv", b"x;y\n1,5;2\n", ["1,5", "2"]),
        ("b.csv", b'x,y\r\n"a\r\nb",\r\n', ["a\r\nb", ""]),
        ("c.csv", b'x,y\nopen "quote,"never closed', ['open "quote', "never closed"]),
    ],
)
def test_tables_are_read_as_spreadsheets_read_them(shown, name, content, cells):
    page = shown(name, content)
    expect(viewer(page).locator("tbody tr")).to_have_count(1)
    assert viewer(page).locator("tbody td:not(.row-number)").all_inner_texts() == cells


def test_a_table_tells_what_of_it_is_not_shown(shown):
    page = shown("wide.csv", (",".join(map(str, range(300))) + "\n").encode() * 3)
    expect(viewer(page).locator(".preview-note")).to_contain_text("the first 100 of 300 columns")


def test_a_row_without_an_end_is_not_called_an_empty_table(shown):
    page = shown("long.csv", b'"no end, ' + b"x" * (1 << 21))
    expect(viewer(page)).to_contain_text("The first row is too long to be shown.")


def test_a_notebook_shows_texts_and_pictures_and_runs_nothing(shown):
    page = shown("analysis.ipynb", json.dumps(NOTEBOOK).encode())
    inside = viewer(page)
    expect(inside).to_contain_text("# Title <script>")
    expect(inside).to_contain_text("hello")
    expect(inside).to_contain_text("ValueError: no")
    expect(inside).to_contain_text("An output of type text/html is not shown.")
    expect(inside).to_contain_text("An output of type application/javascript is not shown.")
    expect(inside).to_contain_text("An output of type image/svg+xml is not shown.")
    expect(inside).to_contain_text("Python 3 · 2 cells")
    picture = inside.locator("img.cell-picture")
    expect(picture).to_have_js_property("naturalWidth", 7)
    assert inside.locator("script").count() == 0
    assert not is_harmed(page)


@pytest.mark.parametrize("content", [b"{", b"[]", b"null", b'{"cells": 7}', b'{"cells": [{"source": {"a": 1}}]}'])
def test_a_notebook_that_is_none_does_no_harm(shown, content):
    page = shown("broken.ipynb", content)
    expect(viewer(page).locator(".preview-wait")).to_have_count(0)
    expect(viewer(page).locator(".preview-none, .preview-notebook")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content"),
    [("drawing.svg", SVG), ("page.png", HTML), ("film.mp4", HTML), ("song.mp3", HTML), ("paper.pdf", HTML)],
)
def test_script_in_another_coat_does_not_run(shown, name, content):
    page = shown(name, content)
    if name == "drawing.svg":
        expect(viewer(page)).to_contain_text("60 × 40")
    elif name == "paper.pdf":
        expect(viewer(page).locator("iframe")).to_be_visible()
    else:
        expect(viewer(page).locator(".preview-none")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert not is_harmed(page)


def test_sound_is_played_by_the_browser(shown):
    page = shown("note.wav", WAV)
    sound = viewer(page).locator("audio")
    expect(sound).to_have_js_property("duration", 0.1)
    expect(sound).to_have_js_property("paused", True)


def test_a_pdf_stands_in_a_frame_that_takes_nothing_else(shown, collection):
    page = shown("paper.pdf", PDF)
    frame = viewer(page).locator("iframe")
    expect(frame).to_have_attribute("src", f"/_/preview/{collection}/paper.pdf")
    answer = page.request.get(f"/_/preview/{collection}/paper.pdf")
    assert answer.headers["content-type"] == "application/pdf"


def test_keys_go_from_file_to_file_and_back_to_the_list(shown):
    page = shown("b.txt", b"bee", **{"a.txt": b"ay", "c.bin": b"no preview", "d.png": png(3, 3)})
    expect(viewer(page)).to_contain_text("2 of 3")
    page.keyboard.press("ArrowLeft")
    expect(viewer(page).locator(".code-lines")).to_have_text("ay")
    page.keyboard.press("ArrowLeft")
    expect(viewer(page).get_by_role("heading")).to_have_text("a.txt")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(viewer(page)).to_contain_text("3 × 3")
    page.keyboard.press("Escape")
    expect(viewer(page)).to_have_count(0)
    expect(page.get_by_role("row").filter(has=page.get_by_role("link", name="d.png"))).to_be_focused()


def test_a_file_that_went_away_says_so(shown, dav, collection):
    page = shown("b.txt", b"bee", **{"a.txt": b"ay"})
    dav.expect("DELETE", f"/{collection}/a.txt")
    page.keyboard.press("ArrowLeft")
    expect(viewer(page).get_by_role("alert")).to_contain_text("not there any more")


def test_the_details_of_a_picture_have_a_small_one(visit, dav, collection):
    dav.put(f"/{collection}/photo.png", png(64, 48))
    page = visit(f"/{collection}/")
    page.get_by_role("link", name="photo.png").focus()
    page.keyboard.press("Alt+Enter")
    page.get_by_role("button", name="View photo.png").click()
    expect(viewer(page)).to_contain_text("64 × 48")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_wrong_with_previews(shown, scheme, width):
    others = {"b.csv": b"x,y\n1,2\n", "c.ipynb": json.dumps(NOTEBOOK).encode(), "d.png": png(9, 9), "e.wav": WAV}
    page = shown("a.txt", b"text", **others)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 740})
    for kind in (
        ".preview-text",
        ".preview-table",
        ".preview-notebook",
        ".preview-picture .preview-note",
        ".preview-audio",
    ):
        expect(viewer(page).locator(kind).first).to_be_visible()
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found.response["violations"]] == []
        page.keyboard.press("ArrowRight")
