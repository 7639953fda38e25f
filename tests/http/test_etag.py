"""A file's ETag: what PUT returned is what everything repeats, until the bytes change (invariant 5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.davclient import Dav
from tests.support.process import Server, davserver, serving

CONTENTS = {
    "empty": b"",
    "small": b"some bytes",
    "inline no more": bytes(300_000),
    "a folder/\u00fcml\u00e4ut": b"in a folder",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data") as running:
        with running.dav() as dav:
            dav.mkcol("c")
            dav.mkcol("c/a folder")
        yield running


def put_all(dav: Dav) -> dict[str, str]:
    """Store the contents; return the ETags that PUT returned."""
    return {name: dav.put(f"c/{name}", content).headers["ETag"] for name, content in CONTENTS.items()}


def check_etags(server: Server, expected: dict[str, str], root: str = "c") -> None:
    """Compare what GET, HEAD and PROPFIND say, each on a new connection."""
    with server.dav() as dav:
        assert {name: dav.expect("GET", f"{root}/{name}").headers["ETag"] for name in expected} == expected
        assert {name: dav.expect("HEAD", f"{root}/{name}").headers["ETag"] for name in expected} == expected
        listed = {entry.path: entry.etag for entry in dav.walk(root) if not entry.is_folder}
        assert {name: listed[name] for name in expected} == expected


def test_an_etag_is_strong_and_tells_contents_apart(server: Server) -> None:
    with server.dav() as dav:
        etags = put_all(dav)
    assert all(etag[0] == etag[-1] == '"' and len(etag) > 2 for etag in etags.values())
    assert len(set(etags.values())) == len(etags)


def test_get_head_and_propfind_repeat_what_put_returned(server: Server) -> None:
    with server.dav() as dav:
        etags = put_all(dav)
    check_etags(server, etags)


def test_a_commit_changes_no_etag(server: Server) -> None:
    with server.dav() as dav:
        etags = put_all(dav)
    davserver(server.data, "commit", "c")
    check_etags(server, etags)


def test_a_restart_changes_no_etag(server: Server) -> None:
    with server.dav() as dav:
        etags = put_all(dav)
    server.kill()
    server.start()
    check_etags(server, etags)
    server.stop()
    server.start()
    check_etags(server, etags)


def test_a_siblings_change_changes_no_etag(server: Server) -> None:
    with server.dav() as dav:
        etags = put_all(dav)
        dav.put("c/sibling", b"new")
        dav.put("c/a folder/sibling", b"new")
        dav.delete("c/sibling")
        dav.move("c/a folder/sibling", "c/other sibling")
    check_etags(server, etags)
    davserver(server.data, "commit", "c")
    check_etags(server, etags)


def test_a_move_and_a_copy_keep_the_etag(server: Server) -> None:
    with server.dav() as dav:
        etags = put_all(dav)
        dav.mkcol("d")
        dav.copy("c/", "d/copied/")
        dav.move("c/", "moved/")
    check_etags(server, etags, "d/copied")
    check_etags(server, etags, "moved")


def test_an_etag_changes_exactly_when_the_bytes_change(server: Server) -> None:
    with server.dav() as dav:
        first = dav.put("c/file", b"one").headers["ETag"]
        assert dav.put("c/file", b"one").headers["ETag"] == first
        second = dav.put("c/file", b"two").headers["ETag"]
        assert second != first
        dav.commit("c")
        assert dav.put("c/file", b"one").headers["ETag"] == first


def test_the_etag_of_a_put_serves_as_its_own_precondition(server: Server) -> None:
    with server.dav() as dav:
        etag = dav.put("c/file", b"one").headers["ETag"]
        dav.commit("c")
        assert dav.send("GET", "c/file", headers={"If-None-Match": etag}).status_code == 304
        assert dav.send("PUT", "c/file", data=b"two", headers={"If-Match": etag}).status_code == 204
        assert dav.send("PUT", "c/file", data=b"three", headers={"If-Match": etag}).status_code == 412
        assert dav.get("c/file") == b"two"
