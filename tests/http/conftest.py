"""One server for all tests of this directory, a house of its own for each; see ``tests.support.site``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
