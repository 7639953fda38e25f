"""TLS: the handshake is a worker's business, and nobody's else."""

import queue
import socket
import ssl

import pytest

from davserver.errors import ConfigError, Incomplete
from davserver.server.tls import TlsAdapter
from tests.support.certificates import make_certificate
from tests.unit.server.conftest import echo

REQUEST = b"PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def connect(stage, files):
    return stage.serve(echo, threads=2, tls=TlsAdapter(*files), head_s=0.5)


@pytest.fixture
def secure(connect, files):
    """Connect and shake hands."""
    context = ssl.create_default_context(cafile=files[0])
    context.set_alpn_protocols(["h2", "http/1.1"])

    def wrapped():
        wire = connect()
        wire.sock = context.wrap_socket(wire.sock, server_hostname="127.0.0.1")
        return wire

    return wrapped


def test_requests_over_tls(secure):
    wire = secure()
    assert wire.sock.selected_alpn_protocol() == "http/1.1"
    for _ in range(3):
        assert wire.send(REQUEST).response()[2] == b"PUT /p abc"


def test_pipelined_requests_inside_one_record(secure):
    wire = secure().send(REQUEST, REQUEST, REQUEST)
    assert [wire.response()[2] for _ in range(3)] == [b"PUT /p abc"] * 3


def test_large_body_both_ways(secure):
    body = bytes(range(256)) * 8000
    wire = secure().send(b"PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    assert wire.response()[2] == b"PUT /p " + body


def test_scheme_is_https(stage, files):
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        return echo(environ, start_response)

    wire = stage.serve(app, tls=TlsAdapter(*files))()
    wire.sock = ssl.create_default_context(cafile=files[0]).wrap_socket(wire.sock, server_hostname="127.0.0.1")
    wire.send(REQUEST).response()
    assert seen["wsgi.url_scheme"] == "https"


def test_silent_clients_do_not_stop_others(connect, secure):
    silent = [connect() for _ in range(20)]
    assert secure().send(REQUEST).response()[0] == 200  # it waits for ten seconds, they have thirty
    assert len(silent) == 20


def test_half_a_handshake_is_given_up(connect, secure):
    for _ in range(2):
        connect().send(b"\x16\x03\x01")
    assert secure().send(REQUEST).response()[0] == 200


def test_plain_http_is_told_to_use_https(connect):
    text = connect().send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").rest()
    assert text.startswith(b"HTTP/1.1 400 ")
    assert b"https" in text


def test_torn_body_is_an_error_to_the_application(stage, files):
    outcomes = queue.Queue()

    def app(environ, start_response):
        try:
            outcomes.put(environ["wsgi.input"].read())
        except Incomplete as error:
            outcomes.put(error.got)
            raise
        return echo(environ, start_response)

    wire = stage.serve(app, tls=TlsAdapter(*files))()
    wire.sock = ssl.create_default_context(cafile=files[0]).wrap_socket(wire.sock, server_hostname="127.0.0.1")
    wire.send(b"PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
    socket.socket.shutdown(wire.sock, socket.SHUT_WR)  # no close_notify either
    assert outcomes.get(timeout=10) == 3


def test_response_that_ends_with_the_connection_ends_cleanly(stage, files):
    def app(environ, start_response):
        start_response("200 OK", [])
        return iter([b"abc", b"def"])

    wire = stage.serve(app, tls=TlsAdapter(*files))()
    context = ssl.create_default_context(cafile=files[0])
    wire.sock = context.wrap_socket(wire.sock, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
    assert wire.send(b"GET / HTTP/1.0\r\n\r\n").rest().endswith(b"abcdef")


def test_bad_files_are_a_config_error(tmp_path, files):
    with pytest.raises(ConfigError, match=r"tls\.certificate"):
        TlsAdapter(tmp_path / "none.pem", files[1])
    with pytest.raises(ConfigError):
        TlsAdapter(files[1], files[1])
