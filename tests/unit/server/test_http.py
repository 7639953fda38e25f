"""The server on the wire: framing, connections, what an application's mistakes look like to a client."""

import re
import socket
import threading
import time

import pytest

from tests.unit.server.conftest import echo

HOST = b"Host: h\r\n"


def get(path=b"/", *lines):
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def put(body=b"", *lines):
    return b"PUT /p HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


# -- requests ----------------------------------------------------------------------------------------------------------


def test_requests_follow_each_other_on_a_connection(connect):
    wire = connect()
    for number in range(3):
        status, headers, body = wire.send(get(b"/%d" % number)).response()
        assert (status, body) == (200, b"GET /%d " % number)
        assert headers["server"] == "davserver"
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["date"])
        assert "connection" not in headers


def test_pipelined_requests_are_answered_in_order(connect):
    wire = connect().send(get(b"/1"), put(b"body", b"Content-Length: 4"), get(b"/3"))
    assert [wire.response()[2] for _ in range(3)] == [b"GET /1 ", b"PUT /p body", b"GET /3 "]


def test_request_that_arrives_byte_by_byte(connect):
    wire = connect()
    for byte in put(b"xy", b"Content-Length: 2"):
        wire.send(bytes([byte]))
    assert wire.response()[2] == b"PUT /p xy"


def test_target_reaches_the_application_raw_and_decoded(stage):
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response("200 OK", [])
        return []

    wire = stage.serve(app)()
    wire.send(get(b"http://other:1/a%2Fb/%C3%BC?x=%20", b"X-Forwarded-For: 1.2.3.4")).response()
    assert seen["REQUEST_URI"] == "/a%2Fb/%C3%BC?x=%20"
    assert seen["PATH_INFO"] == "/a/b/Ã¼"
    assert seen["QUERY_STRING"] == "x=%20"
    assert seen["HTTP_HOST"] == "other:1"
    assert seen["REMOTE_ADDR"] == "127.0.0.1"
    assert seen["HTTP_X_FORWARDED_FOR"] == "1.2.3.4"
    assert seen["wsgi.url_scheme"] == "http"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (put(b"hello", b"Content-Length: 5", b"Content-Length: 6"), 400),
        (put(b"0\r\n\r\n", b"Content-Length: 5", b"Transfer-Encoding: chunked"), 400),
        (get(b"/", b"X: " + b"a" * 70000), 431),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"nonsense\r\n", 400),
    ],
)
def test_refused_request_ends_the_connection(connect, text, status):
    wire = connect().send(text, get(b"/smuggled"))
    found, headers, body = wire.response()
    assert found == status
    assert headers["connection"] == "close"
    assert body
    assert wire.is_closed()


