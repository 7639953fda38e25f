"""Quota per account: what its collections hold together stays within its limit, whoever changes them and however."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from davserver.access import managing
from davserver.access.guarded_house import GuardedHouse
from davserver.access.principal import Principal
from davserver.access.rights import Rights
from davserver.access.roster import Roster
from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Right
from davserver.errors import QuotaExceeded
from davserver.live.allowance import Allowance
from davserver.live.house import House
from tests.support.site import DAV, TIMEOUT_S, Client, serving
from tests.support.visitors import Visitors, guarded_app, visiting

LIMIT = 1000
USED = 600
BODY = b"x" * (LIMIT - USED + 1)
"""One byte more than fits."""

PARTIAL = "application/x-sabredav-partialupdate"
CHUNKS = "/remote.php/dav/uploads/ann/1"
ASKED = b'<D:propfind xmlns:D="DAV:"><D:prop><D:quota-used-bytes/><D:quota-available-bytes/></D:prop></D:propfind>'


@pytest.fixture
def visitors(site, stage):
    """Ann may store 1000 bytes and stores 600, in two collections; she and Ben may do everything in all of them."""
    with visiting(site, stage[0]) as visitors:
        for name in ("ann", "ben"):
            visitors.account(name)
        for who, collection in (("ann", "a"), ("ann", "a2"), ("ben", "b")):
            assert visitors.send(who, "MKCOL", f"/{collection}/").status == 201
        for who, collection in (("ben", "a"), ("ben", "a2"), ("ann", "b")):
            visitors.grant(collection, who, Right.MANAGE)
        managing.set_quota(site.house, "ann", LIMIT)
        for path, size in (("/a/old", USED - 100), ("/a2/f", 100), ("/b/big", len(BODY))):
            assert visitors.send("ben", "PUT", path, bytes(size)).status == 201
        yield visitors


def used(visitors, account="ann"):
    return sum(info.bytes for info in visitors.house.collections() if info.owner == account)


def refused(visitors, *request):
    before = used(visitors)
    answer = visitors.send(*request)
    assert answer.status == 507, answer
    assert answer.xml.find(DAV + "quota-not-exceeded") is not None
    assert used(visitors) == before


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("PUT", "/a/new", BODY, {}),
        ("PUT", "/a/old", bytes(USED - 100 + len(BODY)), {}),
        ("PUT", "/a/old", b"end", {"Content-Range": "bytes 998-1000/*"}),
        ("PATCH", "/a/old", BODY, {"Content-Type": PARTIAL, "X-Update-Range": "append"}),
        ("COPY", "/a/old", None, {"Destination": "/a2/copy"}),
        ("COPY", "/b/big", None, {"Destination": "/a/big"}),
        ("COPY", "/b/", None, {"Destination": "/a/b"}),
        ("MOVE", "/b/big", None, {"Destination": "/a/big"}),
        ("MOVE", "/b/", None, {"Destination": "/a/b"}),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_leaves_nothing(visitors, method, path, body, headers):
    before = visitors.send("ann", "PROPFIND", "/a/", None, {"Depth": "infinity"}).body
    for who in ("ann", "ben"):  # whoever fills them, what her collections hold is hers
        refused(visitors, who, method, path, body, headers)
    assert visitors.send("ann", "PROPFIND", "/a/", None, {"Depth": "infinity"}).body == before
    assert visitors.send("ann", "GET", "/b/big").status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("PUT", "/a/new", BODY[1:], {}),
        ("PUT", "/a/old", bytes(USED - 100 + len(BODY) - 1), {}),
        ("PATCH", "/a/old", BODY[1:], {"Content-Type": PARTIAL, "X-Update-Range": "append"}),
        ("MOVE", "/a/old", None, {"Destination": "/a2/old"}),
        ("MOVE", "/a/", None, {"Destination": "/renamed/"}),
        ("MOVE", "/a/", None, {"Destination": "/a2/folder"}),
        ("MOVE", "/a/old", None, {"Destination": "/b/old"}),
        ("COPY", "/a/", None, {"Destination": "/a2/"}),
        ("DELETE", "/a/", None, {}),
        ("MKCOL", "/a/folder", None, {}),
        ("PUT", "/b/more", bytes(5 * LIMIT), {}),
    ],
)
def test_what_fits_or_does_not_grow_is_done(visitors, method, path, body, headers):
    if headers.get("Destination") == "/a2/":  # 500 bytes take the place of 100
        assert visitors.send("ann", "PUT", "/a/old", bytes(500)).status == 204
    assert visitors.send("ann", method, path, body, headers).status < 300


def test_a_copy_that_makes_a_collection_is_its_makers(visitors):
    refused(visitors, "ann", "COPY", "/b/", None, {"Destination": "/copy/"})
    refused(visitors, "ann", "COPY", "/a/", None, {"Destination": "/copy/"})
    assert visitors.send("ben", "COPY", "/a/", None, {"Destination": "/copy/"}).status == 201
    assert used(visitors, "ben") == USED - 100 + len(BODY)


def test_history_and_the_trash_do_not_count_until_they_come_back(visitors):
    house = visitors.house
    pdh = house.commit("a").pdh
    assert visitors.send("ann", "DELETE", "/a/old").status == 204
    assert used(visitors) == 100
    assert visitors.send("ann", "PUT", "/a/other", bytes(600)).status == 201
    refused(visitors, "ann", "COPY", f"/by_id/{pdh}/old", None, {"Destination": "/a/old"})
    refused(visitors, "ann", "COPY", f"/by_id/{pdh}/", None, {"Destination": "/again/"})
    assert visitors.send("ann", "DELETE", "/a/").status == 204
    assert visitors.send("ann", "PUT", "/a2/more", bytes(400)).status == 201
    (trashed,) = house.trashed()
    with pytest.raises(QuotaExceeded):
        house.edit(lambda edit: edit.restore_collection(trashed.id, "a"))
    assert visitors.send("ann", "DELETE", "/a2/f").status == 204
    house.edit(lambda edit: edit.restore_collection(trashed.id, "a"))
    assert used(visitors) == LIMIT


def test_many_changes_at_once_count_together(visitors):
    def change(*changes):
        body = json.dumps({"changes": changes}).encode()
        return visitors.send("ann", "POST", "/_/api/collections/a/changes", body, {"Content-Type": "application/json"})

    copy = {"do": "copy", "path": "old", "to": "copy"}
    assert change({"do": "mkdir", "path": "d"}, copy).status == 507
    assert used(visitors) == USED
    assert change(copy, {"do": "delete", "path": "old"}).status == 200


def test_chunks_count_when_they_become_a_file(visitors):
    assert visitors.send("ann", "MKCOL", CHUNKS).status == 201
    for number in (1, 2):
        assert visitors.send("ann", "PUT", f"{CHUNKS}/{number}", bytes(300)).status == 201
    move = ("ann", "MOVE", CHUNKS + "/.file", None, {"Destination": "/remote.php/dav/files/ann/a/f"})
    refused(visitors, *move)
    assert visitors.send("ann", "DELETE", "/a/old").status == 204
    assert visitors.send(*move).status == 201
    assert used(visitors) == 700


def test_a_resumable_upload_counts_at_its_end_and_is_refused_at_its_beginning(visitors):
    refused(visitors, "ann", "PUT", "/a/f", b"", {"Upload-Complete": "?0", "Upload-Length": str(len(BODY))})
    url = visitors.send("ann", "PUT", "/a/f", BODY, {"Upload-Complete": "?0"}).headers["Location"]
    headers = {"Content-Type": "application/partial-upload", "Upload-Offset": str(len(BODY)), "Upload-Complete": "?1"}
    refused(visitors, "ann", "PATCH", url, b"", headers)
    assert visitors.send("ann", "DELETE", "/a2/f").status == 204
    assert visitors.send("ann", "PATCH", url, b"", headers).status == 201


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("PUT", "/a/new", ["Content-Length: 401"]),
        ("PUT", "/a/new", ["Transfer-Encoding: chunked", "X-Expected-Entity-Length: 401"]),
        ("PUT", "/a/old", ["Content-Length: 401", "Content-Range: bytes 500-900/*"]),
        ("PATCH", "/a/old", ["Content-Length: 401", f"Content-Type: {PARTIAL}", "X-Update-Range: append"]),
    ],
)
def test_a_declared_length_is_refused_before_the_body(visitors, method, path, headers):
    head = [f"{method} {path} HTTP/1.1", "Host: h", "Expect: 100-continue", *headers]
    for who in ("ann", "ben"):
        credentials = f"Authorization: Bearer {visitors.tokens[who]}"
        with socket.create_connection((visitors.client.host, visitors.client.port), TIMEOUT_S) as stream:
            stream.sendall("\r\n".join((*head, credentials, "", "")).encode())
            assert stream.makefile("rb").readline().startswith(b"HTTP/1.1 507 ")


def figures(visitors, who, path):
    answer = visitors.send(who, "PROPFIND", path, ASKED, {"Depth": "0"})
    return tuple(int(answer.xml.findtext(f".//{DAV}quota-{name}-bytes")) for name in ("used", "available"))


def test_the_tighter_limit_is_told(visitors):
    assert figures(visitors, "ann", "/a/") == (USED, LIMIT - USED)
    assert figures(visitors, "ann", "/") == (USED, LIMIT - USED)
    assert figures(visitors, "ben", "/a/") == (USED - 100, LIMIT - USED)  # what else she stores is hers to know
    assert figures(visitors, "ben", "/b/")[1] > LIMIT
    assert visitors.send("ann", "MKCOL", "/a/folder/").status == 201
    assert figures(visitors, "ann", "/a/folder/") == (0, LIMIT - USED)
    visitors.house.edit(lambda edit: edit.set_quota(edit.view("a").info.id, 600))
    assert figures(visitors, "ann", "/a/") == (500, 100)
    managing.set_quota(visitors.house, "ann", 50)
    assert figures(visitors, "ann", "/a/") == (USED, 0)


def test_a_limit_below_what_is_there_lets_it_shrink_only(visitors):
    managing.set_quota(visitors.house, "ann", 100)
    refused(visitors, "ann", "PUT", "/a/old", bytes(USED - 99))
    assert visitors.send("ann", "PUT", "/a/old", bytes(USED - 101)).status == 204
    managing.set_quota(visitors.house, "ann", None)
    assert visitors.send("ann", "PUT", "/a/old", bytes(5 * LIMIT)).status == 204


def test_an_owner_can_change_and_end(visitors):
    house = visitors.house
    managing.set_owner(house, "b", "ann")  # whether it fits or not
    assert used(visitors) == USED + len(BODY)
    refused(visitors, "ben", "PUT", "/b/more", b"x")
    managing.set_owner(house, "b", None)
    assert visitors.send("ben", "PUT", "/b/more", bytes(5 * LIMIT)).status == 201
    assert house.allowance("ann") == Allowance(LIMIT, USED)
    managing.remove_account(house, "ann")
    visitors.account("ann")
    managing.set_quota(house, "ann", 1)
    assert visitors.send("ben", "PUT", "/a/new", bytes(5 * LIMIT)).status == 201  # of nobody since then
    assert house.view("a").info.owner is None


@contextmanager
def another(visitors, data):
    """Serve the same data by a second house, as another worker, or the next one after a restart, does."""
    house = House(open_catalog(f"sqlite:///{data / 'catalog.db'}"), open_store(data / "blocks"))
    with serving(guarded_app(house)) as address:
        client = Client(*address)
        there = Visitors(client, house)
        there.tokens = visitors.tokens
        yield there
        client.connection.close()
    house.close()


def test_two_workers_and_the_next_after_a_restart_count_the_same(site, visitors):
    with another(visitors, site.data) as other:
        for number in range(2):
            assert visitors.send("ann", "PUT", f"/a/{number}", bytes(100)).status == 201
            assert other.send("ann", "PUT", f"/a2/{number}", bytes(100)).status == 201
            assert other.house.allowance("ann") == site.house.allowance("ann")
        refused(other, "ann", "PUT", "/a/more", b"x")
        refused(visitors, "ann", "PUT", "/a2/more", b"x")
        assert other.send("ann", "DELETE", "/a/0").status == 204
    site.house.commit("a")
    with another(visitors, site.data) as later:
        assert later.house.allowance("ann") == Allowance(LIMIT, LIMIT - 100)
        refused(later, "ann", "PUT", "/a2/more", bytes(101))
        assert later.send("ann", "PUT", "/a2/more", bytes(100)).status == 201


def test_of_many_that_come_at_once_exactly_those_go_in_that_fit(site, visitors):
    """Two workers, two collections, eight clients: 16 files of 50 bytes want into 400."""
    with another(visitors, site.data) as other:
        barrier = threading.Barrier(8)

        def put(number):
            here = (visitors, other)[number % 2]
            client = Client(here.client.host, here.client.port)
            barrier.wait(TIMEOUT_S)
            sender = Visitors(client, here.house)
            sender.tokens = visitors.tokens
            paths = (f"/a/{number}", f"/a2/{number}")
            statuses = [sender.send("ann", "PUT", path, bytes(50)).status for path in paths]
            client.connection.close()
            return statuses

        with ThreadPoolExecutor(8) as pool:
            statuses = [status for pair in pool.map(put, range(8)) for status in pair]
    assert sorted(statuses) == [201] * 8 + [507] * 8
    assert used(visitors) == LIMIT


def test_an_allowance_is_told_to_its_account_and_to_who_may_read(visitors):
    def seen_by(name):
        rights = Rights(Principal(name), Roster(visitors.house), may_ask=True)
        return GuardedHouse(visitors.house, rights)

    visitors.account("eve")
    info = visitors.house.view("a").info
    assert seen_by("ann").allowance("ann") == seen_by("ben").allowance_over(info) == Allowance(LIMIT, USED)
    for refused_look in (lambda: seen_by("ben").allowance("ann"), lambda: seen_by("eve").allowance_over(info)):
        with pytest.raises(Exception, match=r"told to the account|nothing is here"):
            refused_look()
