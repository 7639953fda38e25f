"""What one account may have in uploads that are not finished: so many, so many bytes, whoever else has what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from davserver.catalog.model import Right
from tests.support.visitors import visiting

BEGIN = {"Upload-Complete": "?0"}
PART = {"Content-Type": "application/partial-upload"}
CHUNKS = "/remote.php/dav/uploads/ann"
MOVE = {"Destination": "/remote.php/dav/files/ann/c/f"}


@pytest.fixture
def visitors(site, dav, stage):
    """Two who may write, each with at most two open uploads of ten bytes together."""
    site.house.settings = replace(site.house.settings, open_uploads=2, upload_bytes=10)
    with visiting(site, stage[0]) as visitors:
        for name in ("ann", "ben"):
            visitors.account(name)
            visitors.grant("c", name, Right.WRITE)
        yield visitors


def status(visitors, *request):
    return visitors.send(*request).status


def patch(visitors, url, offset, data, complete="?0"):
    return status(visitors, "ann", "PATCH", url, data, PART | {"Upload-Offset": offset, "Upload-Complete": complete})


def test_so_many_are_open_at_once(visitors):
    assert status(visitors, "ann", "MKCOL", f"{CHUNKS}/1") == 201
    url = visitors.send("ann", "PUT", "/c/g", b"", BEGIN).headers["Location"]
    refused = visitors.send("ann", "MKCOL", f"{CHUNKS}/2")
    assert refused.status == 507
    assert b"quota-not-exceeded" in refused.body
    assert status(visitors, "ann", "PUT", "/c/h", b"", BEGIN) == 507
    assert status(visitors, "ben", "PUT", "/c/h", b"", BEGIN) == 201
    assert status(visitors, "ann", "DELETE", f"{CHUNKS}/1") == 204
    assert status(visitors, "ann", "MKCOL", f"{CHUNKS}/2") == 201
    assert patch(visitors, url, "0", b"", "?1") == 201
    assert status(visitors, "ann", "PUT", "/c/h", b"", BEGIN) == 201


def test_chunks_hold_so_many_bytes(visitors):
    for name in ("1", "2"):
        assert status(visitors, "ann", "MKCOL", f"{CHUNKS}/{name}") == 201
    assert status(visitors, "ann", "PUT", f"{CHUNKS}/1/1", b"six by") == 201
    assert status(visitors, "ann", "PUT", f"{CHUNKS}/2/1", b"five.") == 507
    assert status(visitors, "ann", "PUT", f"{CHUNKS}/1/1", b"ten bytes.") == 201
    assert status(visitors, "ann", "PUT", f"{CHUNKS}/2/1", b".") == 507
    assert status(visitors, "ann", "MOVE", f"{CHUNKS}/1/.file", None, MOVE) == 201
    assert visitors.send("ann", "GET", "/c/f").body == b"ten bytes."
    assert status(visitors, "ann", "PUT", f"{CHUNKS}/2/1", b"five.") == 201


def test_a_part_that_does_not_fit_can_come_later(visitors):
    assert status(visitors, "ann", "PUT", "/c/f", b"", BEGIN | {"Upload-Length": "11"}) == 507
    url = visitors.send("ann", "PUT", "/c/f", b"six by", BEGIN).headers["Location"]
    other = visitors.send("ann", "PUT", "/c/g", b"four", BEGIN).headers["Location"]
    assert patch(visitors, url, "6", b"te", "?1") == 507
    assert visitors.send("ann", "HEAD", url).headers["Upload-Offset"] == "6"
    assert status(visitors, "ann", "DELETE", other) == 204
    assert patch(visitors, url, "6", b"te", "?1") == 201
    assert visitors.send("ann", "GET", "/c/f").body == b"six byte"


def test_a_chunk_of_unknown_length_is_stopped_on_its_way(visitors):
    assert status(visitors, "ann", "MKCOL", f"{CHUNKS}/1") == 201
    connection = visitors.client.connection
    headers = {"Authorization": f"Bearer {visitors.tokens['ann']}"}
    connection.request("PUT", f"{CHUNKS}/1/1", iter([b"six by", b"six by"]), headers, encode_chunked=True)
    assert connection.getresponse().status == 507
    connection.close()
    assert status(visitors, "ann", "PUT", f"{CHUNKS}/1/1", b"ten bytes.") == 201
