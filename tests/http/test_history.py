"""History over HTTP: the JSON API, and COPY out of ``/history/``."""

from __future__ import annotations

import json
import re

import pytest

from davserver.upkeep.fsck import fsck

BASE = "/_/api/collections/c/"


def ask(api, where, status=200, method="GET", **members):
    body = json.dumps(members).encode() if method != "GET" else b""
    headers = {"Content_Type": "application/json"} if method != "GET" else {}
    answer = api.expect(status, method, where if where.startswith("/") else BASE + where, body, **headers)
    return json.loads(answer.body)


def commit(api, **members):
    return ask(api, "commit", method="POST", **members)["version"]


@pytest.fixture
def three(api):
    """Version 1: a folder and a text; 2: the text changed; 3: the folder gone."""
    api.expect(201, "MKCOL", "/c/docs/")
    api.expect(201, "PUT", "/c/docs/a", b"a")
    api.expect(201, "PUT", "/c/text", b"one\ntwo\n")
    assert commit(api, label="begin", message="the first") == 1
    api.expect(204, "PUT", "/c/text", b"one\n2\n")
    assert commit(api) == 2
    api.expect(204, "DELETE", "/c/docs/")
    assert commit(api) == 3
    return api


def lock(api, path):
    body = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
    return api.expect(200, "LOCK", path, body).headers["Lock-Token"].strip("<>")


def version_folders(api):
    return sorted(path for path in api.propfind("/history/c/", "1") if path != "/history/c/")


def test_versions_are_listed_with_what_is_said_of_them(three):
    found = ask(three, "versions?limit=2")
    assert [one["version"] for one in found["versions"]] == [3, 2]
    rest = ask(three, f"versions?limit=2&before={found['before']}")
    assert rest["before"] is None
    assert [(one["version"], one["label"], one["message"]) for one in rest["versions"]] == [(1, "begin", "the first")]


def test_a_version_is_labelled(three):
    changed = ask(three, "versions/2", method="PATCH", label="second", message="m", kept=True)
    assert (changed["label"], changed["message"], changed["kept"]) == ("second", "m", True)
    assert ask(three, "versions/second", method="PATCH", message="")["message"] is None
    assert "second" in ask(three, "versions/3", 409, "PATCH", label="second")["error"]
    ask(three, "versions/9", 404, "PATCH", label="x")
    ask(three, "versions/2", 400, "PATCH", label="12")
    ask(three, "versions/2", 400, "PATCH", lable="x")
    ask(three, "versions/2", 400, "PATCH", label="x" * 101)
    ask(three, "versions/2", 400, "PATCH", message="x" * 10_001)
    ask(three, "versions/2", 400, "PATCH", message="x" * 70_000)


def test_what_differs(three):
    told = ask(three, "diff?from=begin&to=3")["changes"]
    assert [(one["status"], one["path"], one["kind"]) for one in told] == [
        ("removed", "docs", "folder"),
        ("removed", "docs/a", "file"),
        ("changed", "text", "file"),
    ]
    assert (told[2]["old_bytes"], told[2]["new_bytes"]) == (8, 6)
    folded = ask(three, "diff?from=1&to=live&fold=true")["changes"]
    assert [one["path"] for one in folded] == ["docs", "text"]
    assert ask(three, "diff?from=1&to=1") == {"changes": [], "after": None}


def test_pages_of_what_differs_join(three):
    whole = ask(three, "diff?from=1&to=3")["changes"]
    pages, after = [], ""
    while after is not None:
        page = ask(three, f"diff?from=1&to=3&limit=1&after={after}")
        pages += page["changes"]
        after = page["after"]
    assert pages == whole


def test_how_a_text_differs(three):
    told = ask(three, "diff/text?from=1&to=2&path=text")
    assert told["diff"].splitlines()[3:] == [" one", "-two", "+2"]
    assert ask(three, "diff/text?from=1&to=live&path=docs/a")["diff"].splitlines()[3:4] == ["-a"]
    three.expect(201, "PUT", "/c/binary", b"\0\1")
    assert ask(three, "diff/text?from=1&to=live&path=binary")["reason"] == "no text"
    ask(three, "diff/text?from=1&to=2&path=docs", 405)
    ask(three, "diff/text?from=1&to=2&path=nothere", 404)


