"""What the settings and the system allow together."""

import resource

import pytest
from structlog.testing import capture_logs

from davserver.config import Settings
from davserver.server.serve import limits_of

DESCRIPTORS = 1024


@pytest.fixture
def few_descriptors():
    """Let this process open 1024 files, as many systems do by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_descriptors")
def test_idle_connections_leave_descriptors_for_the_blocks_and_that_is_said():
    settings = Settings(limits_connections=12_000, threads=40)
    with capture_logs() as logged:
        connections = limits_of(settings).connections
    assert connections > 10
    assert DESCRIPTORS - connections > 2 * 40  # each thread has a connection and a block open
    assert [(line["log_level"], line["connections"]) for line in logged] == [("warning", connections)]


@pytest.mark.usefixtures("few_descriptors")
def test_connections_for_which_there_are_descriptors_are_all_kept():
    with capture_logs() as logged:
        assert limits_of(Settings(limits_connections=100, threads=40)).connections == 100
    assert logged == []
