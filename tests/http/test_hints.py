"""What refusals, limits and answers might tell of what is not shown, and what a stranger might make the server do."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from argon2 import PasswordHasher

from davserver.access import managing
from davserver.access.guarded_house import GuardedHouse
from davserver.access.passwords import Passwords
from davserver.access.principal import ANONYMOUS, Principal
from davserver.access.rights import Rights
from davserver.access.roster import Roster
from davserver.access.sharing import Wish, make_link
from davserver.catalog.model import Right
from davserver.errors import DavserverError
from tests.support.site import propfind_of, running_site
from tests.support.visitors import STRANGER, visiting

JSON = {"Content-Type": "application/json"}
QUOTA = propfind_of("quota-available-bytes")
LARGE = b"x" * 100_000
"""More than is taken before anything is asked."""


@pytest.fixture(scope="module")
def visitors(stage, tmp_path_factory):
    with running_site(*stage, tmp_path_factory.mktemp("hints") / "data") as site, visiting(site, stage[0]) as visitors:
        for who in ("owner", "ann"):
            visitors.account(who)
        for folder in ("", "/a", "/a/open"):
            assert visitors.send("owner", "MKCOL", f"/c{folder}/").status == 201
        for path in ("top", "a/open/f"):
            assert visitors.send("owner", "PUT", f"/c/{path}", b"x").status == 201
        visitors.grant("c", "ann", Right.WRITE, ("a", "open"))
        yield visitors


def change(visitors, *changes):
    body = json.dumps({"changes": changes}).encode()
    return visitors.send("ann", "POST", "/_/api/collections/c/changes", body, JSON)


def share(visitors, **wish):
    answer = visitors.send("owner", "POST", "/_/api/links", json.dumps({"collection": "c", **wish}).encode(), JSON)
    assert answer.status == 201, answer
    return json.loads(answer.body)["url"]


def test_a_refusal_does_not_tell_whether_a_file_is_there(visitors):
    there, missing = (change(visitors, {"do": "put", "path": path, "text": ""}) for path in ("top", "none"))
    assert there.status == 403
    assert (there.status, there.body) == (missing.status, missing.body)


def test_who_may_write_a_part_puts_large_files_there(visitors):
    assert visitors.send("ann", "PUT", "/c/a/open/large", LARGE).status == 201
    assert visitors.send("ann", "PUT", "/c/a/open/large", LARGE).status == 204


@pytest.mark.parametrize("limited", ["collection", "owner"])
def test_what_is_left_of_a_limit_is_not_told_to_who_sees_a_part(visitors, limited):
    def limit(most):
        if limited == "owner":
            managing.set_quota(visitors.house, "owner", most)
        else:
            visitors.house.edit(lambda edit: edit.set_quota(edit.view("c").info.id, most))

    limit(654_321)
    try:
        answer = change(visitors, {"do": "put", "path": "a/open/more", "text": "x" * 700_000})
    finally:
        limit(None)
    assert answer.status == 507
    assert b"700000 bytes do not fit into the 0 bytes left" in answer.body


@pytest.mark.parametrize("kind", ["read", "drop"])
def test_how_full_the_disk_is_is_not_told_by_a_link(visitors, kind):
    url = share(visitors, path="a/open", kind=kind)
    assert b"<D:quota-available-bytes/>" in visitors.send(STRANGER, "PROPFIND", url, QUOTA, {"Depth": "0"}).body


def test_a_zip_does_not_pass_on_the_text_of_the_link_it_came_by(visitors):
    text = share(visitors, path="a/open").split("/")[3]
    answer = visitors.send(STRANGER, "GET", f"/_/s/_/zip/{text}")
    assert answer.status == 200
    assert text not in str(answer.headers)
    assert text.encode() not in answer.body
    assert "shared/open/f" in zipfile.ZipFile(io.BytesIO(answer.body)).namelist()


class _Counting(PasswordHasher):
    """Counts the hashes that were made."""

    made = 0

    def hash(self, password, *, salt=None):
        self.made += 1
        return super().hash(password, salt=salt)


@pytest.mark.parametrize("principal", [ANONYMOUS, Principal("ann"), Principal("owner", may_write=False)])
@pytest.mark.parametrize("collection", ["c", "none"])
def test_no_slow_hash_is_made_for_who_may_not_share(visitors, principal, collection):
    house = GuardedHouse(visitors.house, Rights(principal, Roster(visitors.house), may_ask=True))
    hasher = _Counting()
    with pytest.raises(DavserverError):
        make_link(house, Passwords(hasher), Wish(collection=collection, password="secret", made_by=""))
    assert hasher.made == 0


@pytest.mark.parametrize("member", ["collection", "password", "label"])
def test_half_a_character_is_no_text(visitors, member):
    body = json.dumps({"collection": "c", member: "\ud800"}).encode()
    answer = visitors.send("owner", "POST", "/_/api/links", body, JSON)
    assert (answer.status, json.loads(answer.body)) == (400, {"error": f"{member} has to be a text of Unicode"})
