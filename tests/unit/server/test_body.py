"""The body of a request: whole, or an error; never a clean end that is none."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.errors import Incomplete, Invalid, QuotaExceeded
from davserver.server.body import ChunkedBody, DeclaredBody, HeldBody


def stream(data):
    return io.BufferedReader(io.BytesIO(data))


class Broken(io.RawIOBase):
    """A connection that yields some bytes and then fails."""

    def __init__(self, data, error):
        self.data = io.BytesIO(data)
        self.error = error

    def readable(self):
        return True

    def readinto(self, buffer):
        count = self.data.readinto(buffer)
        if not count:
            raise self.error
        return count


def chunked(data, **options):
    return ChunkedBody(stream(data), **options)


def test_declared_body_ends_at_its_length():
    wire = stream(b"hello, next")
    body = DeclaredBody(wire, 5)
    assert body.read() == b"hello"
    assert body.read() == b""
    assert body.finished
    assert wire.read() == b", next"


@pytest.mark.parametrize("read", [lambda b: b.read(), lambda b: b.read(10), lambda b: b.readinto(bytearray(10))])
def test_declared_body_cut_short_is_incomplete_each_time(read):
    body = DeclaredBody(stream(b"hello"), 10)
    for _ in range(2):
        with pytest.raises(Incomplete) as failure:
            read(body)
        assert (failure.value.expected, failure.value.got) == (10, 5)
    assert not body.finished


@pytest.mark.parametrize("error", [TimeoutError("timed out"), ConnectionResetError()])
def test_broken_connection_is_incomplete(error):
    body = DeclaredBody(io.BufferedReader(Broken(b"hello", error)), 10)
    with pytest.raises(Incomplete) as failure:
        body.read()
    assert failure.value.__cause__ is error
    body = ChunkedBody(io.BufferedReader(Broken(b"5\r\nhello", error)))
    with pytest.raises(Incomplete):
        body.read()


CHUNKS = b'5\r\nhello\r\n006;ext="x"\r\n world\r\n0\r\nX-Trailer: y\r\n\r\nnext'


def test_chunked_body_is_joined_and_its_trailers_consumed():
    wire = stream(CHUNKS)
    body = ChunkedBody(wire)
    assert body.read() == b"hello world"
    assert body.read() == b""
    assert body.finished
    assert wire.read() == b"next"


@pytest.mark.parametrize("end", range(len(CHUNKS) - len(b"next")))
def test_chunked_body_cut_anywhere_is_incomplete(end):
    body = chunked(CHUNKS[:end])
    with pytest.raises(Incomplete):
        body.read()
    with pytest.raises(Incomplete):
        body.read()
    assert not body.finished


@pytest.mark.parametrize(
    "data",
    [
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"5_0\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b";x\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"5\r\nhell\r\n0\r\n\r\n\r\n",
        b"5;\x00\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        b"5" + b";a" * 4000 + b"\r\nhello\r\n0\r\n\r\n",
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\n folded: x\r\n\r\n",
        b"0\r\n" + b"a: b\r\n" * 70 + b"\r\n",
    ],
)
def test_malformed_chunks_are_invalid(data):
    body = chunked(data)
    with pytest.raises(Invalid):
        body.read()
    with pytest.raises(Invalid):
        body.read()


def test_a_huge_chunk_is_not_allocated():
    body = chunked(b"fffffffffffffff\r\nhello")
    assert body.read(5) == b"hello"
    with pytest.raises(Incomplete):
        body.read(5)


def test_chunked_body_over_its_limit_is_refused_before_it_is_read():
    body = chunked(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", limit=10)
    assert body.read(5) == b"hello"
    with pytest.raises(QuotaExceeded):
        body.read(1)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.data())
def test_any_reading_of_any_chunks_gives_the_bytes(chunks, data):
    whole = b"".join(chunks)
    encoded = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    for body in (chunked(encoded), DeclaredBody(stream(whole), len(whole))):
        got = b""
        while len(got) < len(whole):
            size = data.draw(st.integers(1, 60))
            kind = data.draw(st.sampled_from(["read", "readinto", "readline"]))
            if kind == "read":
                piece = body.read(size)
                assert len(piece) == min(size, len(whole) - len(got))
            elif kind == "readinto":
                buffer = bytearray(size)
                piece = bytes(buffer[: body.readinto(buffer)])
            else:
                piece = body.readline(size)
                assert b"\n" not in piece[:-1]
            got += piece
        assert got == whole
        assert body.read() == b""
        assert body.finished


def test_lines():
    assert list(DeclaredBody(stream(b"a\nb\nc"), 5)) == [b"a\n", b"b\n", b"c"]
    assert chunked(b"3\r\na\nb\r\n2\r\n\nc\r\n0\r\n\r\n").readlines() == [b"a\n", b"b\n", b"c"]


def test_the_first_read_asks_for_the_body_once():
    told = []
    body = DeclaredBody(stream(b"hello"), 5, lambda: told.append(1))
    assert body.awaits_continue
    assert not told
    assert body.read(2) == b"he"
    assert body.read() == b"llo"
    assert told == [1]


def test_an_empty_body_asks_for_nothing():
    told = []
    assert DeclaredBody(stream(b""), 0, lambda: told.append(1)).read() == b""
    assert not told


def test_drain_takes_what_is_small():
    wire = stream(b"x" * 100 + b"next")
    assert DeclaredBody(wire, 100).drain(100)
    assert wire.read() == b"next"
    wire = stream(CHUNKS)
    assert ChunkedBody(wire).drain(1000)
    assert wire.read() == b"next"


def test_drain_leaves_what_is_large():
    wire = stream(b"x" * 100)
    assert not DeclaredBody(wire, 100).drain(99)
    assert len(wire.read()) == 100
    assert not chunked(CHUNKS).drain(5)


def test_drain_does_not_wait_for_a_body_that_was_not_asked_for():
    assert not DeclaredBody(stream(b"hello"), 5, lambda: None).drain(100)


def test_drain_says_no_to_a_cut_body():
    assert not DeclaredBody(stream(b"hello"), 6).drain(100)


def test_a_body_that_came_with_its_head_is_whole_and_leaves_nothing_behind():
    body = HeldBody(b"hello\nworld")
    assert body.finished
    assert body.drain(0)
    assert body.read(2) == b"he"
    assert body.readline() == b"llo\n"
    buffer = bytearray(8)
    assert body.readinto(memoryview(buffer)) == 5
    assert (bytes(buffer[:5]), body.read(), body.readlines()) == (b"world", b"", [])
