"""The ways to a server: straight, and through each proxy below a path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.process import serving
from tests.support.proxies import PREFIX, PROXIES, proxied
from tests.support.routes import DIRECT, Route


@pytest.fixture(scope="session", params=[DIRECT, *PROXIES])
def route(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Route]:
    """Each way in turn; one server for all tests that go it, so each makes collections of its own."""
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    if name == DIRECT:
        with serving(folder / "data") as server:
            yield Route(name, server.url, server)
        return
    with serving(folder / "data", environment={"DAVSERVER_PROXY_PREFIX": PREFIX}) as server:
        with proxied(name, folder / "proxy", server.url.removeprefix("http://")) as proxy:
            yield Route(name, proxy.url, server, proxy)


@pytest.fixture
def home(route: Route, request: pytest.FixtureRequest) -> str:
    """A fresh collection, named after the test."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    with route.dav() as dav:
        dav.mkcol(name)
    return name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a few files of every kind of name."""
    source = tmp_path / "source"
    (source / "sub dir" / "deep").mkdir(parents=True)
    (source / "plain.txt").write_bytes(b"hello\n")
    (source / "sub dir" / "ünï & co; 100%.txt").write_bytes(b"odd name\n" * 100)
    (source / "sub dir" / "deep" / "big").write_bytes(bytes(range(256)) * (3 << 12))
    (source / "empty").write_bytes(b"")
    return source
