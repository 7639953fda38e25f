"""Resumable uploads: begun, interrupted, continued, given up; also after the server was killed."""

from __future__ import annotations

import hashlib
import random
import socket
import sqlite3
from base64 import b64encode

import pytest

from davserver.live.uploads import LIFETIME_S
from davserver.upkeep.fsck import fsck
from tests.support.process import davserver, serving, until
from tests.support.site import TIMEOUT_S

MIB = 1 << 20
PARTIAL = "application/partial-upload"
INTEROP = {"Upload-Draft-Interop-Version": "8"}


def begin(dav, path="/c/f", data=b"", *, method="PUT", **headers):
    answer = dav.expect(201, method, path, data, Upload_Complete="?0", **headers)
    assert answer.headers["Upload-Complete"] == "?0"
    assert answer.headers["Upload-Offset"] == str(len(data))
    assert answer.headers["Location"].startswith("/_/uploads/")
    return answer.headers["Location"]


def patch(dav, status, url, data, offset, *, complete=False, **headers):
    headers = {"Content_Type": PARTIAL, **headers}
    return dav.expect(
        status, "PATCH", url, data, Upload_Offset=str(offset), Upload_Complete=f"?{complete:d}", **headers
    )


def offset_of(dav, url):
    answer = dav.expect(204, "HEAD", url)
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_an_upload_in_parts_makes_the_file_at_its_end(dav, method):
    url = begin(dav, data=b"one ", method=method, Content_Type="text/x-test", X_OC_Mtime="1000000000", **INTEROP)
    dav.expect(404, "GET", "/c/f")
    middle = patch(dav, 204, url, b"two ", 4)
    assert (middle.headers["Upload-Offset"], middle.headers["Upload-Complete"]) == ("8", "?0")
    assert offset_of(dav, url) == 8
    last = patch(dav, 201, url, b"three", 8, complete=True)
    assert last.headers["Upload-Complete"] == "?1"
    read = dav.expect(200, "GET", "/c/f")
    assert (read.body, read.headers["ETag"]) == (b"one two three", last.headers["ETag"])
    assert read.headers["Content-Type"] == "text/x-test"
    assert read.headers["Last-Modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    known = dav.expect(204, "HEAD", url)
    assert (known.headers["Upload-Complete"], known.headers["Upload-Offset"]) == ("?1", "13")
    assert patch(dav, 400, url, b"more", 13).headers["Upload-Complete"] == "?1"


def test_a_put_that_brings_everything_is_an_ordinary_one(dav):
    dav.expect(201, "PUT", "/c/f", b"all", Upload_Complete="?1")
    assert dav.expect(200, "GET", "/c/f").body == b"all"


def test_options_say_that_uploads_can_be_resumed(dav):
    answer = dav.expect(200, "OPTIONS", "/c/f")
    assert PARTIAL in answer.headers["Accept-Patch"]
    assert answer.headers["Upload-Limit"] == f"max-size={1 << 40}, max-age={LIFETIME_S}"
    url = begin(dav)
    assert dav.expect(204, "OPTIONS", url).headers["Allow"] == "HEAD, PATCH, DELETE, OPTIONS"
    assert dav.expect(405, "GET", url).headers["Allow"] == "HEAD, PATCH, DELETE, OPTIONS"
    dav.expect(405, "PROPFIND", url)


def test_a_wrong_offset_is_told_the_right_one(dav):
    url = begin(dav, data=b"12345")
    for offset in (0, 4, 6):
        assert patch(dav, 409, url, b"x", offset).headers["Upload-Offset"] == "5"
    assert offset_of(dav, url) == 5


def test_a_length_that_was_announced_is_held(dav):
    url = begin(dav, data=b"12345", Upload_Length="9")
    assert dav.expect(204, "HEAD", url).headers["Upload-Length"] == "9"
    patch(dav, 400, url, b"6", 5, complete=True)
    patch(dav, 400, url, b"6", 5, Upload_Length="10")
    patch(dav, 201, url, b"6789", 5, complete=True)
    url = begin(dav, "/c/g", b"12345", Upload_Length="6")
    patch(dav, 400, url, b"67", 5)
    dav.expect(404, "HEAD", url)
    dav.expect(404, "GET", "/c/g")


def test_an_upload_that_is_given_up_is_gone(dav):
    url = begin(dav, data=b"x")
    dav.expect(204, "DELETE", url)
    dav.expect(404, "HEAD", url)
    dav.expect(404, "DELETE", url)
    patch(dav, 404, url, b"y", 1)


@pytest.mark.parametrize(
    ("status", "path", "headers"),
    [
        (403, "/f", {}),
        (409, "/nowhere/f", {}),
        (405, "/c/", {}),
        (412, "/c/f", {"If-Match": "*"}),
        (400, "/c/f", {"Upload-Draft-Interop-Version": "3"}),
        (413, "/c/f", {"Upload-Length": str((16 << 40) + 1)}),
    ],
)
def test_what_a_put_is_refused_is_refused_at_the_beginning(dav, status, path, headers):
    assert dav.send("PUT", path, b"x", {"Upload-Complete": "?0", **headers}).status == status


def test_conditions_are_those_of_the_beginning_at_the_moment_of_the_end(dav):
    url = begin(dav, data=b"mine", If_None_Match="*")
    dav.expect(201, "PUT", "/c/f", b"theirs")
    patch(dav, 412, url, b"", 4, complete=True)
    assert dav.expect(200, "GET", "/c/f").body == b"theirs"
    dav.expect(204, "DELETE", "/c/f")
    patch(dav, 201, url, b"", 4, complete=True)
    assert dav.expect(200, "GET", "/c/f").body == b"mine"


def test_a_lock_taken_meanwhile_is_in_the_way(dav):
    dav.expect(201, "PUT", "/c/f", b"old")
    url = begin(dav, data=b"new")
    lockinfo = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
    token = dav.expect(200, "LOCK", "/c/f", lockinfo).headers["Lock-Token"]
    patch(dav, 423, url, b"", 3, complete=True)
    patch(dav, 204, url, b"", 3, complete=True, If=f"({token})")
    assert dav.expect(200, "GET", "/c/f").body == b"new"


def test_digests_of_the_parts_and_of_the_whole_are_checked(dav):
    def digest(data):
        return f"sha-256=:{b64encode(hashlib.sha256(data).digest()).decode()}:"

    url = begin(dav, data=b"one", Repr_Digest=digest(b"onetwo"), Content_Digest=digest(b"one"))
    patch(dav, 400, url, b"twx", 3, Content_Digest=digest(b"two"))
    assert offset_of(dav, url) == 3
    patch(dav, 201, url, b"two", 3, complete=True, Content_Digest=digest(b"two"))
    url = begin(dav, "/c/g", b"one", Repr_Digest=digest(b"onetwo"))
    patch(dav, 400, url, b"twx", 3, complete=True)
    dav.expect(404, "HEAD", url)
    dav.expect(404, "GET", "/c/g")


def test_what_came_of_a_torn_part_is_kept(dav):
    data = random.Random(7).randbytes(400_000)
    url = begin(dav)
    with socket.create_connection((dav.host, dav.port), TIMEOUT_S) as torn:
        torn.sendall(patch_head(url, 0, len(data)) + data[:300_000])
        torn.shutdown(socket.SHUT_WR)
        assert torn.makefile("rb").readline().startswith(b"HTTP/1.1 400 ")
    offset = offset_of(dav, url)
    assert 200_000 < offset <= 300_000
    patch(dav, 201, url, data[offset:], offset, complete=True)
    assert dav.expect(200, "GET", "/c/f").body == data


def test_asking_for_the_offset_overtakes_a_request_that_hangs(site, dav):
    url = begin(dav, data=b"abc")
    with socket.create_connection((dav.host, dav.port), TIMEOUT_S) as hanging:
        hanging.sendall(patch_head(url, 3, 3) + b"d")
        until(lambda: turn_of(site, url) == 1)
        assert offset_of(dav, url) == 3
        hanging.sendall(b"ef")
        assert hanging.makefile("rb").readline().startswith(b"HTTP/1.1 409 ")
    patch(dav, 201, url, b"def", 3, complete=True)
    assert dav.expect(200, "GET", "/c/f").body == b"abcdef"


def patch_head(url, offset, length):
    return (
        f"PATCH {url} HTTP/1.1\r\nHost: h\r\nContent-Type: {PARTIAL}\r\nContent-Length: {length}\r\n"
        f"Upload-Offset: {offset}\r\nUpload-Complete: ?1\r\n\r\n"
    ).encode()


def turn_of(site, url):
    with site.house.read_catalog() as tables:
        return tables.uploads.get(url.rpartition("/")[2]).turn


def test_fsck_counts_the_blocks_of_open_uploads_as_named(site, dav):
    url = begin(dav, data=bytes(300_000))
    assert fsck(site.house).findings == []
    block = next(iter(site.house.blocks.index()))
    (path,) = site.data.rglob(block.md5)
    path.unlink()
    assert [finding.subject for finding in fsck(site.house).findings] == [str(block.locator)]
    dav.expect(204, "DELETE", url)


def test_many_small_parts_become_a_file_of_few_pieces(site, dav):
    source = random.Random(5)
    data = [source.randbytes(40_000) for _ in range(50)]
    url, offset = begin(dav), 0
    for part in data:
        patch(dav, 204, url, part, offset)
        offset += len(part)
    patch(dav, 201, url, b"", offset, complete=True)
    assert dav.expect(200, "GET", "/c/f").body == b"".join(data)
    assert len(site.house.view("c").root.get("f").extents) == 1


def test_a_killed_server_goes_on_where_it_stopped(tmp_path):
    """The connection and the server die in the middle of the last part: the blocks that were complete are kept."""
    data = random.Random(6).randbytes(150 * MIB)
    with serving(tmp_path / "data") as server:
        with server.dav() as dav:
            dav.mkcol("c")
            url = dav.send("PUT", "c/f", headers={"Upload-Complete": "?0"}).headers["Location"]
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with socket.create_connection(address, TIMEOUT_S) as stream:
            stream.sendall(patch_head(url, 0, len(data)) + data[: 140 * MIB])
            until(lambda: recorded(server.data) == 128 * MIB)
            server.kill()
        server.start()
        davserver(server.data, "fsck")
        with server.dav() as dav:
            offset = int(dav.send("HEAD", url).headers["Upload-Offset"])
            assert offset == 128 * MIB
            headers = {"Upload-Offset": str(offset), "Upload-Complete": "?1", "Content-Type": PARTIAL}
            assert dav.send("PATCH", url, data=data[offset:], headers=headers).status_code == 201
            assert hashlib.md5(dav.send("GET", "c/f").content).digest() == hashlib.md5(data).digest()
        davserver(server.data, "commit", "c")
        davserver(server.data, "fsck")


def recorded(data):
    """Look into the catalog: asking the server for the offset would end the transfer."""
    connection = sqlite3.connect(f"file:{data / 'catalog.db'}?mode=ro", uri=True)
    try:
        return connection.execute("select received from uploads").fetchone()[0]
    finally:
        connection.close()
