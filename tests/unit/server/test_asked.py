"""Heads that come again: read once, and told to each request alike."""

import io

import pytest

from davserver.middleware.proxies import FORWARDED_KEY
from davserver.server.asked import _REMEMBERED, Heads
from davserver.server.head import HeadLimits, Refused, read_head


def head(path=b"/a%20b?q=1", *lines):
    return b"\r\n".join((b"GET %s HTTP/1.1" % path, b"Host: h", *lines, b"", b""))


@pytest.fixture
def heads():
    return Heads(HeadLimits(size=4096), {"SERVER_NAME": "here"})


def test_the_environ_of_a_head(heads):
    asked, rest = heads.take(head(b"/a%20b%2Fc?q=1", b"Content-Type: t", b"X-Y:  z ") + b"next")
    assert rest == b"next"
    assert asked.environ == {
        "SERVER_NAME": "here",
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": "/a%20b%2Fc?q=1",
        "PATH_INFO": "/a b/c",
        "QUERY_STRING": "q=1",
        "SCRIPT_NAME": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "h",
        "CONTENT_TYPE": "t",
        "HTTP_X_Y": "z",
        FORWARDED_KEY: False,
    }


def test_the_host_of_an_absolute_target_counts(heads):
    assert heads.take(head(b"http://other/x"))[0].environ["HTTP_HOST"] == "other"


def test_a_head_that_comes_again_is_read_once(heads):
    taken = [heads.take(head() + bytes(count)) for count in range(4)]
    assert taken[1][0] is taken[2][0] is taken[3][0]
    assert [len(rest) for _, rest in taken] == [0, 1, 2, 3]
    assert heads.take(head(b"/other"))[0].environ["PATH_INFO"] == "/other"


def test_a_bounded_number_of_heads_is_remembered(heads):
    known = [heads.take(head(b"/0"))[0] for _ in range(3)][-1]
    for number in range(1, _REMEMBERED + 1):
        for _ in range(2):
            heads.take(head(b"/%d" % number))
    again = heads.take(head(b"/0"))[0]
    assert again is not known  # it had made room
    assert again == known


def test_a_long_head_is_not_remembered(heads):
    long = head(b"/" + b"x" * 3000)
    assert heads.take(long)[0] == heads.take(long)[0]
    assert heads.take(long)[0] is not heads.take(long)[0]


def test_a_refused_head_is_refused_again(heads):
    for _ in range(3):
        with pytest.raises(Refused):
            heads.take(head(b"/", b"Content-Length: 1", b"Content-Length: 1"))


RANGE = b"Range: bytes=%d-%d"


@pytest.mark.parametrize("path", [b"/a%20b?q=1", b"http://other/x"])
def test_a_head_with_another_range_says_what_it_says_when_it_is_read_whole(heads, path):
    for lines in (
        [RANGE],
        [RANGE, b"A: 1"],
        [b"If-Range: x", RANGE, b"Connection: close"],
        [b"X: Range: bytes=0-1", RANGE],
    ):
        for start in range(5):
            text = head(path, *(line % (start, start + 9) if line is RANGE else line for line in lines))
            asked, rest = heads.take(text + b"next")
            plain = read_head(io.BytesIO(text), HeadLimits())
            assert rest == b"next"
            assert asked.head == plain
            assert asked.environ["HTTP_RANGE"] == f"bytes={start}-{start + 9}"
            assert asked.environ == {**heads.take(head(path))[0].environ, **plain.meta}


@pytest.mark.parametrize("second", [b"range: bytes=0-1", b"RANGE: items=1", b"Range: bytes=3-4", b"Range:bytes=-1"])
def test_two_ranges_are_refused_in_either_order(heads, second):
    for _ in range(3):
        for lines in ([second, RANGE % (0, 9)], [RANGE % (0, 9), second]):
            with pytest.raises(Refused):
                heads.take(head(b"/", *lines))


def test_a_range_before_the_request_line_is_no_head(heads):
    for _ in range(3):
        heads.take(b"\r\n" + head(b"/"))
        for before in (RANGE % (0, 9) + b"\r\n", b"\r\n" + RANGE % (0, 9) + b"\r\n"):
            with pytest.raises(Refused):
                heads.take(before + head(b"/"))


def test_the_line_with_the_range_counts_for_the_limits():
    for limits in (HeadLimits(fields=2), HeadLimits(size=len(head(b"/", b"A: 1")))):
        heads = Heads(limits, {})
        for _ in range(3):
            heads.take(head(b"/", b"A: 1"))
            with pytest.raises(Refused):
                heads.take(head(b"/", b"A: 1", RANGE % (0, 9)))


def test_ranges_push_nothing_out_of_the_memory(heads):
    known = [heads.take(head())[0] for _ in range(3)][-1]
    for start in range(2 * _REMEMBERED):
        for _ in range(2):
            heads.take(head(b"/large", RANGE % (start, start + 9)))
    assert heads.take(head())[0] is known


def test_too_many_fields_or_bytes_are_refused_by_the_short_way_too():
    for limits in (HeadLimits(fields=3), HeadLimits(size=40)):
        with pytest.raises(Refused):
            Heads(limits, {}).take(head(b"/", b"A: 1", b"B: 2", b"C: 3"))


@pytest.mark.parametrize("name", ["Forwarded", "x-forwarded-for", "X-FORWARDED-ANYTHING", "X-Forwarded"])
def test_a_head_with_anything_of_a_proxy_is_told_from_others(heads, name):
    text = b"GET / HTTP/1.1\r\nHost: h\r\n%s: 127.0.0.1\r\n\r\n" % name.encode()
    assert heads.take(text)[0].environ[FORWARDED_KEY]
    assert not heads.take(b"GET /forwarded HTTP/1.1\r\nHost: forwarded\r\n\r\n")[0].environ[FORWARDED_KEY]
