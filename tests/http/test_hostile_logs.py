"""What strangers send reaches the log as text: no line of theirs, no order to a terminal."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from tests.support.process import until
from tests.support.serving import Served, start

HOSTILE = b"/c/\x9b31m\xc2\x85?\xe2\x80\xae"
AGENT = b'a\x9b2J\x85"level": "error"\xe2\x80\xa8\tb'


@pytest.fixture(scope="module", params=["json", "console"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run one server for each form of the log."""
    environ = {"DAVSERVER_LOG_FORMAT": request.param}
    with start(tmp_path_factory.mktemp("logs") / "data", environ=environ) as served:
        yield served


def raw(server: Served, data: bytes) -> bytes:
    with socket.create_connection((server.host, server.port), 30) as stream:
        stream.sendall(data)
        return stream.recv(1 << 16)


def test_no_request_forges_a_line_or_steers_a_terminal(server: Served) -> None:
    head = b"GET " + HOSTILE + b" HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine-1\r\nUser-Agent: " + AGENT
    assert raw(server, head + b"\r\n\r\n").startswith(b"HTTP/1.1 4")
    until(lambda: "mine-1" in server.log)
    lines = [line for line in server.log.splitlines() if "mine-1" in line]
    assert len(lines) == 1
    assert lines[0].isprintable()
    if lines[0].startswith("{"):
        assert json.loads(lines[0])["agent"].encode("latin-1") == AGENT
        assert json.loads(lines[0])["level"] == "info"
    else:
        assert "\\u009b31m" in lines[0]


def test_an_id_that_is_none_is_not_taken(server: Served) -> None:
    raw(server, b"GET /unknown HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a b\x9b\r\n\r\n")
    until(lambda: "/unknown" in server.log)
    assert "a b" not in server.log


def test_a_refused_head_and_a_hostile_name_in_an_error_stay_text(server: Served) -> None:
    raw(server, b"PUT /c\x9b/\x1b[31mf HTTP/1.1\r\nHost: localhost\r\n\r\n")
    raw(server, b"PUT /%1b%5b31m%c2%9b/f HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine-2\r\n\r\n")
    until(lambda: "mine-2" in server.log)
    assert all(line.isprintable() for line in server.log.splitlines())
