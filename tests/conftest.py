"""What every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.serving import Serve, Served, start

# How long an example takes to make or to try says how busy the machine is: other tests run beside, on few cores.
settings.register_profile("davserver", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("davserver")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of slow tests: of several processes, one would be left alone with them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers; whatever still runs when the test ends is killed. Without a directory each gets its own."""
    running: list[Served] = []

    def serve_one(data: Path | None = None, *arguments: str, **options: object) -> Served:
        where = tmp_path / f"data-{len(running)}" if data is None else data
        server = start(where, *arguments, **options)  # type: ignore[arg-type]
        running.append(server)
        return server

    yield serve_one
    for server in running:
        server.kill()