def test_the_versions_of_a_file(three):
    found = ask(three, "history?path=text")["versions"]
    assert [(one["version"], one["path_bytes"]) for one in found] == [(2, 6), (1, 8)]
    found = ask(three, "history?path=docs/a")["versions"]
    assert [(one["version"], one["kind"]) for one in found] == [(3, None), (1, "file")]


def test_what_was_deleted(three):
    three.expect(201, "MOVE", "/c/text", Destination="/c/moved")
    found = ask(three, "deleted")["deleted"]
    assert [(one["path"], one["version"], one["kind"]) for one in found] == [("docs", 2, "folder")]


def test_restoring(three):
    assert ask(three, "restore", method="POST", version=1, path="docs/a") == {"path": "docs/a", "changed": True}
    assert three.expect(200, "GET", "/c/docs/a").body == b"a"
    assert ask(three, "restore", method="POST", version="begin", path="text", to="old/text")["changed"]
    assert three.expect(200, "GET", "/c/old/text").body == b"one\ntwo\n"
    assert not ask(three, "restore", method="POST", version=1, path="docs/a")["changed"]
    ask(three, "restore", 404, "POST", version=9)
    ask(three, "restore", 404, "POST", version=1, path="nothere")
    ask(three, "restore", 400, "POST", version=None)


def test_a_restore_needs_the_lock(three):
    token = lock(three, "/c/text")
    assert "text" in ask(three, "restore", 423, "POST", version=1)["error"]
    assert three.expect(200, "GET", "/c/text").body == b"one\n2\n"
    ask(three, "restore", method="POST", version=1, lock_tokens=[token])
    assert three.expect(200, "GET", "/c/text").body == b"one\ntwo\n"


def test_sizes(three):
    found = ask(three, "stats")
    assert (found["files"], found["bytes"], found["versions"]) == (1, 6, 3)
    assert [one["version"] for one in found["growth"]] == [1, 2, 3]
    assert found["complete"] is True
    assert found["history_bytes"] >= found["stored_bytes"] == 6
    three.expect(201, "PUT", "/c/more", b"12345")
    again = ask(three, "stats")
    assert (again["files"], again["bytes"], again["pending"]) == (2, 11, 1)
    every = ask(three, "/_/api/stats")
    assert [(one["name"], one["versions"]) for one in every["collections"]] == [("c", 3)]


def test_rules_for_which_versions_stay(three):
    nothing = {"last": 0, "daily": 0, "weekly": 0, "monthly": 0}
    assert ask(three, "retention") == {"keep": nothing, "from": "configuration", "going": []}
    rules = nothing | {"last": 1}
    assert ask(three, "retention", 200, "PUT", keep={"last": 1}) == {"keep": rules, "from": "collection", "going": [2]}
    assert ask(three, "retention")["going"] == [2]
    assert ask(three, "retention", 200, "PUT", keep=None)["from"] == "configuration"
    for wrong in ({"last": -1}, {"first": 1}, {"last": "1"}, [], 7):
        ask(three, "retention", 400, "PUT", keep=wrong)
    ask(three, "retention", 400, "PUT")


def test_the_trash(three):
    three.expect(204, "DELETE", "/c/")
    (row,) = ask(three, "/_/api/trash")["collections"]
    assert (row["name"], row["bytes"]) == ("c", 6)
    assert row["purged_after"] > row["trashed"]
    three.expect(201, "MKCOL", "/c/")
    ask(three, f"/_/api/trash/{row['uuid']}/restore", 409, "POST")
    assert ask(three, f"/_/api/trash/{row['uuid']}/restore", 200, "POST", name="back")["name"] == "back"
    assert three.expect(200, "GET", "/back/text").body == b"one\n2\n"
    three.expect(204, "DELETE", "/back/")
    assert json.loads(three.expect(200, "DELETE", f"/_/api/trash/{row['uuid']}").body) == {"purged": row["uuid"]}
    assert ask(three, "/_/api/trash") == {"collections": []}
    three.expect(404, "DELETE", f"/_/api/trash/{row['uuid']}")


def test_a_number_that_no_database_holds_is_no_version(three):
    number = "9" * 19
    three.expect(404, "GET", f"/history/c/2026-11-22T215900Z-{number}/")
    ask(three, f"diff?from={number}&to=1", 404)
    ask(three, f"versions/{number}", 404, "PATCH", label="x")
    ask(three, "restore", 404, "POST", version=10**40)
    ask(three, f"versions/{'9' * 5000}", 404, "PATCH", label="x")


