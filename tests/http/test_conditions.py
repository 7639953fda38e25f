"""If-Match, If-None-Match, If-Unmodified-Since and If-Modified-Since on every verb that changes something."""

from __future__ import annotations

import socket

import pytest

from davserver.dav.httpdate import format_date
from tests.support.site import TIMEOUT_S

MTIME_S = 1_600_000_000
AT, BEFORE = format_date(MTIME_S), format_date(MTIME_S - 1)
UPDATE = b'<propertyupdate xmlns="DAV:"><set><prop><o:odd xmlns:o="urn:odd">x</o:odd></prop></set></propertyupdate>'
LOCKINFO = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
WRITES = {
    "PUT": (204, b"new", {}),
    "DELETE": (204, None, {}),
    "MOVE": (201, None, {"Destination": "/c/there"}),
    "COPY": (201, None, {"Destination": "/c/there"}),
    "PROPPATCH": (207, UPDATE, {}),
    "LOCK": (200, LOCKINFO, {}),
}


@pytest.fixture
def etag(dav):
    dav.expect(201, "PUT", "/c/f", b"old", X_OC_Mtime=str(MTIME_S))
    return dav.expect(200, "HEAD", "/c/f").headers["ETag"]


def send(dav, method, path="/c/f", **conditions):
    _, body, headers = WRITES[method]
    named = {name.replace("_", "-"): value for name, value in conditions.items()}
    return dav.send(method, path, body, headers | named).status


def state(dav):
    """Return everything a write could have changed."""
    properties = dav.propfind("/c/", "1")
    return {
        href: (
            found["{DAV:}getetag"].text if "{DAV:}getetag" in found else None,
            len(found["{DAV:}lockdiscovery"]),
            "{urn:odd}odd" in found,
        )
        for href, found in properties.items()
    }


@pytest.mark.parametrize("method", WRITES)
def test_a_condition_that_fails_stops_every_write(dav, etag, method):
    before = state(dav)
    for conditions in (
        {"If_Match": '"other"'},
        {"If_Match": f"W/{etag}"},
        {"If_None_Match": "*"},
        {"If_None_Match": etag},
        {"If_None_Match": f'"other", W/{etag}'},
        {"If_Unmodified_Since": BEFORE},
        {"If_Match": '"other"', "If_Unmodified_Since": AT},
        {"If_Match": etag, "If_None_Match": etag},
    ):
        assert send(dav, method, **conditions) == 412, conditions
    assert state(dav) == before


@pytest.mark.parametrize(
    "conditions",
    [
        {"If_Match": "*"},
        {"If_Match": '"other", {etag}'},
        {"If_None_Match": '"other"'},
        {"If_Unmodified_Since": AT},
        {"If_Unmodified_Since": "no date"},
        {"If_Modified_Since": AT},
        {"If_Match": "{etag}", "If_Unmodified_Since": BEFORE},
    ],
)
def test_a_condition_that_holds_or_says_nothing_stops_none(dav, etag, conditions):
    conditions = {name: value.replace("{etag}", etag) for name, value in conditions.items()}
    assert send(dav, "COPY", **conditions) == 201
    assert send(dav, "PROPPATCH", **conditions) == 207
    assert send(dav, "DELETE", **conditions) == 204


@pytest.mark.parametrize("method", WRITES)
def test_the_etag_of_the_file_lets_every_write_pass(dav, etag, method):
    assert send(dav, method, If_Match=etag) == WRITES[method][0]


@pytest.mark.parametrize("method", ["PUT", "LOCK", "MKCOL"])
def test_where_nothing_is(dav, method):
    """``If-None-Match: *`` asks for exactly that, ``If-Match`` for the opposite."""
    body = {"PUT": b"x", "LOCK": LOCKINFO, "MKCOL": None}[method]
    for match in ("*", '"x"'):
        dav.expect(412, method, "/c/new", body, If_Match=match)
    assert list(state(dav)) == ["/c/"]
    dav.expect(201, method, "/c/new", body, If_None_Match="*", If_Unmodified_Since=BEFORE)


def test_mkcol_of_a_collection_has_conditions_too(dav):
    dav.expect(412, "MKCOL", "/d/", If_Match="*")
    dav.expect(404, "PROPFIND", "/d/", Depth="0")
    dav.expect(201, "MKCOL", "/d/", If_None_Match="*")


@pytest.mark.parametrize("method", ["DELETE", "MOVE", "COPY", "PROPPATCH"])
def test_a_folder_exists_and_has_no_etag(dav, method):
    dav.expect(201, "MKCOL", "/c/folder/", X_OC_Mtime=str(MTIME_S))
    for conditions in ({"If_Match": '"x"'}, {"If_None_Match": "*"}, {"If_Unmodified_Since": BEFORE}):
        assert send(dav, method, "/c/folder/", **conditions) == 412, conditions
    assert send(dav, method, "/c/folder/", If_Match="*", If_None_Match='"x"') == WRITES[method][0]


@pytest.mark.parametrize("method", ["DELETE", "MOVE", "COPY", "PROPPATCH"])
def test_what_fails_anyway_says_why(dav, method):
    """RFC 9110 section 13.2.1: a request that would get neither 2xx nor 412 is answered as if it had no condition."""
    assert send(dav, method, "/c/nothing", If_Match='"x"') == 404
    dav.expect(405, "MKCOL", "/c/", If_Match='"x"')
    dav.expect(404, "GET", "/c/nothing", If_Match='"x"')


def test_a_page_of_links_has_no_validator_but_exists(dav):
    dav.expect(412, "GET", "/c/", If_Match='"x"')
    dav.expect(304, "GET", "/c/", If_None_Match="*")
    dav.expect(200, "GET", "/c/", If_Match="*", If_None_Match='"x"')
    dav.expect(200, "GET", "/c/", If_Modified_Since=format_date(4_000_000_000))


@pytest.mark.parametrize(
    ("conditions", "meanwhile"),
    [
        ("If-None-Match: *", ("PUT", "/c/new", b"theirs")),
        ("If-Match: {etag}", ("PUT", "/c/f", b"theirs")),
        ("If-Match: {etag}", ("DELETE", "/c/f", None)),
        ("If-Unmodified-Since: " + AT, ("PUT", "/c/f", b"theirs")),
        ("If: ([{etag}])", ("PUT", "/c/f", b"theirs")),
    ],
)
def test_conditions_are_checked_when_the_change_is_made(dav, etag, conditions, meanwhile):
    """They held when the body was asked for; they do not when it has come."""
    method, path, body = meanwhile
    head = f"PUT {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n"
    with socket.create_connection((dav.host, dav.port), TIMEOUT_S) as stream:
        stream.sendall(f"{head}{conditions.replace('{etag}', etag)}\r\n\r\n".encode())
        reader = stream.makefile("rb")
        assert reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        reader.readline()
        dav.expect({"/c/new": 201}.get(path, 204), method, path, body)
        stream.sendall(b"ours")
        assert reader.readline().startswith(b"HTTP/1.1 412 ")
    answer = dav.send("GET", path)
    assert (answer.status, answer.body) == (404, answer.body) if body is None else (200, body)
