"""Zips and previews show whom they may: under every name, and with no way to learn of what is hidden."""

from __future__ import annotations

import io
import zipfile

import pytest

from davserver.catalog.model import Right
from tests.support.site import running_site
from tests.support.visitors import STRANGER, Visitors, visiting

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def visitors(stage, tmp_path_factory):
    with running_site(*stage, tmp_path_factory.mktemp("rights") / "data") as site, visiting(site, stage[0]) as visitors:
        for name in ("nobody", "reader", "owner"):
            visitors.account(name)
        for name in ("hidden1", "shared1"):
            assert visitors.send("owner", "MKCOL", f"/{name}/").status == 201
            assert visitors.send("owner", "PUT", f"/{name}/f", name.encode()).status == 201
        visitors.grant("shared1", "reader", Right.READ)
        yield visitors


def names_of(visitors: Visitors, name: str) -> list[str]:
    version = visitors.house.commit(name)
    listed = visitors.send("owner", "PROPFIND", f"/history/{name}/", None, {"Depth": "1"})
    hrefs = [href.text for href in listed.xml.iter("{DAV:}href")]
    uuid = visitors.house.info(name).uuid
    return [f"/{name}/", f"/by_id/{uuid}/", f"/by_id/{version.pdh}/", max(hrefs, key=len)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_zip_takes_the_right_to_read(visitors, method):
    body, headers = (b"", FORM) if method == "POST" else (None, {})
    for path in names_of(visitors, "shared1"):
        wanted = {"owner": 200, "reader": 200, "nobody": 404, STRANGER: 401}
        got = {who: visitors.send(who, method, "/_/zip" + path, body, headers).status for who in wanted}
        assert got == wanted, path


@pytest.mark.parametrize("prefix", ["/_/zip", "/_/preview"])
def test_what_is_hidden_is_answered_as_what_is_not_there(visitors, prefix):
    for who in ("nobody", "reader", STRANGER):
        for path in ("/{}/", "/{}/f", "/{}/missing/", "/{}/?name=f", "/history/{}/"):
            hidden = visitors.send(who, "GET", prefix + path.format("hidden1"))
            absent = visitors.send(who, "GET", prefix + path.format("absent1"))
            assert (hidden.status, hidden.body) == (absent.status, absent.body), (who, path)
            assert hidden.status == (404 if who else 401)


def test_strangers_pack_what_everybody_may_read(visitors):
    visitors.grant("shared1", "anonymous", Right.READ)
    try:
        for method, body in (("GET", None), ("POST", b"name=f")):
            answer = visitors.send(STRANGER, method, "/_/zip/shared1/", body, FORM if body else {})
            assert zipfile.ZipFile(io.BytesIO(answer.body)).read("shared1/f") == b"shared1"
    finally:
        visitors.grant("shared1", "anonymous", Right.NONE)


def test_who_sees_a_part_packs_that_part_and_learns_nothing_of_the_rest(visitors):
    for folder in ("", "mine/", "mine/deep/", "other/"):
        assert visitors.send("owner", "MKCOL", f"/parts1/{folder}").status == 201
    for path, body in (("mine/deep/f", b"seen"), ("other/g", b"hidden"), ("h", b"hidden")):
        assert visitors.send("owner", "PUT", f"/parts1/{path}", body).status == 201
    visitors.house.commit("parts1")
    visitors.grant("parts1", "nobody", Right.READ, ("mine", "deep"))
    whole = visitors.send("owner", "GET", "/_/zip/parts1/")
    part = visitors.send("nobody", "GET", "/_/zip/parts1/")
    assert names_in(part) == ["parts1/", "parts1/mine/", "parts1/mine/deep/", "parts1/mine/deep/f"]
    assert len(names_in(whole)) == 7
    assert part.headers["ETag"] != whole.headers["ETag"]
    for hidden, absent in (("other/", "otter/"), ("?name=h", "?name=i"), ("?name=other", "?name=otter")):
        seen = [visitors.send("nobody", "GET", f"/_/zip/parts1/{path}") for path in (hidden, absent)]
        assert seen[0].status == seen[1].status == 404
        assert seen[0].body.replace(b"other", b"otter").replace(b"'h'", b"'i'") == seen[1].body
    visitors.send("owner", "PUT", "/parts1/other/g", b"changed, which does not show")
    assert visitors.send("nobody", "GET", "/_/zip/parts1/").headers["ETag"] == part.headers["ETag"]


def names_in(answer) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(answer.body)).namelist()
