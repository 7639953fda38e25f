"""One server for all tests of this directory, a house of its own for each; see ``tests.support.site``."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.dav.app import make_app
from davserver.dav.status import row_of
from davserver.live.house import House
from davserver.web.app import WebApp
from davserver.web.metrics import Metrics
from tests.support.arena import LAYOUTS, Arena, arena
from tests.support.site import Client, Site, Stage, running_site, serving


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, tuple[str, int]]]:
    """Start a server with nothing on it."""
    stage = Stage()
    with serving(stage) as address:
        yield stage, address


@pytest.fixture
def site(stage: tuple[Stage, tuple[str, int]], tmp_path: Path) -> Iterator[Site]:
    """Serve an empty data directory."""
    with running_site(*stage, tmp_path / "data") as running:
        yield running


@pytest.fixture
def dav(site: Site) -> Client:
    """Talk to a server that has one collection, ``c``."""
    site.client.expect(201, "MKCOL", "/c/")
    return site.client


@pytest.fixture
def api(site: Site, stage: tuple[Stage, tuple[str, int]], dav: Client) -> Iterator[Client]:
    """Talk to a server that has WebDAV and what is below ``/_/``."""
    web = WebApp(site.house, Metrics(shared=False), lambda error: row_of(error).status)
    files = make_app(site.house)

    def both(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return (web if environ["PATH_INFO"].startswith("/_/") else files)(environ, start_response)

    with stage[0].play(both):
        yield dav


@pytest.fixture(scope="session", params=list(LAYOUTS))
def stadium(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Run one data directory under each layout of processes; tests take names of their own."""
    with arena(tmp_path_factory.mktemp("arena") / "data", request.param) as running:
        yield running
        print(f"\n{request.param}: some order explains each of {running.explained} answers")


@pytest.fixture
def opened() -> Iterator[Callable[[Path], House]]:
    """Open houses beside servers, as one more process would."""
    houses: list[House] = []

    def open_one(data: Path) -> House:
        houses.append(House(open_catalog(f"sqlite:///{data / 'catalog.db'}"), open_store(data / "blocks")))
        return houses[-1]

    yield open_one
    for house in houses:
        house.close()


@pytest.fixture
def restaged(site: Site, stage: tuple[Stage, tuple[str, int]]) -> Iterator[Callable[[], Client]]:
    """Serve the site's data by a process that knows nothing of it yet."""
    with ExitStack() as exits:
        yield lambda: exits.enter_context(running_site(*stage, site.data)).client