def test_chunked_body_with_trailers_leaves_the_connection_usable(connect):
    wire = connect().send(
        put(b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: v\r\n\r\n", b"Transfer-Encoding: chunked"), get(b"/next")
    )
    assert wire.response()[2] == b"PUT /p abc"
    assert wire.response()[2] == b"GET /next "


@pytest.mark.parametrize(
    "text",
    [
        put(b"12345", b"Content-Length: 100"),
        put(b"5\r\n12345\r\n", b"Transfer-Encoding: chunked"),
        put(b"5\r\n123", b"Transfer-Encoding: chunked"),
    ],
)
def test_torn_body_is_an_error_to_the_application(stage, text):
    outcomes = []

    def app(environ, start_response):
        try:
            outcomes.append(environ["wsgi.input"].read())
        except Exception as error:
            outcomes.append(type(error).__name__)
            raise
        return echo(environ, start_response)

    wire = stage.serve(app)().send(text).finish()
    assert wire.response()[0] == 400
    assert outcomes == ["Incomplete"]
    assert wire.is_closed()


def test_body_that_falls_silent_is_an_error(stage):
    wire = stage.serve(echo, io_s=0.2)().send(put(b"12345", b"Content-Length: 100"))
    assert wire.response()[0] == 400
    assert wire.is_closed()


def test_head_that_does_not_come_in_time_is_408(stage):
    wire = stage.serve(echo, head_s=0.2)().send(b"GET / HTTP/1.1\r\n")
    assert wire.response()[0] == 408
    assert wire.is_closed()


def test_head_deadline_is_not_prolonged_by_single_bytes(stage):
    wire = stage.serve(echo, head_s=0.5)().send(b"GET / HTTP/1.1\r\nX: ")
    started = time.monotonic()
    with pytest.raises(OSError):  # noqa: PT011  # reset or broken pipe: either says closed
        while time.monotonic() - started < 5:
            wire.send(b"a")
            threading.Event().wait(0.05)
    assert time.monotonic() - started < 5


def test_body_over_the_limit_is_refused(stage):
    connect = stage.serve(echo, body=10)
    assert connect().send(put(b"", b"Content-Length: 11")).response()[0] == 413
    assert connect().send(put(b"1234567890", b"Content-Length: 10")).response()[0] == 200


# -- 100-continue ------------------------------------------------------------------------------------------------------


def test_continue_is_sent_when_the_body_is_first_read(stage):
    reading = threading.Event()

    def app(environ, start_response):
        reading.wait(10)
        return echo(environ, start_response)

    wire = stage.serve(app)(timeout_s=0.3).send(put(b"", b"Content-Length: 2", b"Expect: 100-continue"))
    with pytest.raises(TimeoutError):
        wire.sock.recv(1)
    wire.sock.settimeout(10)
    reading.set()
    assert wire.response()[0] == 100
    assert wire.send(b"ab").response()[2] == b"PUT /p ab"
    assert wire.send(get(b"/next")).response()[2] == b"GET /next "


def test_refusal_without_reading_sends_no_continue_and_closes(stage):
    def app(environ, start_response):
        start_response("401 Unauthorized", [("Content-Length", "0")])
        return []

    wire = stage.serve(app)().send(put(b"", b"Content-Length: 2", b"Expect: 100-continue"))
    status, headers, _ = wire.response()
    assert (status, headers["connection"]) == (401, "close")
    assert wire.is_closed()


def test_body_that_comes_unasked_needs_no_continue(connect):
    wire = connect().send(put(b"ab", b"Content-Length: 2", b"Expect: 100-continue"))
    assert wire.response()[2] == b"PUT /p ab"


# -- unread bodies -----------------------------------------------------------------------------------------------------


def deaf(environ, start_response):
    """Answer without reading."""
    start_response("403 Forbidden", [])
    return [b"no"]


def test_small_unread_body_is_drained(stage):
    wire = stage.serve(deaf)().send(put(b"x" * 1000, b"Content-Length: 1000"), get(b"/next"))
    assert wire.response()[0] == 403
    assert wire.response()[0] == 403


def test_small_unread_chunked_body_is_drained(stage):
    wire = stage.serve(deaf)().send(put(b"2\r\nab\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), get(b"/next"))
    assert wire.response()[0] == 403
    assert wire.response()[0] == 403


def test_large_unread_body_closes_the_connection_after_the_answer(stage):
    wire = stage.serve(deaf)()
    wire.send(put(b"", b"Content-Length: 100000000"))
    wire.send(b"x" * 300000)  # the client is still sending when the answer comes
    status, headers, body = wire.response()
    assert (status, headers["connection"], body) == (403, "close", b"no")


# -- responses ---------------------------------------------------------------------------------------------------------


def responding(headers, body):
    def app(environ, start_response):
        start_response("200 OK", headers)
        return body()

    return app


def test_stream_without_length_is_chunked(stage):
    wire = stage.serve(responding([], lambda: iter([b"ab", b"", b"c" * 16])))().send(get(b"/", b"Connection: close"))
    head, _, body = wire.rest().partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"2\r\nab\r\n10\r\n" + b"c" * 16 + b"\r\n0\r\n\r\n"


def test_stream_without_length_to_http_1_0_ends_with_the_connection(stage):
    wire = stage.serve(responding([], lambda: iter([b"ab", b"c"])))().send(b"GET / HTTP/1.0\r\n\r\n")
    head, _, body = wire.rest().partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body == b"abc"


def test_http_1_0_can_keep_the_connection(connect):
    wire = connect().send(b"GET /1 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
    status, headers, _ = wire.response()
    assert (status, headers["connection"]) == (200, "keep-alive")
    assert wire.send(get(b"/2")).response()[0] == 200


def test_head_has_no_body(stage):
    wire = stage.serve(responding([("Content-Length", "5")], lambda: [b"hello"]))()
    wire.send(b"HEAD / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert wire.rest().endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_statuses_without_a_body(stage, status):
    def app(environ, start_response):
        start_response(status, [("Content-Length", "0")])
        return []

    wire = stage.serve(app)().send(get(b"/", b"Connection: close"))
    text = wire.rest()
    assert text.endswith(b"\r\n\r\n")
    assert b"chunked" not in text
    assert (b"Content-Length" in text) is status.startswith("304")


def test_response_shorter_than_its_length_is_cut(stage):
    wire = stage.serve(responding([("Content-Length", "10")], lambda: iter([b"12345"])))().send(get())
    with pytest.raises((EOFError, ConnectionResetError)):
        wire.response()


def test_response_longer_than_its_length_is_cut_at_it(stage):
    wire = stage.serve(responding([("Content-Length", "5")], lambda: iter([b"123", b"456789"])))().send(get())
    received = b""
    try:
        received = wire.rest()
    except ConnectionResetError:
        return
    assert received.endswith(b"12345")


def failing_late():
    yield b"some"
    raise RuntimeError("disk on fire")


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.0\r\n"])
def test_error_after_the_header_is_no_clean_end(stage, request_line):
    wire = stage.serve(responding([], failing_late))().send(request_line + HOST + b"\r\n")
    with pytest.raises(ConnectionResetError):
        wire.rest()


def test_error_before_the_header_is_500(stage):
    def app(environ, start_response):
        raise RuntimeError("secret detail")

    status, _, body = stage.serve(app)().send(get()).response()
    assert status == 500
    assert b"secret" not in body


@pytest.mark.parametrize("headers", [[("X", "a\r\nSet-Cookie: b")], [("X\n", "a")], [("X", "a\0")]])
def test_line_breaks_in_response_headers_are_refused(stage, headers):
    text = stage.serve(responding(headers, lambda: [b""]))().send(get()).rest()
    assert text.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in text


def test_framing_headers_of_the_application_are_ignored(stage):
    headers = [("Transfer-Encoding", "chunked"), ("Connection", "close"), ("Content-Length", "2")]
    wire = stage.serve(responding(headers, lambda: [b"ab"]))()
    for _ in range(2):
        _, found, body = wire.send(get()).response()
        assert body == b"ab"
        assert "transfer-encoding" not in found


def test_body_is_closed_when_the_client_goes(stage):
    closed = threading.Event()

    class Endless:
        def __iter__(self):
            return self

        def __next__(self):
            return b"x" * 100000

        def close(self):
            closed.set()

    wire = stage.serve(responding([], Endless))().send(get())
    wire.sock.recv(10)
    wire.close()
    assert closed.wait(10)


def test_large_chunks_arrive_whole(stage):
    big = bytes(range(256)) * 20000
    wire = stage.serve(responding([], lambda: [big, big]))().send(get())
    assert wire.response()[2] == big + big


# -- connections -------------------------------------------------------------------------------------------------------


def test_idle_connections_do_not_occupy_workers(stage):
    connect = stage.serve(echo, threads=2)
    idle = [connect() for _ in range(50)]
    assert connect().send(get()).response()[0] == 200  # it waits for ten seconds, they may be idle for 75
    assert all(wire.send(get()).response()[0] == 200 for wire in idle)


def test_many_kept_connections_stay_open(stage):
    connect = stage.serve(echo, threads=2)
    wires = [connect() for _ in range(40)]
    for _ in range(2):
        for wire in wires:
            assert wire.send(get()).response()[0] == 200


def test_silent_connections_are_closed_after_a_while(stage):
    connect = stage.serve(echo, idle_s=1.0)
    assert connect().is_closed()


def test_surplus_connections_are_closed_longest_idle_first(stage):
    connect = stage.serve(echo, connections=5)
    wires = [connect() for _ in range(10)]
    assert all(wire.is_closed() for wire in wires[:5])
    assert wires[9].send(get()).response()[0] == 200


def test_stop_lets_requests_in_flight_finish(stage):
    entered, leave = threading.Event(), threading.Event()

    def app(environ, start_response):
        entered.set()
        leave.wait(10)
        return echo(environ, start_response)

    connect = stage.serve(app)
    wire = connect().send(get())
    entered.wait(10)
    stopping = threading.Thread(target=connect.server.stop, args=(10.0,))
    stopping.start()
    while connect.server.ready:
        pass
    leave.set()
    status, headers, _ = wire.response()
    assert (status, headers["connection"]) == (200, "close")
    stopping.join()
    with pytest.raises(ConnectionRefusedError):
        connect()


def test_stop_cuts_what_does_not_finish(stage):
    entered = threading.Event()

    def app(environ, start_response):
        entered.set()
        return echo(environ, start_response)

    connect = stage.serve(app)
    wire = connect().send(put(b"12345", b"Content-Length: 100"))
    entered.wait(10)
    started = time.monotonic()
    connect.server.stop(0.1)
    assert time.monotonic() - started < 5
    with pytest.raises((EOFError, ConnectionResetError)):
        assert wire.response()[0] != 200
        wire.response()


def test_request_that_waits_in_the_backlog_is_served_by_a_stop(stage):
    connect = stage.serve(echo)
    wires = [connect().send(get()) for _ in range(5)]
    connect.server.stop(5.0)
    assert [wire.response()[0] for wire in wires] == [200] * 5


def test_reset_before_accept_does_no_harm(stage):
    connect = stage.serve(echo)
    for _ in range(20):
        wire = connect()
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wire.close()
    assert connect().send(get()).response()[0] == 200
