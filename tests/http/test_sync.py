"""The sync-collection report (RFC 6578): a client that follows it has what the server has."""

from __future__ import annotations

import pytest

from tests.support.site import DAV, running_site

PROP = "<D:prop><D:getetag/></D:prop>"
CUT = "507"


def body(token="", level="infinite", limit=None, prop=PROP):
    bound = "" if limit is None else f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>"
    return (
        f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token>'
        f"<D:sync-level>{level}</D:sync-level>{bound}{prop}</D:sync-collection>"
    ).encode()


def sync(dav, path="/c/", **asked):
    """Return the new token and, by href, the entity tag, "" for a folder, 404 for what is gone."""
    answer = dav.expect(207, "REPORT", path, body(**asked), Depth="0")
    told = {}
    for response in answer.xml.iter(DAV + "response"):
        status = response.findtext(DAV + "status")
        tag = response.findtext(f"{DAV}propstat/{DAV}prop/{DAV}getetag")
        told[response.findtext(DAV + "href")] = status.split()[1] if status else tag or ""
    return answer.xml.findtext(DAV + "sync-token"), told


def listing(dav, path="/c/"):
    found = dav.propfind(path, "infinity")
    return {
        href: found[href][DAV + "getetag"].text if DAV + "getetag" in found[href] else ""
        for href in found
        if href != path
    }


class Follower:
    """A client that keeps a copy of hrefs and entity tags."""

    def __init__(self, dav):
        self.dav = dav
        self.token = ""
        self.kept = {}

    def follow(self, limit=None):
        while True:
            self.token, told = sync(self.dav, token=self.token, limit=limit)
            cut = told.pop("/c/", None) == CUT
            for href, tag in told.items():
                if tag == "404":
                    gone = href.rstrip("/")
                    self.kept = {
                        k: v for k, v in self.kept.items() if k.rstrip("/") != gone and not k.startswith(gone + "/")
                    }
                else:
                    self.kept[href] = tag
            if not cut:
                return
            assert len(told) == limit


@pytest.fixture
def tree(dav):
    dav.expect(201, "MKCOL", "/c/a/")
    for name in ("a/1", "a/2", "b", "z"):
        dav.expect(201, "PUT", f"/c/{name}", name.encode())
    return dav


def test_the_first_report_tells_everything(tree):
    _, told = sync(tree)
    assert told == listing(tree)
    assert "/c/a/" in told


def test_a_report_tells_what_changed_since_a_token(tree):
    token, _ = sync(tree)
    tree.expect(204, "PUT", "/c/b", b"other")
    tree.expect(204, "DELETE", "/c/z")
    tree.expect(201, "PUT", "/c/a/3", b"new")
    _, told = sync(tree, token=token)
    assert set(told) == {"/c/b", "/c/z", "/c/a/3"}
    assert told["/c/z"] == "404"
    assert told["/c/b"] == listing(tree)["/c/b"]


def test_nothing_changed(tree):
    token, _ = sync(tree)
    assert sync(tree, token=token) == (token, {})


def test_of_a_deleted_folder_only_the_folder_is_told(tree):
    token, _ = sync(tree)
    tree.expect(204, "DELETE", "/c/a/")
    assert sync(tree, token=token)[1] == {"/c/a/": "404"}


def test_level_1_tells_of_the_direct_members_only(tree):
    token, told = sync(tree, level="1")
    assert set(told) == {"/c/a/", "/c/b", "/c/z"}
    tree.expect(204, "PUT", "/c/a/1", b"deeper")
    tree.expect(204, "PUT", "/c/b", b"here")
    assert set(sync(tree, token=token, level="1")[1]) == {"/c/b"}


def test_a_folder_can_be_asked_alone(tree):
    token, told = sync(tree, "/c/a/")
    assert set(told) == {"/c/a/1", "/c/a/2"}
    tree.expect(204, "PUT", "/c/a/1", b"new")
    tree.expect(204, "PUT", "/c/b", b"new")
    assert set(sync(tree, "/c/a/", token=token)[1]) == {"/c/a/1"}


def test_a_token_holds_after_a_commit(site, tree):
    follower = Follower(tree)
    site.house.commit("c")
    follower.follow()
    tree.expect(204, "PUT", "/c/b", b"seen before the commit")
    follower.follow()
    tree.expect(204, "PUT", "/c/z", b"not seen before the commit")
    tree.expect(204, "DELETE", "/c/a/1")
    site.house.commit("c")
    tree.expect(201, "PUT", "/c/n", b"after the commit")
    follower.follow()
    assert follower.kept == listing(tree)


