"""gzip over the wire: for listings and pages where it is asked for, never for files."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.support.davclient import Dav
from tests.support.process import serving

GZIP = {"Accept-Encoding": "gzip"}
COUNT = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("compression") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def dav(server):
    """A server with a folder whose listing takes more than one slice, and a page somebody stored."""
    with server.dav() as dav:
        dav.mkcol("c")
        changes = [{"do": "mkdir", "path": f"folder-{number:04}"} for number in range(COUNT)]
        body = json.dumps({"changes": changes}).encode()
        dav.expect("POST", "_/api/collections/c/changes", data=body, Content_Type="application/json")
        dav.expect("PUT", "c/page.html", data=b"<p>page</p>" * 1000, Content_Type="text/html")
        yield dav


def both(dav: Dav, method: str, path: str, **headers: str):
    plain = dav.send(method, path, headers=headers)
    return plain, dav.send(method, path, headers=headers | GZIP)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("PROPFIND", "c/", {"Depth": "1"}),
        ("GET", "c/", {}),
        ("GET", "_/metrics", {}),
    ],
)
def test_what_the_server_writes_is_compressed_where_asked(dav, method, path, headers):
    plain, packed = both(dav, method, path, **headers)
    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == packed.headers["Vary"]
    assert "Accept-Encoding" in packed.headers["Vary"].split(", ")
    unpacked = gzip.decompress(packed.content)
    if path != "_/metrics":  # whose figures the request before it changed
        assert unpacked == plain.content
    assert len(packed.content) < len(unpacked) / 2


def test_head_has_the_headers_of_get(dav):
    _, head = both(dav, "HEAD", "c/")
    _, get = both(dav, "GET", "c/")
    left_out = {"date", "x-request-id", "server-timing", "transfer-encoding", "content-length"}
    assert [pair for pair in head.headers.items() if pair[0].lower() not in left_out] == [
        pair for pair in get.headers.items() if pair[0].lower() not in left_out
    ]
    assert head.content == b""


def test_a_file_never_is(dav):
    plain, asked = both(dav, "GET", "c/page.html")
    assert asked.content == plain.content == b"<p>page</p>" * 1000
    assert asked.headers["Content-Encoding"] is None
    assert asked.headers["ETag"] == plain.headers["ETag"]
    part = dav.send("GET", "c/page.html", headers=GZIP | {"Range": "bytes=0-2"})
    assert (part.status_code, part.content, part.headers["Content-Encoding"]) == (206, b"<p>", None)
