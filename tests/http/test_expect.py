"""``Expect: 100-continue``: the body is asked for when nothing speaks against it any more, and never before."""

from __future__ import annotations

import socket
from contextlib import contextmanager

import pytest

from tests.support.site import TIMEOUT_S

UPDATE = b'<propertyupdate xmlns="DAV:"><set><prop><o:odd xmlns:o="urn:odd">x</o:odd></prop></set></propertyupdate>'
LOCKINFO = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
MKCOL = b'<mkcol xmlns="DAV:"><set><prop><o:odd xmlns:o="urn:odd">x</o:odd></prop></set></mkcol>'
LENGTH = {"Content-Length": "10000000"}
CHUNKED = {"Transfer-Encoding": "chunked"}


@contextmanager
def asked(dav, method, path, headers, *, version="1.1"):
    """Send the head of a request that waits; gives what comes back, and the way to send the body."""
    named = {"Host": "h", "Expect": "100-continue", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    with socket.create_connection((dav.host, dav.port), TIMEOUT_S) as stream:
        stream.sendall(f"{method} {path} HTTP/{version}\r\n{head}\r\n".encode())
        yield stream.makefile("rb"), stream.sendall


def status(reader):
    """Read one response head; return its status and header lines."""
    line = reader.readline()
    lines = list(iter(reader.readline, b"\r\n"))
    return int(line.split()[1]), [text.strip().lower() for text in lines]


@pytest.mark.parametrize("framing", [LENGTH, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize(
    ("refusal", "method", "path", "headers"),
    [
        (400, "PUT", "/c/f", {"If-Match": "unquoted"}),
        (400, "PUT", "/c/f", {"Content-Digest": "sha-256=:AAAA:"}),
        (400, "PUT", "/c/f", {"Content-MD5": "none"}),
        (404, "PUT", "/_/nothing", {}),
        (404, "PROPPATCH", "/c/nothing", {}),
        (403, "PUT", "/file", {}),
        (405, "PUT", "/c/", {}),
        (405, "MKCOL", "/c/f", {"Content-Type": "text/xml"}),
        (409, "MKCOL", "/c/nowhere/new", {"Content-Type": "text/xml"}),
        (412, "MKCOL", "/c/new", {"Content-Type": "text/xml", "If-Match": "*"}),
        (423, "MKCOL", "/c/closed/new", {"Content-Type": "text/xml"}),
        (405, "TRACE", "/c/f", {}),
        (409, "PUT", "/c/nowhere/f", {}),
        (409, "LOCK", "/c/nowhere/f", {}),
        (412, "PUT", "/c/f", {"If-None-Match": "*"}),
        (412, "PUT", "/c/f", {"If": "(<urn:uuid:none>)"}),
        (412, "PATCH", "/c/f", {"If-Match": '"x"', "X-Update-Range": "append"}),
        (412, "PUT", "/c/f", {"If-Match": '"x"', "Content-Range": "bytes 0-9999999/*"}),
        (412, "PUT", "/c/f", {"If-Match": '"x"', "Upload-Complete": "?0"}),
        (423, "POST", "/c/locked", {"Upload-Complete": "?0"}),
        (412, "PROPPATCH", "/c/f", {"If-Match": '"x"'}),
        (412, "PROPPATCH", "/c/f", {"If": "(<urn:uuid:none>)"}),
        (412, "LOCK", "/c/f", {"If-Match": '"x"'}),
        (412, "LOCK", "/c/f", {"If": "(<urn:uuid:none>)"}),
        (412, "LOCK", "/c/new", {"If-Match": "*"}),
        (423, "PROPPATCH", "/c/locked", {}),
        (423, "PROPPATCH", "/c/closed/", {}),
        (423, "PROPPATCH", "/c/closed/member", {}),
        (423, "LOCK", "/c/locked", {}),
        (423, "LOCK", "/c/locked", {"Depth": "0"}),
        (423, "LOCK", "/c/", {}),
        (423, "LOCK", "/c/closed/new", {"Depth": "0"}),
        (423, "LOCK", "/c/closed/member", {}),
        (400, "LOCK", "/c/f", {"Depth": "1"}),
        (400, "LOCK", "/c/new/", {}),
        (403, "LOCK", "/file", {}),
        (415, "PUT", "/c/f", {"Content-Encoding": "gzip"}),
        (417, "PUT", "/c/f", {"Expect": "200-ok"}),
        (423, "PUT", "/c/locked", {}),
        (423, "PUT", "/c/closed/new", {}),
        (423, "PATCH", "/c/locked", {"X-Update-Range": "append"}),
        (501, "BREW", "/c/f", {}),
    ],
)
def test_a_refusal_comes_in_place_of_the_request_for_the_body(dav, refusal, method, path, headers, framing):
    dav.expect(201, "PUT", "/c/f", b"old")
    dav.expect(201, "LOCK", "/c/locked", LOCKINFO)
    dav.expect(201, "MKCOL", "/c/closed/")
    dav.expect(201, "PUT", "/c/closed/member", b"old")
    dav.expect(200, "LOCK", "/c/closed/", LOCKINFO)
    if method == "PATCH":
        headers = {"Content-Type": "application/x-sabredav-partialupdate", **headers}
    with asked(dav, method, path, {**framing, **headers}) as (reader, _):
        answer, lines = status(reader)
        assert answer == refusal
        assert b"connection: close" in lines
    assert dav.expect(200, "GET", "/c/f").body == b"old"
    dav.expect(404, "GET", "/c/new")


def test_a_full_collection_is_told_before_the_body(site, dav):
    dav.expect(201, "PUT", "/c/f", b"old")
    site.house.edit(lambda edit: edit.set_quota(edit.view("c").info.id, 10_000_000))
    for headers in (LENGTH, {**CHUNKED, "X-Expected-Entity-Length": "10000000"}):
        with asked(dav, "PUT", "/c/new", headers) as (reader, _):
            assert status(reader)[0] == 507
        with asked(dav, "PUT", "/c/f", headers) as (reader, _):  # three bytes less than it takes go away
            assert status(reader)[0] == 100
    with asked(dav, "PUT", "/c/new", {**CHUNKED, "X-Expected-Entity-Length": "1"}) as (reader, send):
        assert status(reader)[0] == 100
        send(b"989680\r\n" + bytes(10_000_000) + b"\r\n0\r\n\r\n")
        assert status(reader)[0] == 400  # longer than it said
    assert list(dav.propfind("/c/", "1")) == ["/c/", "/c/f"]


def test_an_unknown_coding_is_told_which_is_known(dav):
    with asked(dav, "PUT", "/c/f", {**LENGTH, "Content-Encoding": "br"}) as (reader, _):
        assert b"accept-encoding: identity" in status(reader)[1]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected", "headers"),
    [
        ("PUT", "/c/new", b"body", 201, {}),
        ("PUT", "/c/f", b"body", 204, {"If-Match": "*"}),
        ("PROPPATCH", "/c/f", UPDATE, 207, {}),
        ("LOCK", "/c/f", LOCKINFO, 200, {}),
        ("LOCK", "/c/new", LOCKINFO, 201, {"If-None-Match": "*"}),
        ("MKCOL", "/c/new", MKCOL, 201, {"If-None-Match": "*", "Content-Type": "text/xml"}),
        ("PROPFIND", "/c/", b'<propfind xmlns="DAV:"><allprop/></propfind>', 207, {"Depth": "0"}),
    ],
)
def test_the_body_is_asked_for_once_if_nothing_is_in_the_way(dav, method, path, body, expected, headers):
    dav.expect(201, "PUT", "/c/f", b"old")
    with asked(dav, method, path, {"Content-Length": len(body), **headers}) as (reader, send):
        assert status(reader) == (100, [])
        send(body)
        assert status(reader)[0] == expected


SHARED = LOCKINFO.replace(b"exclusive", b"shared")
ATTRIBUTES = (
    b'<propertyupdate xmlns="DAV:"><set><prop><w:Win32FileAttributes xmlns:w="urn:schemas-microsoft-com:">00000020'
    b"</w:Win32FileAttributes></prop></set></propertyupdate>"
)


@pytest.mark.parametrize(("body", "expected"), [(SHARED, 200), (LOCKINFO, 423)])
def test_a_shared_lock_is_judged_when_the_body_says_what_is_wanted(dav, body, expected):
    dav.expect(201, "LOCK", "/c/f", SHARED)
    with asked(dav, "LOCK", "/c/f", {"Content-Length": len(body)}) as (reader, send):
        assert status(reader) == (100, [])
        send(body)
        assert status(reader)[0] == expected


@pytest.mark.parametrize(("body", "expected"), [(ATTRIBUTES, 207), (UPDATE, 423)])
def test_what_may_be_the_attributes_of_windows_is_judged_by_its_body(dav, body, expected):
    dav.expect(201, "LOCK", "/c/f", LOCKINFO)
    with asked(dav, "PROPPATCH", "/c/f", {"Content-Length": len(body)}) as (reader, send):
        assert status(reader) == (100, [])
        send(body)
        assert status(reader)[0] == expected


@pytest.mark.parametrize(
    ("method", "body", "expected"), [("PROPPATCH", UPDATE, 207), ("LOCK", SHARED, 423), ("LOCK", b"", 200)]
)
def test_with_the_token_the_body_is_asked_for(dav, method, body, expected):
    """A LOCK in chunks may be a refresh, which has no body: only its end tells."""
    token = dav.expect(201, "LOCK", "/c/f", LOCKINFO).headers["Lock-Token"]
    with asked(dav, method, "/c/f", {**CHUNKED, "If": f"({token})"}) as (reader, send):
        assert status(reader) == (100, [])
        send((b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n")
        assert status(reader)[0] == expected


def test_a_client_that_does_not_wait_or_cannot_know_is_not_asked(dav):
    with asked(dav, "PUT", "/c/a", {"Content-Length": "0"}) as (reader, _):
        assert status(reader)[0] == 201
    with asked(dav, "PUT", "/c/b", {"Content-Length": "1"}, version="1.0") as (reader, send):
        send(b"x")
        assert status(reader)[0] == 201
    assert dav.raw(
        b"PUT /c/d HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\nx"
    ).startswith(b"HTTP/1.1 201 ")
