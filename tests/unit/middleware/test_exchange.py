"""Accounting: an id for every request, one account of every response, whatever happens."""

import re

import pytest

from davserver.middleware.exchange import WAITED_KEY, Observed


class World:
    """An application under observation."""

    def __init__(self, app):
        self.seen = []
        self.now_s = 100.0
        self.app = Observed(app, (self.seen.append,), monotonic=self.clock, random_bytes=lambda count: b"\xab" * count)
        self.status = None
        self.headers = {}

    def clock(self):
        self.now_s += 0.5
        return self.now_s

    def start_response(self, status, headers, exc_info=None):
        self.status = status
        self.headers = dict(headers)

    def request(self, **environ):
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/a b",
            "REQUEST_URI": "/a%20b",
            "REMOTE_ADDR": "::1",
        } | environ
        body = self.app(environ, self.start_response)
        try:
            return b"".join(body)
        finally:
            body.close()


def hello(environ, start_response):
    environ["davserver.principal"] = "me"
    start_response("200 OK", [("X", "y")])
    return [b"he", b"llo"]


def test_account_of_an_exchange():
    world = World(hello)
    assert world.request(HTTP_USER_AGENT="curl") == b"hello"
    [exchange] = world.seen
    assert (exchange.method, exchange.target, exchange.status, exchange.bytes_sent) == ("GET", "/a%20b", 200, 5)
    assert (exchange.client, exchange.principal, exchange.agent) == ("::1", "me", "curl")
    assert (exchange.duration_s, exchange.broken) == (1.0, False)
    assert world.headers["X"] == "y"
    assert world.headers["Server-Timing"] == "app;dur=500.00"


def test_time_that_the_client_took_is_told_apart():
    waits = iter([0.125, 0.375])
    world = World(hello)
    world.request(**{WAITED_KEY: lambda: next(waits)})
    assert world.headers["Server-Timing"] == "app;dur=375.00, client;dur=125.0"
    [exchange] = world.seen
    assert (exchange.duration_s, exchange.waited_s) == (1.0, 0.375)


def test_id_is_made_and_given_to_application_and_client():
    ids = []

    def app(environ, start_response):
        ids.append(environ["davserver.request_id"])
        return hello(environ, start_response)

    world = World(app)
    world.request()
    assert ids == [world.headers["X-Request-Id"]] == [world.seen[0].request_id]
    assert re.fullmatch(r"[0-9a-f]{18}", ids[0])


def test_sane_id_of_a_proxy_is_kept():
    world = World(hello)
    world.request(HTTP_X_REQUEST_ID="req-1/a:b")
    assert world.headers["X-Request-Id"] == "req-1/a:b"


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "ü", "x" * 129, 'a"b'])
def test_other_ids_are_replaced(given):
    world = World(hello)
    world.request(HTTP_X_REQUEST_ID=given)
    own = world.headers["X-Request-Id"]
    world.request()
    assert re.fullmatch(r"[0-9a-f]{18}", own)
    assert world.headers["X-Request-Id"] != own


def test_unexpected_error_is_a_500_that_shows_the_id_only():
    def app(environ, start_response):
        raise RuntimeError("secret")

    world = World(app)
    body = world.request()
    assert world.status.startswith("500 ")
    assert body == f"The server could not do this. Request id: {world.headers['X-Request-Id']}\n".encode()
    assert world.seen[0].status == 500


def test_error_in_the_body_goes_on_and_is_accounted_for():
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"some"
        raise RuntimeError

    world = World(app)
    with pytest.raises(RuntimeError):
        world.request()
    assert (world.seen[0].broken, world.seen[0].bytes_sent) == (True, 4)


def test_body_below_is_closed_and_the_account_is_given_once():
    closed = []

    class Body(list):
        def close(self):
            closed.append(1)
            raise OSError

    def app(environ, start_response):
        start_response("200 OK", [])
        return Body([b"x"])

    world = World(app)
    body = world.app({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, world.start_response)
    for _ in range(2):
        with pytest.raises(OSError):  # noqa: PT011  # the body's own
            body.close()
    assert closed == [1, 1]
    assert len(world.seen) == 1


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("/_/s/abcdefghijklmnopqrstuvwx/a", "/_/s/..."),
        ("//_/s/abcdefghijklmnopqrstuvwx", "//_/s/..."),
        ("/%5F/s/_/zip/abcdefghijklmnopqrstuvwx?name=a", "/%5F/s/..."),
        ("/dav/_//s/abcdefghijklmnopqrstuvwx/\n", "/dav/_//s/..."),
        ("/a_/s/b", "/a_/s/b"),
    ],
)
def test_the_text_of_a_link_that_nobody_read_is_not_told(target, told):
    world = World(hello)
    world.request(REQUEST_URI=target)
    assert world.seen[0].target == told
