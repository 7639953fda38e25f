"""Uploads from the page: chosen, dropped, paused, cut by a kill, taken up after a reload; never over a file unseen."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.process import davserver, serving, until

LONG_BYTES = 24 << 20
SLOW = 2 << 20
"""Bytes a second: a long file takes twelve seconds, time for what a test does meanwhile on a busy machine."""


def choose(page: Page, *paths: Path, name: str = "Upload files") -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()
    chooser.value.set_files([str(path) for path in paths] if len(paths) != 1 else str(paths[0]))


def dock(page: Page):
    return page.get_by_role("region", name="Uploads")


def slow_down(page: Page) -> Callable[[], None]:
    """Slow what the page sends down; return what makes it fast again."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def limit(rate: int) -> None:
        conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
        session.send("Network.emulateNetworkConditions", conditions)

    limit(SLOW)
    return lambda: limit(-1)


def sent(page: Page, share: float) -> None:
    """Wait until a share of the upload has left."""
    until(lambda: page.evaluate("document.querySelector('progress')?.value ?? 0") > share)


def drop(page: Page, selector: str, files: dict[str, bytes]) -> None:
    """Drop files as a file manager would."""
    page.evaluate(
        """([selector, files]) => {
            const transfer = new DataTransfer();
            for (const [name, text] of Object.entries(files)) {
                transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
            }
            const target = document.querySelector(selector);
            for (const type of ["dragenter", "dragover", "drop"]) {
                target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
            }
        }""",
        [selector, {name: base64.b64encode(data).decode() for name, data in files.items()}],
    )


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    path = tmp_path / "film.mkv"
    path.write_bytes(os.urandom(LONG_BYTES))
    return path


def test_files_are_chosen_and_keep_their_time(visit, dav, collection, tmp_path):
    for name in ("a ä.txt", "b.txt"):
        (tmp_path / name).write_bytes(name.encode())
        os.utime(tmp_path / name, (1_600_000_000, 1_600_000_000))
    page = visit(f"/{collection}/")
    choose(page, tmp_path / "a ä.txt", tmp_path / "b.txt")
    expect(dock(page)).to_contain_text("2 uploads done")
    expect(page.get_by_role("link", name="a ä.txt")).to_be_visible()
    assert dav.get(f"/{collection}/a ä.txt") == "a ä.txt".encode()
    assert "13 Sep 2020" in dav.expect("HEAD", f"/{collection}/b.txt").headers["Last-Modified"]


def test_a_folder_is_chosen_with_all_that_is_in_it(visit, dav, collection, tmp_path):
    (tmp_path / "site/css").mkdir(parents=True)
    (tmp_path / "site/index.html").write_text("<p>")
    (tmp_path / "site/css/a.css").write_text("p{}")
    page = visit(f"/{collection}/")
    choose(page, tmp_path / "site", name="Upload a folder")
    expect(dock(page)).to_contain_text("2 uploads done")
    expect(page.get_by_role("link", name="site")).to_be_visible()
    assert dav.get(f"/{collection}/site/css/a.css") == b"p{}"


def test_files_are_dropped_on_the_page_and_on_a_folder(visit, dav, collection):
    dav.mkcol(f"/{collection}/in/")
    page = visit(f"/{collection}/")
    expect(page.get_by_role("link", name="in", exact=True)).to_be_visible()
    drop(page, "main", {"here.txt": b"here", "empty": b""})
    expect(dock(page)).to_contain_text("2 uploads done")
    drop(page, "#list tbody tr", {"there.txt": b"there"})
    expect(dock(page)).to_contain_text("3 uploads done")
    assert dav.get(f"/{collection}/here.txt") == b"here"
    assert dav.get(f"/{collection}/empty") == b""
    assert dav.get(f"/{collection}/in/there.txt") == b"there"


@pytest.mark.parametrize("answer", ["Replace", "Keep both", "Skip"])
def test_a_file_that_is_there_is_asked_about(visit, dav, collection, answer):
    dav.put(f"/{collection}/a.txt", b"old")
    page = visit(f"/{collection}/")
    drop(page, "main", {"a.txt": b"new"})
    question = page.get_by_role("dialog", name="“a.txt” is there already")
    expect(question).to_be_visible()
    assert dav.get(f"/{collection}/a.txt") == b"old"
    question.get_by_role("button", name=answer, exact=True).click()
    expect(dock(page)).to_contain_text("1 upload done")
    assert dav.get(f"/{collection}/a.txt") == (b"new" if answer == "Replace" else b"old")
    kept = dav.send("GET", f"/{collection}/a (2).txt")
    assert (kept.status_code, kept.content[:3]) == ((200, b"new") if answer == "Keep both" else (404, kept.content[:3]))


def test_one_answer_can_stand_for_all(visit, dav, collection):
    for name in "abc":
        dav.put(f"/{collection}/{name}", b"old")
    page = visit(f"/{collection}/")
    drop(page, "main", dict.fromkeys("abcd", b"new"))
    page.get_by_label("Do the same for all others").check()
    page.get_by_role("dialog").get_by_role("button", name="Replace", exact=True).click()
    expect(dock(page)).to_contain_text("4 uploads done")
    assert {dav.get(f"/{collection}/{name}") for name in "abcd"} == {b"new"}


FRAMES = """() => new Promise((done) => {
    let left = 40;
    const tick = () => (left-- ? requestAnimationFrame(tick) : done());
    tick();
})"""
"""Two thirds of a second, in which the page draws what an upload has sent many times."""


