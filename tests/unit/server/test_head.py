"""The head of a request: what is taken, what is refused, and that refusing is what happens to every doubt."""

import io

import pytest

from davserver.server.head import HeadLimits, Refused, has_come, read_head


def head(text, limits=None):
    return read_head(io.BytesIO(text), limits or HeadLimits())


def get(*lines, target=b"/", version=b"1.1", method=b"GET"):
    host = () if any(line.lower().startswith(b"host") for line in lines) else (b"Host: h",)
    return b"\r\n".join((b"%s %s HTTP/%s" % (method, target, version), *host, *lines, b"", b""))


def test_a_plain_request():
    found = head(get(b"Depth:  1 \t", b"X-Empty:", target=b"/a%2Fb?x=%20"))
    assert (found.method, found.target, found.version) == (b"GET", b"/a%2Fb?x=%20", (1, 1))
    assert found.fields == {b"host": b"h", b"depth": b"1", b"x-empty": b""}
    assert (found.length, found.keep_alive, found.expects_continue) == (0, True, False)


def test_nothing_is_no_request():
    assert head(b"") is None


def test_one_empty_line_before_a_request_is_forgiven():
    assert head(b"\r\n" + get()).method == b"GET"
    with pytest.raises(Refused):
        head(b"\r\n\r\n" + get())


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1_1\r\nHost: h\r\n\r\n",
        b"GET / http/1.1\r\nHost: h\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n",
        b"GET / HTTP/1.1\r\nHost: h",
        get(target=b"/a#b"),
        get(target=b"a/b"),
        get(target=b"*"),
        get(target=b"http://"),
        get(target=b"ftp://h/"),
        get(target=b"h:80", method=b"CONNECT"),
        b"GET / HTTP/1.1\r\n\r\n",
        get(b"Host: a b"),
        get(b"Host: a/b"),
        get(b"Host: h", b"Host: h"),
        get(b"Content-Length : 5"),
        get(b" Content-Length: 5"),
        get(b"X: a", b" folded"),
        get(b"X: a", b"\tfolded"),
        get(b"X: a\x00b"),
        get(b"X: a\rb"),
        get(b"X: a\nContent-Length: 5"),
        get(b"X: a\x7fb"),
        get(b": no name"),
        get(b"no colon"),
        get(b"X(Y): z"),
        get(b"Content-Length: 5", b"Content-Length: 5"),
        get(b"Content-Length: 5", b"content-length: 6"),
        get(b"Content-Length: 5, 5"),
        get(b"Content-Length: +5"),
        get(b"Content-Length: -5"),
        get(b"Content-Length: 1_0"),
        get(b"Content-Length: 0x5"),
        get(b"Content-Length: \xb2"),
        get(b"Content-Length:"),
        get(b"Content-Length: 99999999999999999999"),
        get(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        get(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        get(b"Transfer-Encoding: chunked", version=b"1.0"),
        get(b"Destination: /a", b"Destination: /b"),
        get(b"Depth: 0", b"Depth: 1"),
        get(b"Authorization: Basic eDp5", b"Authorization: Basic eDp6"),
    ],
)
def test_doubtful_requests_are_bad(text):
    with pytest.raises(Refused) as refusal:
        head(text)
    assert refusal.value.status.startswith("400 ")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\n\r\n", 505),
        (get(b"Transfer-Encoding: gzip, chunked"), 501),
        (get(b"Transfer-Encoding: identity"), 501),
        (get(b"Transfer-Encoding: chunked;q=1"), 501),
        (get(b"Transfer-Encoding: \x0bchunked"), 400),
        (get(b"Expect: wonders"), 417),
        (get(target=b"/" + b"a" * 70000), 414),
        (get(b"X: " + b"a" * 70000), 431),
        (get(*(b"X%d: y" % number for number in range(250))), 431),
    ],
)
def test_other_refusals_have_their_status(text, status):
    with pytest.raises(Refused) as refusal:
        head(text)
    assert int(refusal.value.status[:3]) == status


