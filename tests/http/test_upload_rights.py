"""Uploads in parts and accounts: each sees its own, and rights are held at the beginning and at the end."""

from __future__ import annotations

import pytest

from davserver.catalog.model import Right
from tests.support.visitors import STRANGER, visiting

BEGIN = {"Upload-Complete": "?0"}
END = {"Upload-Complete": "?1", "Upload-Offset": "4", "Content-Type": "application/partial-upload"}
CHUNKS = "/remote.php/dav/uploads/ann/1"
MOVE = {"Destination": "/remote.php/dav/files/ann/c/f"}


@pytest.fixture
def visitors(site, dav, stage):
    with visiting(site, stage[0]) as visitors:
        for name in ("ann", "ben", "eve"):
            visitors.account(name)
        visitors.grant("c", "ann", Right.WRITE)
        visitors.grant("c", "ben", Right.WRITE)
        visitors.grant("c", "eve", Right.READ)
        yield visitors


def status(visitors, *request):
    return visitors.send(*request).status


def test_who_may_not_write_begins_nothing(visitors):
    assert status(visitors, STRANGER, "PUT", "/c/f", b"data", BEGIN) == 401
    assert status(visitors, STRANGER, "MKCOL", CHUNKS) == 401
    assert status(visitors, "eve", "PUT", "/c/f", b"data", BEGIN) == 403


def test_an_upload_is_its_makers_alone(visitors):
    url = visitors.send("ann", "PUT", "/c/f", b"data", BEGIN).headers["Location"]
    for who, refused in ((STRANGER, 401), ("ben", 404)):
        assert status(visitors, who, "HEAD", url) == refused
        assert status(visitors, who, "PATCH", url, b"", END) == refused
        assert status(visitors, who, "DELETE", url) == refused
    assert status(visitors, "ann", "PATCH", url, b"", END) == 201
    assert visitors.send("eve", "GET", "/c/f").body == b"data"


def test_a_right_that_ended_meanwhile_ends_the_upload(visitors):
    url = visitors.send("ann", "PUT", "/c/f", b"data", BEGIN).headers["Location"]
    visitors.grant("c", "ann", Right.READ)
    assert status(visitors, "ann", "PATCH", url, b"", END) == 403
    visitors.grant("c", "ann", Right.WRITE)
    assert status(visitors, "ann", "PATCH", url, b"", END) == 201


def test_chunks_are_their_senders_alone(visitors):
    assert status(visitors, "ann", "MKCOL", CHUNKS) == 201
    assert status(visitors, "ann", "PUT", CHUNKS + "/1", b"data") == 201
    assert status(visitors, "ben", "PUT", CHUNKS + "/1", b"evil") == 404
    assert status(visitors, "ben", "MOVE", CHUNKS + "/.file", None, MOVE) == 404
    assert status(visitors, "ben", "DELETE", CHUNKS) == 404
    assert status(visitors, "ann", "MOVE", CHUNKS + "/.file", None, MOVE) == 201
    assert visitors.send("eve", "GET", "/c/f").body == b"data"


def test_chunks_of_a_reader_find_no_place(visitors):
    assert status(visitors, "eve", "MKCOL", CHUNKS) == 201
    assert status(visitors, "eve", "PUT", CHUNKS + "/1", b"data") == 201
    assert status(visitors, "eve", "MOVE", CHUNKS + "/.file", None, MOVE) == 403


def test_who_may_not_write_where_the_chunks_will_go_does_not_begin(visitors):
    assert status(visitors, "eve", "MKCOL", CHUNKS, None, MOVE) == 403
    assert status(visitors, "ann", "MKCOL", CHUNKS, None, MOVE) == 201


def test_a_token_of_scope_read_stores_nothing(visitors):
    visitors.token("ann-reads", "ann", may_write=False)
    assert status(visitors, "ann", "MKCOL", CHUNKS) == 201
    url = visitors.send("ann", "PUT", "/c/f", b"data", BEGIN).headers["Location"]
    for request in (
        ("MKCOL", CHUNKS + "2"),
        ("PUT", CHUNKS + "/1", b"data"),
        ("DELETE", CHUNKS + "/1"),
        ("PUT", "/c/g", b"data", BEGIN),
        ("POST", "/c/g", b"data", BEGIN),
        ("PATCH", url, b"", END),
    ):
        assert status(visitors, "ann-reads", *request) == 403, request
