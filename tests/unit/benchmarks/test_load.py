"""The load generators put answers together as they come, and take none that is wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.load import raw, wrk
from benchmarks.load.plans import LockCycles, NewNames, RandomRanges, Repeat
from benchmarks.load.wire import AnswerReader, Request, WrongAnswer

CHUNKS = b"4\r\nabcd\r\n10;x=y\r\n0123456789abcdef\r\n0\r\n\r\n"
CHUNKED = b"HTTP/1.1 207 Multi-Status\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\n\r\nhello"
BARE = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize(
    ("answer", "method", "status", "length"),
    [(CHUNKED, "PROPFIND", 207, 20), (SIZED, "GET", 200, 5), (SIZED[:-5], "HEAD", 200, 0), (BARE, "PUT", 204, 0)],
)
def test_an_answer_is_whole_with_its_last_byte(answer: bytes, method: str, status: int, length: int, step: int) -> None:
    reader = AnswerReader()
    for _ in range(2):  # the second one on the same connection is read as the first
        pieces = [answer[start : start + step] for start in range(0, len(answer), step)]
        assert [reader.feed(piece, method) for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
        whole = reader.feed(pieces[-1], method)
        assert whole is not None
        assert (whole.status, whole.length) == (status, length)


def test_a_head_tells_its_headers() -> None:
    whole = AnswerReader().feed(BARE, "PUT")
    assert whole is not None
    assert whole.closes
    assert whole.header(b"connection") == "close"
    assert whole.header(b"etag") == ""


def test_an_answer_without_a_length_is_not_guessed() -> None:
    with pytest.raises(WrongAnswer):
        AnswerReader().feed(b"HTTP/1.1 200 OK\r\n\r\n", "GET")


class Handler(BaseHTTPRequestHandler):
    """Answers GET with as many bytes as asked for, and takes PUT; closes after three requests."""

    protocol_version = "HTTP/1.1"
    seen = 0

    def do_GET(self) -> None:
        self.answer(200, bytes(10))

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, b"")

    def answer(self, status: int, body: bytes) -> None:
        self.seen += 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.seen == 3:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_plan_with_an_end_is_asked_to_its_end_over_connections_that_close() -> None:
    with listening() as port:
        outcome = raw.ask(port, NewNames("/f", 64, 10), 2, 60.0)
    assert outcome.requests == 20
    assert len(outcome.ends_s) == 20
    assert 0 < outcome.p50_s <= outcome.p99_s <= outcome.seconds


def test_a_load_ends_with_its_time() -> None:
    with listening() as port:
        outcome = raw.ask(port, Repeat(Request("GET", "/"), 200, 10), 2, 0.0)
    assert outcome.requests == 2


def test_an_answer_of_another_length_ends_the_load() -> None:
    with listening() as port, pytest.raises(WrongAnswer):
        raw.ask(port, Repeat(Request("GET", "/"), 200, 11), 1, 60.0)


@pytest.mark.parametrize(
    ("plan", "status"), [(LockCycles("/f", 16), 500), (NewNames("/f", 16), 507), (RandomRanges("/f", 100, 10, 1), 200)]
)
def test_no_plan_takes_a_wrong_status(plan: LockCycles | NewNames | RandomRanges, status: int) -> None:
    requests = plan.requests(0)
    next(requests)
    whole = AnswerReader().feed(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status, "PUT")
    assert whole is not None
    with pytest.raises(WrongAnswer):
        requests.send(whole)


def test_what_wrk_cannot_ask_is_left_to_our_own() -> None:
    assert not wrk.takes(Repeat(Request("HEAD", "/"), 200, 0), 1)
    assert not wrk.takes(LockCycles("/f", 16), 1)
    assert not wrk.takes(NewNames("/f", 16), 0.5)
