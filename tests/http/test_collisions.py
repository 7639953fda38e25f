"""Two contents with one MD5: the second is refused, and neither client ever gets the other's bytes.

The pair is the one of X. Wang, D. Feng, X. Lai, H. Yu, "Collisions for Hash Functions MD4, MD5, HAVAL-128 and RIPEMD"
(IACR ePrint 2004/199): two messages of 128 bytes that differ in six bits. What follows a collision keeps it.
"""

from __future__ import annotations

import hashlib

import pytest

from davserver.collection.extents import StoredExtent
from davserver.errors import BlockCollision
from tests.support.site import Client

FIRST = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
    "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
)
SECOND = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f8955ad340609f4b30283e4888325f1415a"
    "085125e8f7cdc99fd91dbd7280373c5bd8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080280d1ec69821bcb6a8839396f965ab6ff72a70"
)
LARGE = bytes(200_000)
"""More than what travels in the journal, so that the content is a block as soon as it is received."""


def test_the_pair_is_one():
    assert FIRST != SECOND
    for rest in (b"", LARGE):
        assert hashlib.md5(FIRST + rest).digest() == hashlib.md5(SECOND + rest).digest()
    assert hashlib.sha256(FIRST).digest() != hashlib.sha256(SECOND).digest()


def test_the_second_of_two_blocks_is_refused(dav: Client):
    dav.expect(201, "PUT", "/c/first", FIRST + LARGE)
    answer = dav.expect(500, "PUT", "/c/second", SECOND + LARGE)
    assert b"Request id" in answer.body
    dav.expect(404, "GET", "/c/second")
    assert dav.expect(200, "GET", "/c/first").body == FIRST + LARGE


def test_an_older_file_stays_when_a_colliding_one_would_replace_it(dav: Client):
    dav.expect(201, "PUT", "/c/first", FIRST + LARGE)
    old = dav.expect(201, "PUT", "/c/mine", b"what I had")
    dav.expect(500, "PUT", "/c/mine", SECOND + LARGE)
    mine = dav.expect(200, "GET", "/c/mine")
    assert mine.body == b"what I had"
    assert mine.headers["ETag"] == old.headers["ETag"]


def test_small_files_share_a_block_and_no_hash(site, dav: Client):
    """Both are in the journal, then side by side in one block, whose hash is another."""
    for name, content in (("first", FIRST), ("second", SECOND)):
        dav.expect(201, "PUT", f"/c/{name}", content)
    tags = {dav.expect(200, "GET", f"/c/{name}").headers["ETag"] for name in ("first", "second")}
    assert len(tags) == 2, "an ETag that both share would make caches serve one for the other"
    site.house.commit("c")
    assert dav.expect(200, "GET", "/c/first").body == FIRST
    assert dav.expect(200, "GET", "/c/second").body == SECOND
    root = site.house.view("c").root
    assert len({extent.locator for name in ("first", "second") for extent in root.get(name).extents}) == 1


def test_a_commit_that_would_pack_one_into_the_block_of_the_other_fails_and_loses_nothing(site, dav: Client):
    """Each alone in its collection is a block of just its bytes: the second commit is refused, and loud."""
    dav.expect(201, "MKCOL", "/d/")
    dav.expect(201, "PUT", "/c/f", FIRST)
    dav.expect(201, "PUT", "/d/f", SECOND)
    site.house.commit("c")
    (extent,) = site.house.view("c").root.get("f").extents
    assert isinstance(extent, StoredExtent)
    assert extent.locator.md5 == hashlib.md5(SECOND).hexdigest()
    with pytest.raises(BlockCollision, match="other bytes under the same hash"):
        site.house.commit("d")
    assert dav.expect(200, "GET", "/d/f").body == SECOND
    assert dav.expect(200, "GET", "/c/f").body == FIRST
    dav.expect(201, "PUT", "/d/g", b"with a neighbour the block is another one")
    site.house.commit("d")
    assert dav.expect(200, "GET", "/d/f").body == SECOND
    assert dav.expect(200, "GET", "/c/f").body == FIRST


def test_a_locator_is_no_key(site, dav: Client):
    """Whoever knows the hash of a block gets nothing for it: by_id knows hashes of manifests only."""
    locator = site.house.blocks.put(b"somebody's secret" * 100)
    for path in (f"/by_id/{locator}", f"/by_id/{locator}/", f"/by_id/{locator.md5}", f"/{locator}", f"/c/{locator}"):
        answer = dav.send("GET", path)
        assert answer.status == 404, path
        assert b"secret" not in answer.body
