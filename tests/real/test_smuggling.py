"""Hostile byte sequences through each proxy: proxy and server agree, request for request, about what was sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.process import until
from tests.support.proxies import PROXIES, proxied
from tests.support.smuggling import HIDDEN, HOSTILE, Notes, noting, responses_in, send

pytestmark = pytest.mark.real

SILENCE_S = 0.4


@pytest.fixture(scope="module", params=list(PROXIES))
def behind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Notes, tuple[str, int]]]:
    """Run a proxy as shipped before a server that notes what reaches it; gives the notes and the proxy's address."""
    with noting() as (notes, (host, port)):
        folder = tmp_path_factory.mktemp(request.param)
        with proxied(request.param, folder, f"{host}:{port}") as proxy:
            parts = urlsplit(proxy.url)
            yield notes, (str(parts.hostname), int(parts.port or 0))


def settle(notes: Notes, address: tuple[str, int]) -> None:
    """Send a request as another client, and wait until it has reached the server."""
    mark = f"/mark-{time.monotonic_ns()}"
    request = f"GET /dav{mark} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    assert send(address, request.encode(), silence_s=10.0).startswith(b"HTTP/1.1 200 ")
    until(lambda: any(target.endswith(mark) for target in notes.targets()))


def test_no_request_reaches_the_server_that_the_proxy_did_not_answer(behind: tuple[Notes, tuple[str, int]]) -> None:
    """A proxy may read less strictly than we do, and pass on as two requests what it answers as two.

    Smuggled would be one that it does not know of: seen by the server as a request, by the proxy as part of another.
    """
    notes, address = behind
    answers = {}
    for number, data in enumerate(HOSTILE.values()):
        hidden = b"smug%04d" % number  # as long as what it replaces
        answers[hidden.decode()] = responses_in(send(address, data.replace(b"smuggled", hidden), silence_s=SILENCE_S))
        settle(notes, address)
    found = [target.rpartition("/")[2] for target in notes.targets() if "smug" in target]
    names = list(HOSTILE)
    assert [names[int(hidden[4:])] for hidden in found if answers[hidden] < 2] == []


def test_the_next_client_is_not_given_the_rest_of_anothers_body(behind: tuple[Notes, tuple[str, int]]) -> None:
    notes, address = behind
    put = b"PUT /dav/c/f HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % (len(HIDDEN) + 10)
    send(address, put + HIDDEN, silence_s=SILENCE_S)
    settle(notes, address)
    assert not [target for target in notes.targets() if "smuggled" in target]
