"""Requests: reading the environ, the prefix of a proxy, the counted body."""

import io

import pytest

from davserver.dav.faults import BadRequest, MediaTypeUnsupported, PayloadTooLarge
from davserver.dav.paths import InCollection, Root
from davserver.dav.requests import Body, Depth, build_request
from davserver.errors import Incomplete


def environ(method="GET", uri="/c/x", body=b"", **more):
    path = uri.partition("?")[0]
    return {
        "REQUEST_METHOD": method,
        "REQUEST_URI": uri,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        **more,
    }


def request(*args, **kwargs):
    return build_request(environ(*args, **kwargs), now_s=0.0)


@pytest.mark.parametrize(
    ("uri", "path", "query"),
    [
        ("/c/x", ("x",), ""),
        ("/c/a%3Fb?q=%2F", ("a?b",), "q=%2F"),
        ("http://host/c/x?y", ("x",), "y"),
        ("HTTPS://host:1/c/x", ("x",), ""),
        ("//c/x", ("x",), ""),
    ],
)
def test_the_raw_target_is_what_counts(uri, path, query):
    made = request(uri=uri)
    assert made.target == InCollection("c", path)
    assert made.query == query


@pytest.mark.parametrize("uri", ["/c/x#y", "ftp://host/c", "c/x", "*", "http:///c"])
def test_targets_that_are_none(uri):
    with pytest.raises(BadRequest):
        request(uri=uri)


def test_options_of_the_whole_server():
    made = request("OPTIONS", "*")
    assert made.whole_server
    assert made.target == Root()


def test_a_server_without_the_raw_target_still_works():
    env = environ(uri="/c/a b")
    del env["REQUEST_URI"]
    assert build_request(env, now_s=0.0).target == InCollection("c", ("a b",))


def test_the_prefix_is_not_part_of_the_target():
    made = request(uri="/dav/x%20y", SCRIPT_NAME="/dav", PATH_INFO="/dav/x y")
    assert made.target == InCollection("dav", ("x y",))
    assert made.prefix == "/dav"


def test_names_of_this_server_are_those_the_layers_above_let_through():
    made = request(HTTP_HOST="a:1", HTTP_X_FORWARDED_HOST="forged", **{"davserver.hosts": ("b", "c")})
    assert made.authorities == ("a:1", "b", "c")
    assert request().authorities == ()


def test_a_prefix_is_encoded_for_hrefs():
    assert request(SCRIPT_NAME="/a b", PATH_INFO="/c/x").prefix == "/a%20b"


@pytest.mark.parametrize("text", ["5_0", "+5", "5 5", "-1", "٣"])
def test_a_length_is_digits(text):
    with pytest.raises(BadRequest):
        request(CONTENT_LENGTH=text)


def test_depth():
    assert request().depth(Depth.ONE) is Depth.ONE
    assert request(HTTP_DEPTH="Infinity").depth(Depth.ONE) is Depth.INFINITY
    with pytest.raises(BadRequest):
        request(HTTP_DEPTH="2").depth(Depth.ONE)


def test_overwrite():
    assert request().overwrite()
    assert not request(HTTP_OVERWRITE="f").overwrite()
    with pytest.raises(BadRequest):
        request(HTTP_OVERWRITE="no").overwrite()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Second-600", 600), ("Infinite, Second-4100000000", None), ("Extend, Second-5", 5), ("nonsense", None)],
)
def test_timeout(text, seconds):
    assert request(HTTP_TIMEOUT=text).timeout_s() == seconds


def test_a_body_shorter_than_declared_is_never_taken_for_whole():
    body = Body(io.BytesIO(b"12345"), 100)
    assert body.read(100) == b"12345"
    with pytest.raises(Incomplete) as caught:
        body.read(100)
    assert (caught.value.expected, caught.value.got) == (100, 5)


def test_a_body_is_not_read_beyond_its_length():
    stream = io.BytesIO(b"12345next")
    assert b"".join(Body(stream, 5).slices(2)) == b"12345"
    assert stream.read() == b"next"


class BrokenChunks:
    def read(self, size):
        raise ValueError("bad chunk size")


def test_a_chunked_body_that_breaks_is_incomplete():
    with pytest.raises(Incomplete):
        Body(BrokenChunks(), None).read(10)


def test_a_declared_body_beyond_the_limit_is_not_read():
    stream = io.BytesIO(b"12345")
    with pytest.raises(PayloadTooLarge):
        Body(stream, 5).read_all(4)
    assert stream.tell() == 0


def test_an_undeclared_body_beyond_the_limit_is_refused():
    with pytest.raises(PayloadTooLarge):
        Body(io.BytesIO(b"12345"), None).read_all(4)
    assert Body(io.BytesIO(b"12345"), None).read_all(5) == b"12345"


class Trickle(io.BytesIO):
    def read(self, size=-1):
        return super().read(min(size, 1))


@pytest.mark.parametrize("data", [b"", b"1", b"12345"])
def test_all_of_a_body_is_read_however_it_comes(data):
    for length in (len(data), None):
        assert Body(io.BytesIO(data), length).read_all(5) == data
        assert Body(Trickle(data), length).read_all(5) == data
    with pytest.raises(PayloadTooLarge):
        Body(Trickle(b"123456"), None).read_all(5)
    with pytest.raises(Incomplete):
        Body(Trickle(data), len(data) + 1).read_all(10)


def test_a_body_where_none_is_understood():
    Body(io.BytesIO(b""), 0).refuse()
    Body(io.BytesIO(b""), None).refuse()
    for length in (1, None):
        with pytest.raises(MediaTypeUnsupported):
            Body(io.BytesIO(b"x"), length).refuse()


def test_headers_by_any_case():
    made = request(HTTP_IF_MATCH='"a"', CONTENT_TYPE="text/plain")
    assert made.headers.get("if-match") == '"a"'
    assert made.headers.get("Content-Type") == "text/plain"
    assert made.headers.get("If") is None
