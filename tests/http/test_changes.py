"""Many changes at once: all or none, each under its own conditions."""

from __future__ import annotations

import contextlib
import json
import socket

import pytest

from davserver.web.changes import LARGE_AT_ONCE
from tests.support.process import until
from tests.support.site import DAV

PATH = "/_/api/collections/c/changes"
JSON = "application/json"


def change(api, *changes, status=200, **members):
    body = json.dumps({"changes": changes, **members}).encode()
    return json.loads(api.expect(status, "POST", PATH, body, Content_Type=JSON).body)


def names(api):
    return set(api.propfind("/c/", "infinity")) - {"/c/"}


def test_changes_of_every_kind(api):
    api.expect(201, "PUT", "/c/old", b"old")
    answer = change(
        api,
        {"do": "mkdir", "path": "folder"},
        {
            "do": "put",
            "path": "folder/text",
            "text": "gr\u00fc\u00dfe",
            "content_type": "text/markdown",
            "mtime": 1000000000,
        },
        {"do": "put", "path": "folder/bytes", "base64": "AAEC"},
        {"do": "copy", "path": "folder", "to": "copy"},
        {"do": "move", "path": "old", "to": "copy/moved"},
        {"do": "delete", "path": "folder/bytes"},
        {"do": "properties", "path": "copy", "set": {"{urn:x}colour": "<blue>"}},
    )
    done = ["created", "created", "created", "created", "created", "deleted", "changed"]
    assert [result["done"] for result in answer["results"]] == done
    assert names(api) == {"/c/folder/", "/c/folder/text", "/c/copy/", "/c/copy/text", "/c/copy/bytes", "/c/copy/moved"}
    got = api.expect(200, "GET", "/c/copy/text")
    assert got.body.decode() == "gr\u00fc\u00dfe"
    assert got.headers["Content-Type"] == "text/markdown"
    assert got.headers["Last-Modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    assert got.headers["ETag"] == f'"{answer["results"][1]["etag"]}"'
    assert api.propfind("/c/copy/", "0")["/c/copy/"]["{urn:x}colour"].text == "<blue>"
    assert api.expect(200, "GET", "/c/copy/bytes").body == b"\0\1\2"


@pytest.mark.parametrize(
    ("status", "bad"),
    [
        (404, {"do": "delete", "path": "none"}),
        (404, {"do": "put", "path": "none/f", "text": ""}),
        (404, {"do": "move", "path": "none", "to": "x"}),
        (405, {"do": "mkdir", "path": "first"}),
        (412, {"do": "put", "path": "old", "text": "", "if_none_match": "*"}),
        (412, {"do": "delete", "path": "old", "if_match": "other"}),
        (412, {"do": "put", "path": "none", "text": "", "if_match": "*"}),
        (412, {"do": "copy", "path": "old", "to": "first", "overwrite": False}),
        (403, {"do": "move", "path": "folder", "to": "folder/in"}),
        (403, {"do": "copy", "path": "folder/in", "to": "folder"}),
    ],
    ids=str,
)
def test_one_change_that_cannot_be_made_undoes_all(api, status, bad):
    api.expect(201, "PUT", "/c/old", b"old")
    api.expect(201, "MKCOL", "/c/folder/")
    api.expect(201, "MKCOL", "/c/folder/in/")
    before = names(api)
    first = {"do": "put", "path": "first", "text": "1"}
    last = {"do": "put", "path": "last", "text": "3"}
    answer = change(api, first, bad, last, status=status)
    assert answer["index"] == 1
    assert answer["error"]
    assert names(api) == before
    assert api.expect(200, "GET", "/c/old").body == b"old"


def test_conditions_see_what_the_changes_before_them_made(api):
    etag = api.expect(201, "PUT", "/c/f", b"1").headers["ETag"]
    change(
        api,
        {"do": "put", "path": "f", "text": "2", "if_match": [etag, "other"]},
        {"do": "delete", "path": "f", "if_match": "*"},
        {"do": "put", "path": "f", "text": "3", "if_none_match": "*"},
    )
    assert api.expect(200, "GET", "/c/f").body == b"3"
    assert change(api, {"do": "put", "path": "f", "text": "4", "if_match": etag}, status=412)["index"] == 0


def test_an_overwrite_keeps_properties(api):
    change(api, {"do": "put", "path": "f", "text": "1"}, {"do": "properties", "path": "f", "set": {"{urn:x}a": "b"}})
    change(api, {"do": "put", "path": "f", "text": "2"})
    assert api.propfind("/c/f", "0")["/c/f"]["{urn:x}a"].text == "b"
    change(api, {"do": "properties", "path": "f", "remove": ["{urn:x}a"]})
    assert "{urn:x}a" not in api.propfind("/c/f", "0")["/c/f"]


def test_locks_are_respected(api):
    api.expect(201, "PUT", "/c/f", b"1")
    lockinfo = (
        b'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>'
        b"</D:lockinfo>"
    )
    token = api.expect(200, "LOCK", "/c/f", lockinfo).headers["Lock-Token"].strip("<>")
    put = {"do": "put", "path": "f", "text": "2"}
    assert change(api, {"do": "mkdir", "path": "x"}, put, status=423)["index"] == 1
    assert names(api) == {"/c/f"}
    change(api, put, lock_tokens=[token])
    assert api.expect(200, "GET", "/c/f").body == b"2"
    found = api.propfind("/c/f", "0")["/c/f"][DAV + "lockdiscovery"]
    assert token in "".join(found.itertext())


def test_quota_is_respected(site, api):
    site.house.edit(lambda edit: edit.set_quota(edit.view("c").info.id, 10))
    small, large = {"do": "put", "path": "s", "text": "12345"}, {"do": "put", "path": "l", "text": "123456"}
    assert change(api, small, large, status=507)["index"] == 1
    assert names(api) == set()


def test_a_large_set_is_one_edit(site, api):
    seq = site.house.view("c").seq
    change(api, *({"do": "put", "path": f"f{number}", "text": str(number)} for number in range(500)))
    assert len(names(api)) == 500
    assert site.house.view("c").seq == seq + 500


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"changes": []}',
        b'{"changes": [1]}',
        b'{"changes": [{"do": "burn", "path": "x"}]}',
        b'{"changes": [{"do": "delete"}]}',
        b'{"changes": [{"do": "delete", "path": ""}]}',
        b'{"changes": [{"do": "delete", "path": "a//b"}]}',
        b'{"changes": [{"do": "delete", "path": "../x"}]}',
        b'{"changes": [{"do": "delete", "path": "x", "if_macth": "*"}]}',
        b'{"changes": [{"do": "put", "path": "x"}]}',
        b'{"changes": [{"do": "put", "path": "x", "text": "a", "base64": "AA=="}]}',
        b'{"changes": [{"do": "put", "path": "x", "base64": "!"}]}',
        b'{"changes": [{"do": "put", "path": "x", "base64": "\xc3\xa9"}]}',  # found by fuzzing: was a 500
        b'{"changes": [{"do": "put", "path": "x\\u0001", "text": ""}]}',
        b'{"changes": [{"do": "put", "path": "x", "text": "\\ud800"}]}',
        b'{"changes": [{"do": "put", "path": "x", "text": "", "mtime": "now"}]}',
        b'{"changes": [{"do": "copy", "path": "x", "to": 1}]}',
        b'{"changes": [{"do": "copy", "path": "x", "to": "y", "overwrite": 1}]}',
        b'{"changes": [{"do": "properties", "path": "x"}]}',
        b'{"changes": [{"do": "properties", "path": "x", "set": {"colour": "blue"}}]}',
        b'{"changes": [{"do": "properties", "path": "x", "set": {"{DAV:}getetag": "blue"}}]}',
        b'{"changes": [{"do": "properties", "path": "x", "set": {"{1x:}a": "no URI, found by fuzzing"}}]}',
        b'{"changes": [{"do": "properties", "path": "x", "set": {"{x://h:port}a": "no URI either"}}]}',
        b'{"changes": [{"do": "properties", "path": "x", "set": {"{urn:x}a": "\\u0000"}}]}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_understood_is_refused(api, body):
    answer = api.expect(400, "POST", PATH, body, Content_Type=JSON)
    assert json.loads(answer.body)["error"]


