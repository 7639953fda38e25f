"""A server without accounts is for its machine; a proxy that lets others in does not make it everybody's."""

from contextlib import closing

from tests.support.serving import Serve
from tests.support.site import Client

ELSEWHERE = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


def statuses(server, headers):
    client = Client(server.host, server.port)
    with closing(client.connection):
        return [client.send(method, "/c/", headers=headers).status for method in ("MKCOL", "PROPFIND", "DELETE")]


def test_who_comes_from_elsewhere_needs_an_account(serve: Serve) -> None:
    server = serve()
    assert statuses(server, ELSEWHERE) == [401, 401, 401]
    assert statuses(server, ELSEWHERE | {"X-Forwarded-For": "unknown"}) == [401, 401, 401]
    assert statuses(server, {}) == [201, 207, 204]
    assert statuses(server, {"X-Forwarded-For": "127.0.0.1"}) == [201, 207, 204]


def test_unless_everybody_is_meant(serve: Serve) -> None:
    assert statuses(serve(None, "--allow-anonymous"), ELSEWHERE) == [201, 207, 204]
