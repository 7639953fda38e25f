"""Uploads that meet what people do: folders deleted between, files saved meanwhile, one chosen twice, very many."""

from __future__ import annotations

import os
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.test_uploads import choose, dock, sent, slow_down

LONG_BYTES = 24 << 20
MANY = 20_000
ENDED = 1_000


def test_a_folder_that_was_deleted_is_made_again(visit, dav, collection, tmp_path: Path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/a.txt").write_text("a")
    page = visit(f"/{collection}/")
    choose(page, tmp_path / "site", name="Upload a folder")
    expect(dock(page)).to_contain_text("1 upload done")
    dav.expect("DELETE", f"/{collection}/site/")
    choose(page, tmp_path / "site", name="Upload a folder")
    expect(dock(page)).to_contain_text("2 uploads done")
    assert dav.get(f"/{collection}/site/a.txt") == b"a"


def test_a_folder_that_goes_meanwhile_is_made_when_somebody_tries_again(visit, dav, collection, tmp_path: Path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/a.txt").write_text("a")
    page = visit(f"/{collection}/")
    page.route(
        "**/site/a.txt", lambda route: (dav.expect("DELETE", f"/{collection}/site/"), route.continue_()), times=1
    )
    choose(page, tmp_path / "site", name="Upload a folder")
    expect(dock(page)).to_contain_text("There is no folder for it")
    dock(page).get_by_role("button", name="Try again: a.txt").click()
    expect(dock(page)).to_contain_text("1 upload done")
    assert dav.get(f"/{collection}/site/a.txt") == b"a"


def paused_midway(page: Page, path: Path) -> None:
    """Upload a file, which is written for that, until some of it is sent."""
    path.write_bytes(os.urandom(LONG_BYTES))
    hurry = slow_down(page)
    choose(page, path)
    sent(page, 0.1)
    dock(page).get_by_role("button", name=f"Pause: {path.name}").click()
    expect(dock(page)).to_contain_text("Paused")
    hurry()


def test_a_file_that_is_saved_while_it_is_sent_fails_and_says_so(visit, dav, collection, tmp_path: Path):
    page, path = visit(f"/{collection}/"), tmp_path / "film.mkv"
    paused_midway(page, path)
    path.write_bytes(os.urandom(LONG_BYTES))
    later = time.time() + 60
    os.utime(path, (later, later))
    dock(page).get_by_role("button", name="Resume: film.mkv").click()
    expect(dock(page)).to_contain_text("gone, or has changed. Choose it again.")
    assert dav.send("GET", f"/{collection}/film.mkv").status_code == 404
    choose(page, path)
    expect(dock(page).get_by_text("Done", exact=True)).to_be_visible()
    assert dav.get(f"/{collection}/film.mkv") == path.read_bytes()


def test_a_file_that_is_chosen_twice_is_sent_once(visit, dav, collection, tmp_path: Path):
    page, path = visit(f"/{collection}/"), tmp_path / "film.mkv"
    paused_midway(page, path)
    choose(page, path)  # which is a way to go on
    expect(dock(page)).to_contain_text("1 upload done")
    assert dav.get(f"/{collection}/film.mkv") == path.read_bytes()


def test_the_next_of_many_is_found_at_once(visit, collection):
    """With 20,000 files each end of an upload looked at all of them, for each that was over: minutes of nothing."""
    page = visit(f"/{collection}/")
    page.context.set_offline(True)  # no upload ends by itself: each is paused, and the next one begins
    paused = page.evaluate(
        """async ([collection, many, ended]) => {
            const app = document.querySelector("script[type=module]").src;
            const { Queue } = await import(new URL("uploads/queue.js", app));
            const queue = new Queue("", () => null);
            const names = Array.from({ length: many }, (_, number) => `${number}.txt`);
            const files = names.map((name) => ({ file: new File(["x"], name), path: [name] }));
            queue.add([collection], { files, folders: [] });
            for (const item of queue.items.slice(0, ended)) {
                queue.pause(item);
                await new Promise((resolve) => setTimeout(resolve));
            }
            queue.pauseAll();
            return queue.items.filter((item) => item.state === "paused").length;
        }""",
        [collection, MANY, ENDED],
    )
    assert paused == MANY