def test_a_token_holds_after_a_restart_and_at_every_process(site, stage, tree):
    site.house.commit("c")
    tree.expect(204, "PUT", "/c/b", b"in the journal")
    token, _ = sync(tree)
    tree.expect(204, "PUT", "/c/z", b"changed")
    with running_site(*stage, site.data) as again:
        assert set(sync(again.client, token=token)[1]) == {"/c/z"}
        again.house.commit("c")
        assert set(sync(again.client, token=token)[1]) >= {"/c/z"}


def test_what_came_and_went_around_a_commit_does_not_stay_with_the_client(site, tree):
    follower = Follower(tree)
    site.house.commit("c")
    tree.expect(201, "PUT", "/c/short", b"lived")
    follower.follow()
    assert "/c/short" in follower.kept
    tree.expect(204, "DELETE", "/c/short")
    tree.expect(204, "PUT", "/c/b", b"so that there is something to commit")
    site.house.commit("c")
    follower.follow()
    assert follower.kept == listing(tree)


def test_a_folder_replaced_between_two_versions_makes_the_client_begin_anew(site, tree):
    site.house.commit("c")
    tree.expect(201, "PUT", "/c/x", b"x")
    token, _ = sync(tree)
    tree.expect(204, "DELETE", "/c/a/")
    tree.expect(201, "MKCOL", "/c/n/")
    tree.expect(201, "COPY", "/c/n/", Destination="/c/a/")
    site.house.commit("c")
    refused = tree.expect(403, "REPORT", "/c/", body(token))
    assert refused.xml.find(DAV + "valid-sync-token") is not None


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_an_answer_that_is_cut_goes_on(tree, limit):
    follower = Follower(tree)
    follower.follow(limit)
    assert follower.kept == listing(tree)
    tree.expect(204, "DELETE", "/c/a/2")
    tree.expect(204, "PUT", "/c/z", b"changed")
    follower.follow(limit)
    assert follower.kept == listing(tree)


def test_changes_between_two_parts_of_an_answer_are_told(tree):
    follower = Follower(tree)
    follower.token, told = sync(tree, limit=3)
    assert told.pop("/c/") == CUT
    follower.kept = told
    tree.expect(204, "DELETE", "/c/a/")
    tree.expect(201, "MKCOL", "/c/a/")
    tree.expect(201, "PUT", "/c/a/0", b"new")
    follower.follow(1)
    assert follower.kept == listing(tree)


def test_a_cut_answer_says_so(tree):
    answer = tree.expect(207, "REPORT", "/c/", body(limit=2))
    last = answer.xml.findall(DAV + "response")[-1]
    assert last.findtext(DAV + "href") == "/c/"
    assert " 507 " in last.findtext(DAV + "status")
    assert last.find(f"{DAV}error/{DAV}number-of-matches-within-limits") is not None


@pytest.mark.parametrize("token", ["nonsense", "davserver:x/1", "davserver:", "davserver:x/!!", "http://example.com/1"])
def test_a_token_of_nobody_is_refused(tree, token):
    assert tree.expect(403, "REPORT", "/c/", body(token)).xml.find(DAV + "valid-sync-token") is not None


def test_a_token_of_the_future_or_of_another_collection_is_refused(tree):
    token, _ = sync(tree)
    tree.expect(201, "MKCOL", "/d/")
    tree.expect(403, "REPORT", "/d/", body(token))
    tree.expect(403, "REPORT", "/c/", body(token + "0"))


def test_the_token_is_a_property(tree):
    asked = '<D:propfind xmlns:D="DAV:"><D:prop><D:sync-token/><D:supported-report-set/></D:prop></D:propfind>'
    found = tree.propfind("/c/", "1", asked)
    assert found["/c/"][DAV + "sync-token"].text == sync(tree)[0]
    assert found["/c/"][DAV + "supported-report-set"].find(f".//{DAV}sync-collection") is not None
    assert DAV + "sync-token" not in found["/c/b"]


@pytest.mark.parametrize(
    "bad",
    [b"<a/>", body(level="2"), body(prop=""), body(limit="0"), body(limit="x"), b"", b"<"],
)
def test_a_malformed_report_is_refused(tree, bad):
    assert tree.send("REPORT", "/c/", bad).status in {400, 403}


def test_a_sync_has_depth_0_and_is_for_folders_of_collections(tree):
    tree.expect(400, "REPORT", "/c/", body(), Depth="1")
    for path in ("/c/b", "/", "/history/c/"):
        assert tree.expect(403, "REPORT", path, body()).xml.find(DAV + "supported-report") is not None
    tree.expect(404, "REPORT", "/c/none/", body())
