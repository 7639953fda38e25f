"""Many clients, slow clients, and clients that want everything: the others are served all the same."""

import contextlib
import ssl
import threading
import time
import tracemalloc

import pytest

from davserver.server.tls import TlsAdapter
from tests.support.certificates import make_certificate
from tests.support.process import until
from tests.unit.server.conftest import Wire, echo

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def one_client(_address):
    """Take everybody for the same client."""
    return "everybody"


def test_heads_that_do_not_end_hold_no_thread(stage):
    connect = stage.serve(echo, threads=2, head_s=30)
    slow = [connect().send(b"GET / HTTP/1.1\r\nHost: h\r\nX: ") for _ in range(30)]
    assert all(connect().send(GET).response()[0] == 200 for _ in range(3))
    assert [wire.send(b"\r\n\r\n").response()[0] for wire in slow] == [200] * 30


def test_a_head_in_pieces_and_what_follows_it_are_read_whole(stage):
    connect = stage.serve(echo, threads=1)
    wire, other = connect(), connect()
    pieces = [
        b"PUT /a HTTP/1.1\r\nHo",
        b"st: h\r\nContent-Length: 3\r\n",
        b"\r",
        b"\nabcGET /b HTT",
        b"P/1.1\r\nHost: h\r\n\r\n",
    ]
    for piece in pieces:
        wire.send(piece)
        assert other.send(GET).response()[0] == 200
    assert wire.response()[2] == b"PUT /a abc"
    assert wire.response()[2] == b"GET /b "


def test_a_head_that_does_not_end_in_time_is_408_while_the_threads_are_busy_elsewhere(stage):
    connect = stage.serve(echo, threads=1, head_s=0.3)
    wire = connect().send(b"GET / HTTP/1.1\r\n")
    assert connect().send(GET).response()[0] == 200
    assert wire.response()[0] == 408
    assert wire.is_closed()


def test_handshakes_that_do_not_end_hold_no_thread(stage, tmp_path):
    pair = make_certificate(tmp_path)
    connect = stage.serve(echo, threads=1, tls=TlsAdapter(*pair), head_s=0.5)
    slow = [connect().send(b"\x16\x03\x01\x02") for _ in range(5)]
    context = ssl.create_default_context(cafile=str(pair[0]))
    wire = connect()
    wire.sock = context.wrap_socket(wire.sock, server_hostname="127.0.0.1")
    assert wire.send(GET[:9]).send(GET[9:]).response()[0] == 200
    assert all(wire.is_closed() for wire in slow)


def test_a_body_that_trickles_is_given_up_though_it_is_never_silent(stage):
    wire = stage.serve(echo, io_s=0.5, rate=1000)().send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n")
    started = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - started < 5:
            wire.send(b"a")
            threading.Event().wait(0.05)
    assert 0.3 < time.monotonic() - started < 4


def test_a_body_over_a_slow_line_is_taken(stage):
    size = 20 * 200
    head = f"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n".encode()
    wire = stage.serve(echo, io_s=0.5, rate=1000)().send(head)
    for _ in range(20):  # 4000 bytes a second, for twice as long as the patience lasts
        wire.send(b"a" * 200)
        threading.Event().wait(0.05)
    assert wire.response()[0] == 200


def test_a_response_that_is_taken_a_little_at_a_time_is_cut(stage):
    ended = threading.Event()

    def endless(_environ, start_response):
        start_response("200 OK", [])
        try:
            while True:
                yield bytes(1 << 16)
        finally:
            ended.set()

    wire = stage.serve(endless, io_s=0.5, rate=1 << 20)()
    wire.send(GET)
    deadline = time.monotonic() + 20
    while not ended.is_set():
        assert time.monotonic() < deadline
        with contextlib.suppress(OSError):
            wire.sock.recv(100)
        ended.wait(0.05)


def test_connections_that_have_uploaded_hold_no_buffers_while_they_are_idle(stage):
    connect = stage.serve(echo, threads=2)
    put = b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n" + bytes(10000)
    wires = [connect() for _ in range(50)]
    tracemalloc.start()
    try:
        assert all(wire.send(put).response()[0] == 200 for wire in wires)
        until(lambda: tracemalloc.get_traced_memory()[0] < 50 * 16_000, limit_s=20)  # a buffer is four times as large
    finally:
        tracemalloc.stop()
    assert all(wire.send(put).response()[0] == 200 for wire in wires)


@pytest.fixture
def closed(stage):
    """A server whose threads are all in requests that do not end before the test does."""
    opened = threading.Event()
    entered = threading.Semaphore(0)

    def app(environ, start_response):
        entered.release()
        if environ["PATH_INFO"] == "/wait":
            opened.wait(20)
        return echo(environ, start_response)

    def serve(**limits):
        return stage.serve(app, threads=2, **limits), entered

    serve.opened = opened
    yield serve
    opened.set()


WAIT = GET.replace(b"/ ", b"/wait ", 1)


def test_requests_beyond_the_queue_are_refused_at_once(closed):
    connect, entered = closed(queue=3)
    busy = [connect().send(WAIT) for _ in range(2)]
    for _ in busy:
        entered.acquire(timeout=10)
    for _ in range(3):
        connect().send(GET)
    until(lambda: connect.server.requests.qsize == 3, limit_s=20)
    status, headers, _ = connect().send(GET).response()
    assert (status, headers["retry-after"], headers["connection"]) == (503, "5", "close")


class Told:
    """Hears of crowds."""

    def __init__(self):
        self.waited, self.refused = [], 0

    def queued(self, requests):
        self.waited.append(requests)

    def turned_away(self):
        self.refused += 1


def test_a_crowd_is_told_of_and_that_it_is_over(closed):
    connect, entered = closed(queue=3)
    connect.server.crowds = told = Told()
    busy = [connect().send(WAIT) for _ in range(2)]
    for _ in busy:
        entered.acquire(timeout=10)
    for _ in range(3):
        connect().send(GET)
    until(lambda: 3 in told.waited, limit_s=20)
    connect().send(GET).response()
    assert told.refused == 1
    closed.opened.set()
    until(lambda: told.waited[-1] == 0, limit_s=20)


def test_one_address_leaves_threads_to_the_others(closed):
    names = iter(["greedy"] * 4 + ["other"])
    connect, entered = closed(address_requests=1, client_of=lambda _address: next(names))
    for _ in range(4):
        connect().send(WAIT)
    entered.acquire(timeout=10)
    assert connect().send(GET).response()[0] == 200


def test_one_address_has_no_more_connections_than_it_may(stage):
    connect = stage.serve(echo, address_connections=3, client_of=one_client)
    kept = [connect() for _ in range(3)]
    assert all(wire.send(GET).response()[0] == 200 for wire in kept)
    assert connect().is_closed()
    kept[0].close()

    def is_served():
        wire = Wire(connect.address)
        try:
            return wire.send(GET).response()[0] == 200
        except (EOFError, OSError):
            return False
        finally:
            wire.close()

    until(is_served, limit_s=20)
