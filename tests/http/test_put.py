"""PUT over a socket: what it answers, what it refuses, and when."""

from __future__ import annotations

import base64
import hashlib
import os
import socket

import pytest

from davserver.blocks.writing import DIRECT_BYTES
from davserver.collection.attributes import Attributes
from davserver.collection.change import Put
from tests.support.site import TIMEOUT_S

MIB = 1 << 20
ODD_PROPERTY = (
    b'<propertyupdate xmlns="DAV:"><set><prop><o:odd xmlns:o="urn:odd">kept</o:odd></prop></set></propertyupdate>'
)


def test_new_and_replaced(dav):
    first = dav.expect(201, "PUT", "/c/f", b"one")
    second = dav.expect(204, "PUT", "/c/f", b"two")
    again = dav.expect(204, "PUT", "/c/f", b"two")
    for answer in (first, second):
        assert answer.headers["ETag"].startswith('"')
        assert answer.headers["Last-Modified"].endswith("GMT")
        assert answer.body == b""
    assert first.headers["ETag"] != second.headers["ETag"] == again.headers["ETag"]
    assert dav.expect(200, "GET", "/c/f").body == b"two"


def test_a_file_of_more_than_one_block_is_read_back_as_it_was(dav):
    """Both blocks go past the page cache, but for the last sector of the second."""
    content = os.urandom(MIB) * 64 + os.urandom(DIRECT_BYTES + 4097)
    dav.expect(201, "PUT", "/c/large", content)
    assert dav.expect(200, "GET", "/c/large").body == content
    assert dav.expect(206, "GET", "/c/large", Range="bytes=-5000").body == content[-5000:]


@pytest.mark.parametrize(
    ("status", "path", "headers"),
    [
        (403, "/file", {}),
        (403, "/", {}),
        (403, "/by_id/", {}),
        (403, "/by_id/d41d8cd98f00b204e9800998ecf8427e+0/f", {}),
        (403, "/history/c", {}),
        (404, "/history/c/f", {}),
        (404, "/_/f", {}),
        (405, "/c", {}),
        (405, "/c/", {}),
        (405, "/c/folder", {}),
        (405, "/c/folder/", {}),
        (409, "/c/nowhere/f", {}),
        (409, "/c/file/f", {}),
        (409, "/nowhere/f", {}),
        (400, "/c/new/", {}),
        (400, "/c/%07", {}),
        (400, "/c/a%2Fb", {}),
        (414, "/c/" + "n" * 1025, {}),
        (415, "/c/file", {"Content-Encoding": "gzip"}),
        (400, "/c/file", {"Content-MD5": "no digest"}),
        (400, "/c/file", {"X-OC-Mtime": "yesterday"}),
        (400, "/c/file", {"If": "<unfinished"}),
        (400, "/c/file", {"If-Match": "unquoted"}),
        (412, "/c/file", {"If-Match": '"other"'}),
        (412, "/c/file", {"If-None-Match": "*"}),
        (412, "/c/file", {"If": '(["other"])'}),
        (412, "/c/file", {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}),
        (412, "/c/new", {"If-Match": "*"}),
        (412, "/c/new", {"If": "(<urn:uuid:no-such-lock>)"}),
    ],
)
def test_refused_before_the_body(dav, status, path, headers):
    """The refusal comes although not one byte of the body was sent, and in place of ``100 Continue``."""
    dav.expect(201, "MKCOL", "/c/folder")
    dav.expect(201, "PUT", "/c/file", b"old")
    head = f"PUT {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    with socket.create_connection((dav.host, dav.port), TIMEOUT_S) as stream:
        stream.sendall(head.encode())
        status_line = stream.makefile("rb").readline()
    assert status_line.startswith(f"HTTP/1.1 {status} ".encode())
    assert dav.expect(200, "GET", "/c/file").body == b"old"
    dav.expect(404, "GET", "/c/new")


def test_a_large_body_is_refused_before_it_comes(dav):
    answer = dav.raw(b"PUT /c/nowhere/f HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 409 ")


def test_conditions_that_hold(dav):
    etag = dav.expect(201, "PUT", "/c/f", b"one", If_None_Match="*").headers["ETag"]
    dav.expect(204, "PUT", "/c/f", b"two", If_Match=etag)
    dav.expect(412, "PUT", "/c/f", b"three", If_Match=etag)
    etag = dav.expect(200, "HEAD", "/c/f").headers["ETag"]
    dav.expect(204, "PUT", "/c/f", b"three", If=f"([{etag}])")
    dav.expect(412, "PUT", "/c/f", b"four", If=f"(Not [{dav.expect(200, 'HEAD', '/c/f').headers['ETag']}])")
    dav.expect(204, "PUT", "/c/f", b"four", If="</c/> (Not <DAV:no-lock>)")
    dav.expect(412, "PUT", "/c/f", b"five", If=f"<http://elsewhere.example/c/f> ([{etag}])")
    assert dav.expect(200, "GET", "/c/f").body == b"four"


