"""Range writes: PUT with Content-Range and PATCH with X-Update-Range."""

from __future__ import annotations

import random
import socket

import pytest

from davserver.collection.extents import StoredExtent
from davserver.collection.tree import lookup
from davserver.values import MAX_BLOCK_BYTES
from tests.support.davclient import Dav
from tests.support.process import davserver, serving
from tests.support.site import TIMEOUT_S

PATCH_TYPE = "application/x-sabredav-partialupdate"
LIMIT = 16 << 40


def put_range(dav, status, path, data, content_range, **headers):
    return dav.expect(status, "PUT", path, data, Content_Range=content_range, **headers)


def patch(dav, status, path, data, update_range, **headers):
    return dav.expect(status, "PATCH", path, data, X_Update_Range=update_range, Content_Type=PATCH_TYPE, **headers)


def content(dav, path="/c/f"):
    return dav.expect(200, "GET", path).body


@pytest.mark.parametrize(
    ("content_range", "data", "result"),
    [
        ("bytes 0-2/9", b"abc", b"abc456789"),
        ("bytes 3-5/*", b"abc", b"123abc789"),
        ("bytes 6-8/9", b"abc", b"123456abc"),
        ("bytes 8-10/*", b"abc", b"12345678abc"),
        ("bytes 9-11/12", b"abc", b"123456789abc"),
        ("bytes 11-13/*", b"abc", b"123456789\0\0abc"),
    ],
)
def test_put_with_content_range_writes_a_range(dav, content_range, data, result):
    before = dav.expect(201, "PUT", "/c/f", b"123456789").headers["ETag"]
    answer = put_range(dav, 204, "/c/f", data, content_range)
    assert answer.headers["ETag"] != before
    assert answer.headers["Last-Modified"]
    read = dav.expect(200, "GET", "/c/f")
    assert (read.body, read.headers["ETag"]) == (result, answer.headers["ETag"])


@pytest.mark.parametrize(
    ("update_range", "result"),
    [
        ("append", b"123456789abc"),
        ("bytes=0-2", b"abc456789"),
        ("bytes=4-", b"1234abc89"),
        ("bytes=-3", b"123456abc"),
        ("bytes=-1", b"12345678abc"),
        ("bytes=11-13", b"123456789\0\0abc"),
    ],
)
def test_patch_with_update_range_writes_a_range(dav, update_range, result):
    before = dav.expect(201, "PUT", "/c/f", b"123456789").headers["ETag"]
    answer = patch(dav, 204, "/c/f", b"abc", update_range)
    assert answer.headers["ETag"] != before
    read = dav.expect(200, "GET", "/c/f")
    assert (read.body, read.headers["ETag"]) == (result, answer.headers["ETag"])


def test_options_advertise_range_writes(dav):
    dav.expect(201, "PUT", "/c/f", b"x")
    answer = dav.expect(200, "OPTIONS", "/c/f")
    assert "sabredav-partialupdate" in answer.headers["DAV"].split(", ")
    assert "PATCH" in answer.headers["Allow"].split(", ")
    assert PATCH_TYPE in answer.headers["Accept-Patch"]


def test_a_new_file_can_come_in_ranges(dav):
    put_range(dav, 409, "/c/f", b"def", "bytes 3-5/6")
    put_range(dav, 201, "/c/f", b"abc", "bytes 0-2/6")
    put_range(dav, 204, "/c/f", b"def", "bytes 3-5/6")
    assert content(dav) == b"abcdef"
    patch(dav, 404, "/c/new", b"abc", "append")


