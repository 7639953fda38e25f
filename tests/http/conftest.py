"""One server for all tests of this directory, a house of its own for each; see ``tests.support.site``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session", params=list(LAYOUTS))
def stadium(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Run one data directory under each layout of processes; tests take names of their own."""
    with arena(tmp_path_factory.mktemp("arena") / "data", request.param) as running:
        yield running
        print(f"\n{request.param}: some order explains each of {running.explained} answers")