@pytest.mark.parametrize(("sent", "shown"), [("1405659692", 1405659692), ("1405659692.75", 1405659692), ("-3", -3)])
def test_the_clients_mtime(dav, sent, shown):
    answer = dav.expect(201, "PUT", "/c/f", b"x", X_OC_Mtime=sent)
    assert answer.headers["X-OC-Mtime"] == "accepted"
    assert answer.headers["Last-Modified"] == dav.expect(200, "HEAD", "/c/f").headers["Last-Modified"]
    again = dav.expect(204, "PUT", "/c/f", b"x", X_OC_Mtime=str(shown))
    assert again.headers["Last-Modified"] == answer.headers["Last-Modified"]
    assert "X-OC-Mtime" not in dav.expect(204, "PUT", "/c/f", b"x").headers


def test_an_overwrite_keeps_dead_properties_and_creation_time(dav):
    dav.expect(201, "PUT", "/c/f", b"one", X_OC_Mtime="86400")
    dav.expect(207, "PROPPATCH", "/c/f", ODD_PROPERTY)
    before = dav.propfind("/c/f", "0")["/c/f"]
    dav.expect(204, "PUT", "/c/f", b"two")
    after = dav.propfind("/c/f", "0")["/c/f"]
    assert after["{urn:odd}odd"].text == "kept"
    assert after["{DAV:}creationdate"].text == before["{DAV:}creationdate"].text
    assert after["{DAV:}getlastmodified"].text != before["{DAV:}getlastmodified"].text


def test_declared_digests_are_checked_and_remembered(dav):
    body = b"digested"
    md5, sha1 = hashlib.md5(body), hashlib.sha1(body).hexdigest()
    dav.expect(201, "PUT", "/c/f", body, Content_MD5=base64.b64encode(md5.digest()).decode())
    dav.expect(204, "PUT", "/c/f", body, OC_Checksum=f"SHA1:{sha1}")
    query = '<propfind xmlns="DAV:"><prop><c:checksums xmlns:c="http://owncloud.org/ns"/></prop></propfind>'
    checksums = dav.propfind("/c/f", "0", query)["/c/f"]["{http://owncloud.org/ns}checksums"]
    assert "".join(checksums.itertext()) == f"SHA1:{sha1}"


def test_the_media_type_is_kept_if_it_says_anything(dav):
    dav.expect(201, "PUT", "/c/a.bin", b"x", Content_Type="text/x-note; charset=utf-8")
    assert dav.expect(200, "GET", "/c/a.bin").headers["Content-Type"] == "text/x-note; charset=utf-8"
    dav.expect(201, "PUT", "/c/b.txt", b"x", Content_Type="application/octet-stream")
    assert dav.expect(200, "GET", "/c/b.txt").headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("content", [b"the same bytes", bytes(2_500_000) + b"end"])
def test_the_same_bytes_over_an_imported_file_keep_its_etag(site, dav, content):
    """An import has no ETag of its own making: it follows from how the bytes are stored, and is fixed by a repack."""
    with site.house.upload(len(content)) as upload:
        upload.write(content)
        imported = upload.finish(lambda _etag: Attributes(etag="e" * 32))
    site.house.edit(lambda edit: edit.apply(edit.view("c").info.id, Put(("f",), imported)))
    etag = dav.expect(200, "HEAD", "/c/f").headers["ETag"]
    assert etag == '"' + "e" * 32 + '"'
    assert dav.expect(204, "PUT", "/c/f", content).headers["ETag"] == etag
    assert dav.expect(204, "PUT", "/c/f", content[:-1] + b"!").headers["ETag"] != etag
    assert dav.expect(204, "PUT", "/c/f", content).headers["ETag"] != etag


def test_names_that_differ_only_in_spelling_are_one_file(dav):
    composed, decomposed = "/c/%C3%BC", "/c/u%CC%88"
    dav.expect(201, "PUT", composed, b"one")
    dav.expect(204, "PUT", decomposed, b"two")
    assert dav.expect(200, "GET", composed).body == b"two"
    assert list(dav.propfind("/c/", "1")) == ["/c/", composed]
