"""Take the pictures of the page that the documents show: ``scripts/screenshots``.

They are taken from a running server with the distribution's Chromium, as the browser tests are, so they show what is.
"""

from __future__ import annotations

import math
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.davclient import Dav
from tests.support.process import Server, serving
from tests.support.source import ROOT

IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 150_000
NOON_S = 1_790_000_000
FOLDERS = ("2024 Lofoten", "2025 Iceland", "2026 Dolomites")
FILES = {
    "Dawn over the lake.png": 0,
    "Field notes.md": 6_240,
    "GPS track.gpx": 88_310,
    "Interview with the guide.mp3": 2_413_000,
    "Packing list.txt": 1_830,
    "Permits.pdf": 310_400,
    "Ridge walk.mp4": 8_120_000,
    "budget.xlsx": 24_700,
    "colour-correct.py": 3_912,
    "raw-2026-06.zip": 6_400_000,
}
NOTES = "# Field notes\n\n- 05:40 first light, wind from the west\n- 06:10 fog lifts from the lake\n"


def take() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data, serving(Path(data) / "data", "--workers", "1") as server:
        with server.dav() as dav:
            _fill(dav)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            _folder(browser, server, "light")
            _details(browser, server, "dark")
            _phone(browser, server)
            _history(browser, server)
            browser.close()


def _fill(dav: Dav) -> None:
    for name in ("photos", "manuscript", "measurements", "website"):
        dav.mkcol(f"/{name}/")
    for name in FOLDERS:
        dav.mkcol(f"/photos/{name}/")
    for day, (name, size) in enumerate(FILES.items()):
        content = _lake(720, 440) if name.endswith(".png") else bytes(size)
        dav.expect("PUT", f"/photos/{name}", data=content, X_OC_Mtime=str(NOON_S - day * 86_400 * 3))
    dav.expect("PUT", f"/photos/{FOLDERS[1]}/glacier.png", data=_lake(300, 200))
    dav.commit("photos")
    dav.put("/photos/Field notes.md", NOTES.encode())
    dav.commit("photos")
    dav.put("/photos/Field notes.md", (NOTES + "- 07:00 down to the hut\n").encode())
    label = b'{"label": "sent to print"}'
    dav.expect("POST", "/_/api/collections/photos/commit", data=label, Content_Type="application/json")


def _folder(browser: Browser, server: Server, scheme: str) -> None:
    page = _open(browser, server, scheme, 1200, 720)
    _shoot(page, f"page-{scheme}.png")


def _details(browser: Browser, server: Server, scheme: str) -> None:
    page = _open(browser, server, scheme, 1200, 720)
    page.get_by_role("button", name="Details of Dawn over the lake.png").click()
    expect(page.get_by_role("complementary").locator(".turns li").first).to_be_visible()
    page.mouse.move(0, 0)
    _shoot(page, f"page-{scheme}.png")


def _phone(browser: Browser, server: Server) -> None:
    _shoot(_open(browser, server, "light", 360, 640), "page-phone.png")


def _history(browser: Browser, server: Server) -> None:
    page = _open(browser, server, "light", 1200, 720)
    page.get_by_role("toolbar").get_by_role("button", name="History").click()
    page.get_by_role("button", name="Changes of version 3").click()
    page.get_by_text("Lines", exact=True).click()
    expect(page.locator(".diff-ins")).to_be_visible()
    _shoot(page, "page-history.png")


def _open(browser: Browser, server: Server, scheme: str, width: int, height: int) -> Page:
    size = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{server.url}/photos/")
    expect(page.locator("#list tbody tr").last).to_be_visible()
    return page


def _shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    path = IMAGES / name
    page.screenshot(path=path)
    if path.stat().st_size > MOST_BYTES:
        raise AssertionError(f"{name}: {path.stat().st_size} bytes, more than {MOST_BYTES}")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def _lake(width: int, height: int) -> bytes:
    """Draw hills before a dawn, as a PNG."""
    rows = (b"\0" + b"".join(_colour(x / width, y / height) for x in range(width)) for y in range(height))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(rows))),
    ]
    body = b"".join(_chunk(kind, data) for kind, data in [*chunks, (b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + body


def _colour(x: float, y: float) -> bytes:
    for layer in (3, 2, 1):
        edge = 0.42 + layer * 0.13 + 0.06 * math.sin(x * (9 - layer) + layer * 2.1) + 0.02 * math.sin(x * 23 + layer)
        if y > edge:
            return bytes((30 + 22 * (3 - layer), 62 + 30 * (3 - layer), 72 + 30 * (3 - layer)))
    glow = max(0.0, 1 - math.hypot(x - 0.68, (y - 0.46) * 0.8) * 1.6)
    return bytes((int(108 + 140 * glow), int(140 + 70 * glow), int(172 - 20 * glow)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    take()
