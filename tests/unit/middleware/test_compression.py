"""gzip for the server's own answers: what is asked for, what is left alone, and that nothing of it is lost."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.middleware.compression import LEAST_BYTES, Compressed, accepts_gzip

XML = ("Content-Type", "application/xml; charset=utf-8")
LONG = b"<response/>" * LEAST_BYTES


class Pieces:
    """A streamed body that knows how far it was read and whether it was closed."""

    def __init__(self, pieces):
        self.left = list(pieces)
        self.closed = False

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        piece = self.left.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self):
        self.closed = True


def ask(body, *headers, accept="gzip", method="GET", status="207 Multi-Status"):
    """Return the head and the body of an answer, not read yet."""
    sent = []

    def app(environ, start_response):
        start_response(status, list(headers))
        return body

    environ = {"REQUEST_METHOD": method} | ({} if accept is None else {"HTTP_ACCEPT_ENCODING": accept})
    answer = Compressed(app)(environ, lambda status, headers, exc_info=None: sent.append(dict(headers)))
    assert len(sent) == 1
    return sent[0], answer


@given(st.lists(st.binary(max_size=4000)), st.booleans())
def test_any_pieces_come_back(pieces, whole):
    head, answer = ask(tuple(pieces) if whole else iter(pieces), XML)
    data = b"".join(answer)
    assert head["Content-Encoding"] == "gzip"
    assert gzip.decompress(data) == b"".join(pieces)
    assert head.get("Content-Length") == (str(len(data)) if whole else None)


def test_the_first_piece_leaves_before_the_second_is_made():
    body = Pieces([b"<first/>", b"<second/>"])
    _, answer = ask(body, XML)
    first = next(iter(answer))
    assert body.left == [b"<second/>"]
    assert zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(first) == b"<first/>"
    assert not body.closed
    answer.close()
    assert body.closed


def test_what_breaks_off_stays_broken():
    _, answer = ask(Pieces([b"<first/>", OSError("disk")]), XML)
    sent = []
    with pytest.raises(OSError, match="disk"):
        sent.extend(answer)
    with pytest.raises(EOFError):
        gzip.decompress(b"".join(sent))


def test_a_body_that_is_all_there_has_its_new_length():
    head, answer = ask((LONG,), XML, ("Content-Length", str(len(LONG))))
    [data] = answer
    assert gzip.decompress(data) == LONG
    assert int(head["Content-Length"]) == len(data) < len(LONG) / 10


def test_head_says_what_get_would_without_a_length():
    head, answer = ask((), XML, ("Content-Length", str(len(LONG))), method="HEAD")
    assert (head["Content-Encoding"], head["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Length" not in head
    assert list(answer) == []


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("200 OK", [("Content-Type", "text/html"), ("ETag", '"x"')]),
        ("200 OK", [("Content-Type", "text/html"), ("accept-ranges", "bytes")]),
        ("206 Partial Content", [("Content-Type", "text/html")]),
        ("200 OK", [("Content-Type", "text/html"), ("Repr-Digest", "sha-256=:eA==:")]),
        ("200 OK", [("Content-Type", "application/json"), ("Content-Encoding", "br")]),
        ("200 OK", [("Content-Type", "application/octet-stream")]),
        ("200 OK", []),
        ("204 No Content", []),
        ("304 Not Modified", [("Content-Type", "text/html")]),
        ("207 Multi-Status", [XML, ("Content-Length", str(LEAST_BYTES - 1))]),
    ],
)
def test_files_and_small_answers_stay_as_they_are(status, headers):
    body = [b"body"]
    head, answer = ask(body, *headers, status=status)
    assert head == dict(headers)
    assert answer is body


@pytest.mark.parametrize("accept", [None, "", "identity", "gzip;q=0", "br, deflate", "gzip;q=0.2, identity;q=0.9"])
def test_nobody_gets_what_they_did_not_ask_for(accept):
    body = [LONG]
    head, answer = ask(body, XML, ("Vary", "Origin"), accept=accept)
    assert head == {"Content-Type": XML[1], "Vary": "Origin, Accept-Encoding"}
    assert answer is body


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP;Q=0.5", True),
        ("x-gzip", True),
        ("*", True),
        ("*;q=0.1, gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("deflate, gzip;q=1.0, identity; q=0.5", True),
        ("identity, gzip;q=0.5", False),
        ("gzip;q=2", False),
        ("gzip;level=9", False),
        ("gzip deflate", False),
        (",, gzip ,", True),
    ],
)
def test_accept_encoding(header, accepted):
    assert accepts_gzip(header) is accepted


def test_an_application_that_starts_late_is_left_alone():
    sent = []

    def app(environ, start_response):
        start_response("200 OK", [XML])
        yield LONG

    answer = Compressed(app)(
        {"REQUEST_METHOD": "GET", "HTTP_ACCEPT_ENCODING": "gzip"}, lambda *call: sent.append(call[1])
    )
    assert list(answer) == [LONG]
    assert sent == [[XML]]
