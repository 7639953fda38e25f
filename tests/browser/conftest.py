"""One browser and one server for all tests of this directory, a collection of its own for each.

The browser is the distribution's Chromium (scripts/install-peers). Where it is missing the tests are skipped, and say
so; with CI=true that is a failure, as in tests/real.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.davclient import Dav
from tests.support.process import Server, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 30_000
"""What a machine that does three other things as well may take for what takes an instant."""

expect.set_options(timeout=PATIENCE_MS)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once."""
    if CHROMIUM is None:
        reason = "chromium is not installed (scripts/install-peers)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve one data directory; nobody kills this server."""
    with serving(tmp_path_factory.mktemp("browser") / "data", "--workers", "1") as running:
        yield running


@pytest.fixture
def dav(server: Server) -> Iterator[Dav]:
    """Look behind the page, as another client."""
    with server.dav() as client:
        yield client


@pytest.fixture
def collection(dav: Dav) -> str:
    """Make a collection; its name."""
    name = f"c{next(_numbers)}"
    dav.mkcol(f"/{name}/")
    return name


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Open pages (path, options of a context). Errors of scripts and breaches of the policy fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str, *, base: str = "", **options: object) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | options
        context = browser.new_context(base_url=base or server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