def test_what_cannot_be_a_name_is_no_place_to_restore_to(three):
    for name in ("a\x07b", "\ud800", "..", "x" * 2000):
        ask(three, "restore", 414 if len(name) > 9 else 400, "POST", version=1, path="text", to=f"new/{name}")
    assert set(three.propfind("/c/", "infinity")) == {"/c/", "/c/text"}


def test_bad_questions_are_told_apart(three):
    ask(three, "diff?from=1&form=2", 400)
    ask(three, "diff?to=1", 400)
    ask(three, "diff?from=1&from=2", 400)
    ask(three, "versions?limit=0", 400)
    ask(three, "diff?from=zz&to=1", 404)
    ask(three, "diff?from=1&path=..", 400)
    three.expect(400, "POST", BASE + "restore", b"version=1", Content_Type="application/x-www-form-urlencoded")
    three.expect(400, "POST", BASE + "restore", b"[]", Content_Type="application/json")
    three.expect(405, "PUT", BASE + "restore", b"")


class TestCopyOutOfHistory:
    def test_over_the_collection_it_is_of(self, three, site):
        before = site.house.view("c")
        three.expect(201, "PUT", "/c/late", b"in no version yet")
        three.expect(204, "COPY", version_folders(three)[0], Destination="/c/")
        now = site.house.view("c")
        assert now.info.uuid == before.info.uuid
        assert site.house.trashed() == []
        assert set(three.propfind("/c/", "infinity")) == {"/c/", "/c/docs/", "/c/docs/a", "/c/text"}
        assert len(site.house.versions("c")) == 4
        kept = site.house.view_version("c", 4)
        assert kept.root.get("late") is not None
        assert now.root.record == site.house.view_version("c", 1).root.record
        assert fsck(site.house).findings == []

    def test_not_where_overwriting_is_refused(self, three, site):
        three.expect(412, "COPY", version_folders(three)[0], Destination="/c/", Overwrite="F")
        assert len(site.house.versions("c")) == 3
        assert three.expect(200, "GET", "/c/text").body == b"one\n2\n"

    def test_the_root_alone(self, three):
        three.expect(204, "COPY", version_folders(three)[0], Destination="/c/", Depth="0")
        assert set(three.propfind("/c/", "infinity")) == {"/c/"}

    def test_a_folder_and_a_file(self, three):
        first = version_folders(three)[0]
        three.expect(201, "COPY", first + "docs/", Destination="/c/docs/")
        assert three.expect(200, "GET", "/c/docs/a").body == b"a"
        three.expect(204, "COPY", first + "text", Destination="/c/text")
        assert three.expect(200, "GET", "/c/text").body == b"one\ntwo\n"

    def test_a_lock_is_held(self, three):
        token = lock(three, "/c/text")
        first = version_folders(three)[0]
        three.expect(423, "COPY", first, Destination="/c/")
        three.expect(204, "COPY", first, Destination="/c/", If=f"</c/text> (<{token}>)")
        assert three.expect(200, "GET", "/c/text").body == b"one\ntwo\n"

    def test_over_another_collection_that_one_goes_to_the_trash(self, three, site):
        three.expect(201, "MKCOL", "/other/")
        uuid = site.house.view("other").info.uuid
        three.expect(204, "COPY", version_folders(three)[0], Destination="/other/")
        assert [row.uuid for row in site.house.trashed()] == [uuid]


def test_a_version_folder_shows_its_number_label_and_message(three):
    names = "".join(f'<x:{name} xmlns:x="urn:davserver:"/>' for name in ("version", "label", "message"))
    body = f'<propfind xmlns="DAV:"><prop>{names}</prop></propfind>'.encode()
    answer = three.expect(207, "PROPFIND", "/history/c/", body, Depth="1").body.decode()
    shown = re.findall(r"<\w+:(version|label|message)[^>/]*>([^<]*)<", answer)
    assert shown == [("version", "1"), ("label", "begin"), ("message", "the first"), ("version", "2"), ("version", "3")]
    inside = three.expect(207, "PROPFIND", version_folders(three)[0] + "text", body, Depth="0").body.decode()
    assert "begin" not in inside
