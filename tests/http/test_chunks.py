"""Nextcloud's chunked upload, and the URLs that its clients know."""

from __future__ import annotations

import hashlib

import pytest

FILES = "/remote.php/dav/files/ann"
FOLDER = "/remote.php/dav/uploads/ann/web-1"


def destination(dav, path="/c/f"):
    return f"http://{dav.host}:{dav.port}{FILES}{path}"


def send(dav, chunks):
    dav.expect(201, "MKCOL", FOLDER, Destination=destination(dav))
    for name, data in chunks.items():
        dav.expect(201, "PUT", f"{FOLDER}/{name}", data, Destination=destination(dav))


def move(dav, status, **headers):
    return dav.expect(status, "MOVE", FOLDER + "/.file", Destination=destination(dav), **headers)


def test_chunks_become_a_file(dav):
    send(dav, {"00002": b"two ", "00001": b"one ", "00003": b"three"})
    dav.expect(404, "GET", "/c/f")
    answer = move(dav, 201, OC_Total_Length="13", X_OC_Mtime="1000000000")
    assert answer.headers["X-OC-Mtime"] == "accepted"
    read = dav.expect(200, "GET", "/c/f")
    assert (read.body, read.headers["ETag"]) == (b"one two three", answer.headers["ETag"])
    assert read.headers["Last-Modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    move(dav, 404)
    send(dav, {"1": b"again"})
    move(dav, 204)
    assert dav.expect(200, "GET", "/c/f").body == b"again"


def test_chunks_named_by_their_bytes_become_a_file(dav):
    send(dav, {"000000000000000-000000000000003": b"one ", "000000000000004-000000000000006": b"two"})
    move(dav, 201, OC_Checksum="SHA1:" + hashlib.sha1(b"one two").hexdigest())
    assert dav.expect(200, "GET", "/c/f").body == b"one two"


def test_nothing_is_lost_or_made_up(dav):
    send(dav, {"1": b"one ", "3": b"three"})
    move(dav, 403)
    dav.expect(201, "PUT", FOLDER + "/2", b"two ")
    move(dav, 400, OC_Total_Length="14")
    move(dav, 400, OC_Checksum="SHA1:" + hashlib.sha1(b"other").hexdigest())
    move(dav, 412, If_Match='"other"')
    dav.expect(404, "GET", "/c/f")
    move(dav, 201, OC_Total_Length="13")
    dav.expect(201, "MKCOL", FOLDER)
    dav.expect(201, "PUT", FOLDER + "/1", b"x")
    move(dav, 412, Overwrite="F")
    assert dav.expect(200, "GET", "/c/f").body == b"one two three"


def test_an_upload_can_be_given_up(dav):
    send(dav, {"1": b"one"})
    dav.expect(405, "MKCOL", FOLDER)
    dav.expect(204, "DELETE", FOLDER + "/")
    dav.expect(404, "DELETE", FOLDER)
    dav.expect(404, "PUT", FOLDER + "/1", b"one")
    move(dav, 404)


@pytest.mark.parametrize(
    ("status", "method", "name", "headers"),
    [
        (400, "PUT", "first", {}),
        (400, "PUT", "5-3", {}),
        (400, "PUT", "0-3", {}),
        (400, "PUT", "1", {"OC-Total-Length": "much"}),
        (413, "PUT", "1", {"OC-Total-Length": str((16 << 40) + 1)}),
        (400, "PUT", "1", {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}),
        (405, "GET", "1", {}),
        (405, "PUT", ".file", {}),
        (400, "MOVE", ".file", {}),
    ],
)
def test_refused(dav, status, method, name, headers):
    dav.expect(201, "MKCOL", FOLDER)
    assert dav.send(method, f"{FOLDER}/{name}", b"abc" if method == "PUT" else None, headers).status == status
    move(dav, 201)
    assert dav.expect(200, "GET", "/c/f").body == b""


ASKED = '<propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getetag/></prop></propfind>'


def sizes(dav, depth="1"):
    listed = dav.propfind(FOLDER + "/", depth, ASKED)
    folder = listed.pop(FOLDER + "/")
    assert folder.keys() == {"{DAV:}resourcetype"}
    assert folder["{DAV:}resourcetype"][0].tag == "{DAV:}collection"
    assert all(len(found["{DAV:}resourcetype"]) == 0 for found in listed.values())
    return {href.removeprefix(FOLDER + "/"): found["{DAV:}getcontentlength"].text for href, found in listed.items()}


def test_a_client_asks_what_has_come_and_goes_on(dav):
    """As the desktop client and Android's do: the latter gives an upload up if this is not answered."""
    dav.expect(404, "PROPFIND", FOLDER, Depth="1")
    send(dav, {"00001": b"one ", "00002": b"2", "00004": b"left over"})
    dav.expect(405, "MKCOL", FOLDER)
    assert sizes(dav) == {"1": "4", "2": "1", "4": "9"}
    assert sizes(dav, "0") == {}
    dav.expect(204, "DELETE", FOLDER + "/00004")
    dav.expect(404, "DELETE", FOLDER + "/00004")
    dav.expect(404, "DELETE", FOLDER + "/other")
    dav.expect(201, "PUT", FOLDER + "/00002", b"two")
    assert sizes(dav) == {"1": "4", "2": "3"}
    move(dav, 201, OC_Total_Length="7")
    assert dav.expect(200, "GET", "/c/f").body == b"one two"
    dav.expect(404, "PROPFIND", FOLDER, Depth="1")


def test_chunks_named_by_their_bytes_are_listed_so(dav):
    send(dav, {"000000000000000-000000000000003": b"one ", "000000000000004-000000000000006": b"two"})
    assert sizes(dav) == {"0-3": "4", "4-6": "3"}
    assert set(dav.propfind(FOLDER, "infinity")) == {FOLDER + "/", FOLDER + "/0-3", FOLDER + "/4-6"}


@pytest.mark.parametrize("root", [FILES, "/remote.php/webdav"])
def test_the_urls_of_nextcloud_are_names_of_the_root(dav, root):
    dav.expect(201, "PUT", f"{root}/c/f", b"x")
    assert set(dav.propfind(f"{root}/c/", "1")) == {f"{root}/c/", f"{root}/c/f"}
    dav.expect(201, "COPY", f"{root}/c/f", Destination=f"http://{dav.host}:{dav.port}{root}/c/g")
    assert dav.expect(200, "GET", "/c/g").body == b"x"


def test_no_collection_hides_behind_them(dav):
    dav.expect(404, "MKCOL", "/remote.php/")
    dav.expect(404, "PROPFIND", "/remote.php/dav/")