def test_only_json_is_taken_and_only_by_post(api):
    body = b'{"changes": [{"do": "mkdir", "path": "x"}]}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        api.expect(415, "POST", PATH, body, Content_Type=kind)
    api.expect(405, "PUT", PATH, body, Content_Type=JSON)
    api.expect(404, "POST", "/_/api/collections/none/changes", body, Content_Type=JSON)
    assert names(api) == set()
    api.expect(200, "POST", PATH, body, Content_Type=JSON + "; charset=utf-8")


def test_a_body_that_is_too_long_is_refused(api):
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON}\r\nContent-Length: 999999999\r\n"
    assert api.raw(f"{head}Expect: 100-continue\r\n\r\n".encode()).startswith(b"HTTP/1.1 413 ")


def test_large_sets_are_made_a_few_at_once(api, monkeypatch):
    """JSON takes twenty times its size in memory."""
    monkeypatch.setattr("davserver.web.changes.LARGE_BYTES", 10)
    head = f"POST {PATH} HTTP/1.1\r\nHost: {api.host}\r\nContent-Type: {JSON}\r\nContent-Length: 100\r\n"
    api.expect(201, "PUT", "/c/f", b"")
    with contextlib.ExitStack() as opened:
        for _ in range(LARGE_AT_ONCE):
            sock = opened.enter_context(socket.create_connection((api.host, api.port), timeout=10))
            sock.sendall((head + "Expect: 100-continue\r\n\r\n").encode())
            assert sock.recv(100).startswith(b"HTTP/1.1 100 ")  # it is let in, and waited for
        body = json.dumps({"changes": [{"do": "delete", "path": "f"}]}).encode()
        assert api.expect(503, "POST", PATH, body, Content_Type=JSON).headers["Retry-After"]
    until(lambda: api.send("POST", PATH, body, {"Content-Type": JSON}).status == 200)