@pytest.mark.parametrize(
    ("status", "method", "headers"),
    [
        (400, "PUT", {"Content-Range": "bytes 0-1/9"}),
        (400, "PUT", {"Content-Range": "bytes 2-0/9"}),
        (400, "PUT", {"Content-Range": "bytes 7-9/9"}),
        (400, "PUT", {"Content-Range": "bytes */9"}),
        (400, "PUT", {"Content-Range": "pages 0-2/9"}),
        (409, "PUT", {"Content-Range": "bytes 0-2/5"}),
        (413, "PUT", {"Content-Range": f"bytes {LIMIT}-{LIMIT + 2}/*"}),
        (413, "PATCH", {"X-Update-Range": "bytes=9999999999999999999-"}),
        (416, "PATCH", {"X-Update-Range": "bytes=-10"}),
        (400, "PATCH", {"X-Update-Range": "bytes=0-1"}),
        (400, "PATCH", {"X-Update-Range": "bytes=2-0"}),
        (400, "PATCH", {"X-Update-Range": "everywhere"}),
        (400, "PATCH", {}),
        (415, "PATCH", {"X-Update-Range": "append", "Content-Type": "text/plain"}),
        (412, "PUT", {"Content-Range": "bytes 0-2/*", "If-Match": '"other"'}),
        (412, "PATCH", {"X-Update-Range": "append", "If-Match": '"other"'}),
        (400, "PATCH", {"X-Update-Range": "append", "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}),
    ],
)
def test_refused_and_unchanged(dav, status, method, headers):
    etag = dav.expect(201, "PUT", "/c/f", b"123456789").headers["ETag"]
    assert dav.send(method, "/c/f", b"abc", {"Content-Type": PATCH_TYPE, **headers}).status == status
    read = dav.expect(200, "GET", "/c/f")
    assert (read.body, read.headers["ETag"]) == (b"123456789", etag)


def test_folders_have_no_ranges(dav):
    dav.expect(201, "MKCOL", "/c/folder")
    put_range(dav, 405, "/c/folder", b"abc", "bytes 0-2/*")
    patch(dav, 405, "/c/folder", b"abc", "append")


def test_a_lock_is_in_the_way_without_its_token(dav):
    dav.expect(201, "PUT", "/c/f", b"123456789")
    lockinfo = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
    token = dav.expect(200, "LOCK", "/c/f", lockinfo).headers["Lock-Token"]
    patch(dav, 423, "/c/f", b"abc", "append")
    put_range(dav, 423, "/c/f", b"abc", "bytes 0-2/*")
    patch(dav, 204, "/c/f", b"abc", "append", If=f"({token})")
    assert content(dav) == b"123456789abc"


def test_the_same_bytes_again_keep_the_etag_and_other_bytes_never_do(dav):
    seen = {dav.expect(201, "PUT", "/c/f", b"123456789").headers["ETag"]}
    (first,) = seen
    assert patch(dav, 204, "/c/f", b"345", "bytes=2-4").headers["ETag"] == first
    for data in (b"abc", b"abd", b"xyz"):
        seen.add(patch(dav, 204, "/c/f", data, "bytes=2-4").headers["ETag"])
    assert len(seen) == 4


def test_properties_survive_and_checksums_do_not(dav):
    md5 = "25f9e794323b453885f5181f1b624d0b"
    dav.expect(201, "PUT", "/c/f", b"123456789", OC_Checksum=f"MD5:{md5}", Content_Type="text/x-numbers")
    patch(dav, 204, "/c/f", b"0", "append", X_OC_Mtime="1000000000")
    read = dav.expect(200, "GET", "/c/f")
    assert read.headers["Content-Type"] == "text/x-numbers"
    assert read.headers["Last-Modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    assert md5 not in dav.expect(207, "PROPFIND", "/c/f", Depth="0").body.decode()


def test_a_torn_range_changes_nothing(dav):
    dav.expect(201, "PUT", "/c/f", b"123456789")
    head = b"PATCH /c/f HTTP/1.1\r\nHost: h\r\nX-Update-Range: append\r\nContent-Type: " + PATCH_TYPE.encode()
    with socket.create_connection((dav.host, dav.port), TIMEOUT_S) as stream:
        stream.sendall(head + b"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        stream.shutdown(socket.SHUT_WR)
        assert stream.makefile("rb").readline().startswith(b"HTTP/1.1 400 ")
    assert content(dav) == b"123456789"


def test_only_the_extents_of_the_range_change(site, dav):
    """The two blocks of a file stay as they are, and what is written is the range, not the file."""
    data = random.Random(1).randbytes(MAX_BLOCK_BYTES) + random.Random(2).randbytes(300_000)
    dav.expect(201, "PUT", "/c/f", data)
    first, last = lookup(site.house.view("c").root, ("f",)).extents
    stored = {block.md5 for block in site.house.blocks.index()}
    new = random.Random(3).randbytes(200_000)
    patch(dav, 204, "/c/f", new, f"bytes={MAX_BLOCK_BYTES - 100_000}-")
    extents = lookup(site.house.view("c").root, ("f",)).extents
    written = {block.md5 for block in site.house.blocks.index()} - stored
    assert [extent.length for extent in extents] == [MAX_BLOCK_BYTES - 100_000, 200_000, 200_000]
    assert extents[0] == StoredExtent(first.locator, 0, MAX_BLOCK_BYTES - 100_000)
    assert extents[2] == StoredExtent(last.locator, 100_000, 200_000)
    assert written == {extents[1].locator.md5}
    with site.house.read_catalog() as tables:
        entry = tables.journal.after(site.house.view("c").info.id, 0)[-1]
    assert len(entry.header) + len(entry.inline) < 1000
    expected = data[: MAX_BLOCK_BYTES - 100_000] + new + data[MAX_BLOCK_BYTES + 100_000 :]
    assert content(dav) == expected


def test_ranges_survive_a_kill_and_a_commit(tmp_path):
    expected = bytearray(b"0123456789" * 1000)
    with serving(tmp_path / "data") as server:
        with server.dav() as dav:
            dav.mkcol("c")
            dav.send("PUT", "c/f", data=bytes(expected))
            source = random.Random(4)
            for _ in range(20):
                offset, data = source.randrange(12_000), source.randbytes(source.randrange(1, 500))
                headers = {"Content-Range": f"bytes {offset}-{offset + len(data) - 1}/*"}
                assert dav.send("PUT", "c/f", data=data, headers=headers).status_code == 204
                expected.extend(bytes(max(offset - len(expected), 0)))
                expected[offset : offset + len(data)] = data
            etag = dav.send("HEAD", "c/f").headers["ETag"]
        server.kill()
        server.start()
        check(server.dav(), expected, etag)
        davserver(server.data, "commit", "c")
        davserver(server.data, "fsck")
        check(server.dav(), expected, etag)


def check(dav: Dav, expected, etag):
    with dav:
        answer = dav.send("GET", "c/f")
        assert (answer.content, answer.headers["ETag"]) == (bytes(expected), etag)
