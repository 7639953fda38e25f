"""A body that is not whole changes nothing (invariant 2): not the bytes, not the ETag, and no new name appears."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
from contextlib import suppress

import pytest

from tests.support.site import TIMEOUT_S

OLD = b"what was there before"
CHUNKED = b"4\r\nabcd\r\n5;ext=1\r\nefghi\r\n0\r\n\r\n"
RESET = struct.pack("ii", 1, 0)


@pytest.fixture
def etag(dav):
    return dav.expect(201, "PUT", "/c/old", OLD).headers["ETag"]


@pytest.fixture
def untouched(dav, etag):
    """Look after the test: the old file is as it was, and nothing else is there."""
    yield
    answer = dav.expect(200, "GET", "/c/old")
    assert (answer.body, answer.headers["ETag"]) == (OLD, etag)
    assert list(dav.propfind("/c/", "infinity")) == ["/c/", "/c/old"]


def send(dav, path, headers, body, *, reset=False):
    """Send a PUT and no more than this of its body, end or reset the connection, return what came back."""
    received = bytearray()
    with socket.create_connection((dav.host, dav.port), TIMEOUT_S) as stream:
        stream.sendall(f"PUT {path} HTTP/1.1\r\nHost: h\r\n{headers}\r\n\r\n".encode() + body)
        if reset:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return b""
        stream.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while piece := stream.recv(1 << 16):
                received += piece
    return bytes(received)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("path", ["/c/old", "/c/new"])
@pytest.mark.parametrize(("declared", "sent"), [(1000, 500), (1000, 0), (1000, 999), (5_000_000, 4_000_000)])
def test_shorter_than_declared(dav, path, declared, sent):
    answer = send(dav, path, f"Content-Length: {declared}", bytes(sent))
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("path", ["/c/old", "/c/new"])
def test_chunked_and_cut_anywhere(dav, path):
    for cut in range(len(CHUNKED)):
        answer = send(dav, path, "Transfer-Encoding: chunked", CHUNKED[:cut])
        assert answer.startswith(b"HTTP/1.1 400 "), cut


def test_chunked_and_whole(dav, etag):
    assert send(dav, "/c/old", "Transfer-Encoding: chunked", CHUNKED).startswith(b"HTTP/1.1 204 ")
    assert dav.expect(200, "GET", "/c/old").body == b"abcdefghi"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "chunk", [b"xyz\r\n", b"-5\r\nabcde\r\n0\r\n\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n", b"3\r\nabcde\r\n0\r\n\r\n"]
)
def test_broken_chunks(dav, chunk):
    assert send(dav, "/c/new", "Transfer-Encoding: chunked", chunk).startswith(b"HTTP/1.1 400 ")


@pytest.mark.usefixtures("untouched")
def test_reset_in_the_middle(dav):
    """Nobody is left to be answered; so the same threads serve whole requests after it, and then we look."""
    for _ in range(16):
        send(dav, "/c/old", "Content-Length: 1000", bytes(500), reset=True)
        send(dav, "/c/new", "Transfer-Encoding: chunked", CHUNKED[:7], reset=True)
    for _ in range(32):
        assert dav.raw(b"OPTIONS /c/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("path", ["/c/old", "/c/new"])
@pytest.mark.parametrize(
    "header",
    [
        {"Content-MD5": base64.b64encode(hashlib.md5(b"another body").digest()).decode()},
        {"OC-Checksum": "MD5:" + "0" * 32},
        {"OC-Checksum": "SHA1:" + "0" * 40},
        {"OC-Checksum": "SHA256:" + "0" * 64},
    ],
)
def test_another_digest_than_declared(dav, path, header):
    assert dav.send("PUT", path, b"this body", header).status == 400


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("expected", ["8", "10"])
def test_finders_expected_length(dav, expected):
    headers = f"Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: {expected}"
    assert send(dav, "/c/new", headers, CHUNKED).startswith(b"HTTP/1.1 400 ")


def test_finders_expected_length_that_is_right(dav):
    headers = "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: 9"
    assert send(dav, "/c/new", headers, CHUNKED).startswith(b"HTTP/1.1 201 ")