def test_limits_hold_for_the_sum_of_the_lines():
    with pytest.raises(Refused, match="too long"):
        head(get(*(b"X%d: %s" % (number, b"y" * 100) for number in range(30))), HeadLimits(size=2000))


def test_chunked_has_no_length():
    assert head(get(b"Transfer-Encoding: Chunked")).length is None


def test_largest_length_is_read():
    assert head(get(b"Content-Length: 9999999999999999999")).length == 9_999_999_999_999_999_999


def test_names_with_underscores_are_dropped():
    found = head(get(b"Content_Length: 5", b"X_Remote_User: root", b"X-Remote-User: me"))
    assert found.fields == {b"host": b"h", b"x-remote-user": b"me"}
    assert found.length == 0


def test_repeated_lists_are_joined():
    found = head(get(b"If: (<a>)", b"If: (<b>)", b"Accept: a", b"Accept: b", b"Cookie: a=1", b"Cookie: b=2"))
    assert found.fields[b"if"] == b"(<a>) (<b>)"
    assert found.fields[b"accept"] == b"a, b"
    assert found.fields[b"cookie"] == b"a=1; b=2"


@pytest.mark.parametrize(
    ("target", "origin"),
    [
        (b"http://other:80/a%20b?c", b"/a%20b?c"),
        (b"HTTPS://other/a", b"/a"),
        (b"http://other", b"/"),
        (b"http://other?q", b"/?q"),
        (b"//double/slash", b"//double/slash"),
    ],
)
def test_targets_are_reduced_to_origin_form(target, origin):
    assert head(get(target=target)).target == origin


def test_an_absolute_target_names_the_host():
    assert head(get(b"Host: h", target=b"http://other:81/a")).fields[b"host"] == b"other:81"


def test_options_of_the_whole_server():
    assert head(get(target=b"*", method=b"OPTIONS")).target == b"*"
    assert head(get(target=b"http://h", method=b"OPTIONS")).target == b"*"


@pytest.mark.parametrize(
    ("line", "version", "kept"),
    [
        (b"Connection: close", b"1.1", False),
        (b"Connection: Close", b"1.1", False),
        (b"Connection: foo, CLOSE", b"1.1", False),
        (b"Connection: TE", b"1.1", True),
        (b"Connection: keep-alive", b"1.0", True),
        (b"Connection: Keep-Alive", b"1.0", True),
        (b"X: y", b"1.0", False),
        (b"X: y", b"1.9", True),
    ],
)
def test_keeping_the_connection(line, version, kept):
    assert head(get(line, version=version)).keep_alive is kept


def test_http_1_0_needs_no_host_and_expects_nothing():
    found = head(b"GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n")
    assert not found.expects_continue
    assert b"host" not in found.fields


def test_continue_is_expected_in_any_case():
    assert head(get(b"Expect: 100-Continue")).expects_continue


@pytest.mark.parametrize(
    "text", [get(b"X: y"), b"\r\n" + get(), b"GET / HTTP/1.1\n\n", b"nonsense\r\n", b"\r\n\r\n", b"a" * 101]
)
def test_bytes_that_settle_a_head_are_known(text):
    assert has_come(text, HeadLimits(size=100))


@pytest.mark.parametrize(
    "text", [b"", b"\r\n", b"GET", b"GET / HTTP/1.1\r\n", b"\r\nGET / HTTP/1.1\r\nHost: h\r\n", b"G" * 100]
)
def test_bytes_that_leave_a_head_open_are_known(text):
    assert not has_come(text, HeadLimits(size=100))


def test_no_more_lines_are_read_than_allowed():
    assert head(get(*[b"X: y"] * 9), HeadLimits(fields=10)) is not None  # Host is one, too
    with pytest.raises(Refused, match="too many") as refused:
        head(get(*[b"X: y"] * 10), HeadLimits(fields=10))
    assert refused.value.status.startswith("431")