def test_a_slow_press_is_a_click_however_often_the_progress_is_drawn_meanwhile(visit, collection, long_file):
    page = visit(f"/{collection}/")
    slow_down(page)
    choose(page, long_file)
    sent(page, 0.1)
    box = dock(page).get_by_role("button", name="Pause: film.mkv").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate(FRAMES)
    page.mouse.up()
    expect(dock(page)).to_contain_text("Paused")
    dock(page).get_by_role("button", name="Resume: film.mkv").focus()
    page.keyboard.press(" ")
    expect(dock(page)).to_contain_text("Pause: film.mkv")
    dock(page).get_by_role("button", name="Pause: film.mkv").focus()
    page.keyboard.down(" ")
    page.evaluate(FRAMES)
    page.keyboard.up(" ")
    expect(dock(page)).to_contain_text("Paused")
    expect(dock(page).get_by_role("button", name="Resume: film.mkv")).to_be_focused()


def test_progress_is_drawn_into_the_elements_that_are_there(visit, collection, long_file):
    page = visit(f"/{collection}/")
    slow_down(page)
    choose(page, long_file)
    sent(page, 0.1)
    bar, pause = page.query_selector("progress"), page.query_selector("[aria-label=Uploads] li button")
    before = bar.evaluate("bar => bar.value")
    until(lambda: bar.evaluate("bar => bar.value") > before)
    assert bar.evaluate("bar => bar.isConnected")
    assert pause.evaluate("button => button.isConnected")


def test_pause_and_resume(visit, dav, collection, long_file):
    page = visit(f"/{collection}/")
    hurry = slow_down(page)
    choose(page, long_file)
    expect(dock(page).get_by_role("progressbar")).to_be_visible()
    sent(page, 0.2)
    dock(page).get_by_role("button", name="Pause: film.mkv").click()
    expect(dock(page)).to_contain_text("Paused")
    assert dav.send("HEAD", f"/{collection}/film.mkv").status_code == 404
    offsets = watch_offsets(page)
    hurry()
    dock(page).get_by_role("button", name="Resume: film.mkv").click()
    expect(dock(page)).to_contain_text("1 upload done")
    assert dav.get(f"/{collection}/film.mkv") == long_file.read_bytes()
    assert offsets[0] > 0


def watch_offsets(page: Page) -> list[int]:
    """Note at which offsets uploads go on from now."""
    offsets: list[int] = []
    page.on(
        "request",
        lambda request: offsets.append(int(request.headers["upload-offset"])) if request.method == "PATCH" else None,
    )
    return offsets


def test_an_upload_goes_on_after_the_page_was_loaded_again(visit, dav, collection, long_file):
    page = visit(f"/{collection}/")
    hurry = slow_down(page)
    choose(page, long_file)
    sent(page, 0.2)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(dock(page)).to_contain_text("Was not finished")
    offsets = watch_offsets(page)
    hurry()
    with page.expect_file_chooser() as chooser:
        dock(page).get_by_role("button", name="Choose again: film.mkv").click()
    chooser.value.set_files(str(long_file))
    expect(dock(page)).to_contain_text("1 upload done")
    assert dav.get(f"/{collection}/film.mkv") == long_file.read_bytes()
    assert offsets[0] > 0


def test_an_upload_through_a_kill_of_the_server(visit, tmp_path, long_file):
    (tmp_path / "short.txt").write_bytes(b"short")
    with serving(tmp_path / "data", "--workers", "1") as server:
        with server.dav() as dav:
            dav.mkcol("/c/")
        page = visit("/c/", base=server.url)
        hurry = slow_down(page)
        choose(page, long_file)
        sent(page, 0.2)
        server.kill()
        expect(dock(page)).to_contain_text("Waiting for the network")
        hurry()
        server.start()
        expect(dock(page)).to_contain_text("1 upload done", timeout=60_000)
        with server.dav() as dav:
            assert dav.get("/c/film.mkv") == long_file.read_bytes()


def test_an_upload_can_be_given_up_and_leaves_nothing(visit, dav, collection, long_file):
    page = visit(f"/{collection}/")
    slow_down(page)
    with page.expect_response(lambda response: response.request.method == "PUT") as begun:
        choose(page, long_file)
    sent(page, 0.1)
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        dock(page).get_by_role("button", name="Cancel: film.mkv").click()
    expect(dock(page)).to_have_count(0)
    assert dav.send("HEAD", begun.value.headers["location"]).status_code == 404


def test_no_room_is_said_in_words_and_can_be_tried_again(visit, server, dav, collection):
    davserver(server.data, "collection", "quota", collection, "1000")
    page = visit(f"/{collection}/")
    drop(page, "main", {"large.bin": b"x" * 2000, "small.bin": b"x"})
    expect(dock(page)).to_contain_text("There is no room for it")
    expect(dock(page)).to_contain_text("1 upload failed")
    assert dav.get(f"/{collection}/small.bin") == b"x"
    davserver(server.data, "collection", "quota", collection, "5000")
    dock(page).get_by_role("button", name="Try again: large.bin").click()
    expect(dock(page)).to_contain_text("2 uploads done")
    assert dav.get(f"/{collection}/large.bin") == b"x" * 2000


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(visit, tmp_path, long_file):
    with serving(tmp_path / "data", environment={"DAVSERVER_LIMITS_FILE_BYTES": "10MB"}) as server:
        with server.dav() as dav:
            dav.mkcol("/c/")
        page = visit("/c/", base=server.url)
        offsets = watch_offsets(page)
        choose(page, long_file)
        expect(dock(page)).to_contain_text("It is larger than this server takes.")
        assert offsets == []
