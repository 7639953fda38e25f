"""Rights on a path: who sees a part of a collection learns nothing of the rest of it."""

from __future__ import annotations

import json
import re
from itertools import count

import pytest

from davserver.access import managing
from davserver.catalog.model import Right
from davserver.dav.verbs import VERBS
from tests.support.site import propfind_of, running_site
from tests.support.visitors import STRANGER, visiting

LOCKINFO = (
    b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype>'
    b"<owner>me</owner></lockinfo>"
)
UPDATE = b'<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>'
SYNC = (
    b'<sync-collection xmlns="DAV:"><sync-token>%s</sync-token><sync-level>infinite</sync-level>%s'
    b"<prop><getetag/></prop></sync-collection>"
)
SEARCH = (
    b'<searchrequest xmlns="DAV:"><basicsearch><select><prop><displayname/></prop></select>'
    b"<from><scope><href>%s</href><depth>infinity</depth></scope></from></basicsearch></searchrequest>"
)
ALL = propfind_of(
    *("creationdate", "getlastmodified", "getcontentlength", "getetag", "sync-token", "lockdiscovery"),
    *("quota-used-bytes", "quota-available-bytes", "current-user-privilege-set", "resourcetype"),
)
_numbers = count()


@pytest.fixture(scope="module")
def visitors(stage, tmp_path_factory):
    with running_site(*stage, tmp_path_factory.mktemp("parts") / "data") as site, visiting(site, stage[0]) as visitors:
        for name in ("owner", "guest", "helper"):
            visitors.account(name)
        visitors.token("helper-reading", "helper", may_write=False)
        yield visitors


@pytest.fixture
def name(visitors):
    """A collection in which ``guest`` may read ``a/open`` and ``helper`` may write there; all else is the owner's."""
    name = f"p{next(_numbers):03}"
    for path in ("", "/a", "/a/open", "/a/open/d", "/a/shut", "/b"):
        assert visitors.send("owner", "MKCOL", f"/{name}{path}/").status == 201
    for path in ("a/open/f", "a/open/d/g", "a/shut/f", "a/h", "top"):
        assert visitors.send("owner", "PUT", f"/{name}/{path}", path.encode()).status == 201
    visitors.grant(name, "guest", Right.READ, ("a", "open"))
    visitors.grant(name, "helper", Right.WRITE, ("a", "open"))
    return name


def hrefs(answer):
    assert answer.status == 207, answer
    return sorted(href.text for href in answer.xml.iter("{DAV:}href"))


def test_the_way_leads_to_the_part_and_to_nothing_else(visitors, name):
    for who in ("guest", "helper", "helper-reading"):
        below = hrefs(visitors.send(who, "PROPFIND", f"/{name}/", None, {"Depth": "infinity"}))
        ends = ("/", "/a/", "/a/open/", "/a/open/d/", "/a/open/d/g", "/a/open/f")
        assert below == sorted(f"/{name}{end}" for end in ends)
        assert f"/{name}/" in hrefs(visitors.send(who, "PROPFIND", "/", None, {"Depth": "1"}))
        assert hrefs(visitors.send(who, "SEARCH", f"/{name}/", SEARCH % f"/{name}/".encode())) == below
        assert visitors.send(who, "GET", f"/{name}/a/open/f").body == b"a/open/f"
        for hidden in ("a/h", "a/shut/f", "a/shut/", "b/", "top", "a/none", "none/"):
            for method in ("GET", "HEAD", "PROPFIND", "REPORT", "SEARCH"):
                assert visitors.send(who, method, f"/{name}/{hidden}", None, {"Depth": "0"}).status in {404, 400}
            assert visitors.send(who, "GET", f"/{name}/{hidden}").status == 404
        listed = visitors.send(who, "GET", f"/{name}/a/").body
        assert b"open" in listed
        assert b"shut" not in listed


def test_by_uuid_is_the_same_and_versions_take_the_right_to_all(visitors, name):
    uuid = visitors.house.info(name).uuid
    version = visitors.house.commit(name)
    assert visitors.send("guest", "GET", f"/by_id/{uuid}/a/open/f").status == 200
    assert visitors.send("guest", "GET", f"/by_id/{uuid}/a/h").status == 404
    assert visitors.send("guest", "GET", f"/by_id/{version.pdh}/a/open/f").status == 404
    assert f"/history/{name}/" not in hrefs(visitors.send("guest", "PROPFIND", "/history/", None, {"Depth": "1"}))
    assert f"/history/{name}/" in hrefs(visitors.send("owner", "PROPFIND", "/history/", None, {"Depth": "1"}))
    assert visitors.send("guest", "PROPFIND", f"/history/{name}/", None, {"Depth": "1"}).status == 404
    folder = hrefs(visitors.send("owner", "PROPFIND", f"/history/{name}/", None, {"Depth": "1"}))[-1]
    assert visitors.send("guest", "GET", f"{folder}a/open/f").status == 404
    assert visitors.send("helper", "POST", f"/_/api/collections/{name}/commit").status == 403


def shown(visitors, who, name):
    """All that somebody can find out of a collection: listings with all properties, and the answers to each verb."""
    answers = [visitors.send(who, "PROPFIND", f"/{name}/", ALL, {"Depth": "infinity"})]
    answers += [
        visitors.send(who, "PROPFIND", f"/{name}{end}", ALL, {"Depth": "0"}) for end in ("/", "/a/", "/b/", "/top")
    ]
    answers.append(visitors.send(who, "REPORT", f"/{name}/", SYNC % (b"", b"")))
    answers.append(visitors.send(who, "SEARCH", f"/{name}/", SEARCH % f"/{name}/".encode()))
    for end in ("/", "/a", "/a/shut/f", "/a/shut/", "/b", "/top", "/a/h", "/new", "/a/new"):
        if who == "guest":
            headers = {"Depth": "0", "Lock-Token": "<urn:x>", "Destination": f"/{name}/a/shut/x"}
            methods = sorted(VERBS)
        else:
            headers, methods = {"Depth": "0"}, ["GET", "HEAD", "OPTIONS", "PROPFIND"]
        answers += [visitors.send(who, method, f"/{name}{end}", None, headers) for method in methods]
    return [
        (each.status, sorted(i for i in each.headers.items() if i[0] not in {"Date", "X-Request-Id"}), each.body)
        for each in answers
    ]


def without_free_space(seen):
    return [(*one[:2], re.sub(rb"<D:quota-available-bytes>\d+<", b"", one[2])) for one in seen]


@pytest.mark.parametrize("who", ["guest", "helper"])
def test_what_happens_elsewhere_changes_nothing_that_is_shown(visitors, name, who):
    before = without_free_space(shown(visitors, who, name))
    for method, path, body in [
        ("PUT", "top", b"another one"),
        ("PUT", "a/shut/f", b"another one"),
        ("PUT", "a/new", b"x"),
        ("DELETE", "b", None),
        ("MKCOL", "new", None),
        ("DELETE", "a/h", None),
        ("PROPPATCH", "a", UPDATE),
        ("PROPPATCH", "", UPDATE),
        ("LOCK", "a/shut/f", LOCKINFO),
    ]:
        assert visitors.send("owner", method, f"/{name}/{path}", body).status in {200, 201, 204, 207}, (method, path)
    visitors.house.commit(name)
    visitors.house.edit(lambda edit: edit.set_quota(edit.view(name).info.id, 1 << 20))
    assert without_free_space(shown(visitors, who, name)) == before


def test_who_may_write_a_folder_changes_what_is_in_it_and_not_itself(visitors, name):
    base = f"/{name}/a/open"

    def status(method, path, body=None, **headers):
        return visitors.send("helper", method, path, body, headers).status

    assert status("PUT", f"{base}/new", b"x") == 201
    assert status("PUT", f"{base}/f", b"y") == 204
    assert status("MKCOL", f"{base}/e/") == 201
    assert status("COPY", f"{base}/f", Destination=f"{base}/e/f") == 201
    assert status("MOVE", f"{base}/e", Destination=f"{base}/e2") == 201
    assert status("PROPPATCH", f"{base}/", UPDATE) == 207
    assert status("DELETE", f"{base}/e2") == 204
    token = visitors.send("helper", "LOCK", f"{base}/f", LOCKINFO).headers["Lock-Token"]
    assert status("UNLOCK", f"{base}/f", **{"Lock-Token": token}) == 204
    for method, path, body, there in [
        ("DELETE", base, None, None),
        ("MOVE", base, None, f"/{name}/a/moved"),
        ("MOVE", base, None, f"{base}-moved"),
        ("MOVE", f"{base}/f", None, f"/{name}/a/f"),
        ("COPY", f"{base}/f", None, f"/{name}/a/f"),
        ("COPY", f"{base}/f", None, f"/{name}/a/shut/f"),
        ("PUT", f"/{name}/a/f", b"x", None),
        ("PUT", f"/{name}/a/h", b"x", None),
        ("PUT", f"/{name}/a/shut/f", b"x", None),
        ("MKCOL", f"/{name}/a/shut", None, None),
        ("MKCOL", f"/{name}/z", None, None),
        ("PROPPATCH", f"/{name}/a", UPDATE, None),
        ("LOCK", f"/{name}/a", LOCKINFO, None),
        ("DELETE", f"/{name}", None, None),
        ("MOVE", f"/{name}", None, f"/{name}-mine"),
    ]:
        before = visitors.house.view(name)
        refused = status(method, path, body, **({"Destination": there} if there else {}))
        assert refused in {403, 404, 409}, (method, path, there, refused)
        assert visitors.house.view(name).root is before.root
    for method in ("PUT", "DELETE"):
        assert visitors.send("helper-reading", method, f"{base}/f", b"x" if method == "PUT" else None).status == 403
        assert visitors.send("guest", method, f"{base}/f", b"x" if method == "PUT" else None).status == 403


def test_a_part_can_be_copied_away_and_the_way_to_it_cannot(visitors, name):
    there = f"/{name}-copy"
    assert visitors.send("guest", "COPY", f"/{name}/a/open", None, {"Destination": there}).status == 201
    assert visitors.send("guest", "GET", f"{there}/d/g").body == b"a/open/d/g"
    for hidden in (f"/{name}", f"/{name}/a", f"/{name}/a/shut", f"/{name}/b", f"/{name}/nothing"):
        answer = visitors.send("guest", "COPY", hidden, None, {"Destination": f"{there}-2"})
        assert answer.status == (403 if hidden in {f"/{name}", f"/{name}/a"} else 404)
    assert visitors.send("guest", "GET", f"{there}-2/").status == 404


def test_a_lock_above_or_within_the_part_holds_and_shows_and_one_beside_it_does_not(visitors, name):
    def locks():
        return visitors.send("helper", "PROPFIND", f"/{name}/a/open/f", ALL, {"Depth": "0"}).body.count(
            b"<D:activelock>"
        )

    beside = visitors.send("owner", "LOCK", f"/{name}/a/shut", LOCKINFO)
    assert (beside.status, locks()) == (200, 0)
    above = visitors.send("owner", "LOCK", f"/{name}/a/open", LOCKINFO)
    assert (above.status, locks()) == (200, 1)
    refused = visitors.send("helper", "PUT", f"/{name}/a/open/f", b"x")
    assert refused.status == 423
    assert b"shut" not in refused.body


def test_a_sync_of_parts_lists_them_all_and_takes_no_token(visitors, name):
    first = visitors.send("guest", "REPORT", f"/{name}/", SYNC % (b"", b""))
    assert f"/{name}/a/open/f" in hrefs(first)
    token = first.xml.findtext("{DAV:}sync-token").encode()
    again = visitors.send("guest", "REPORT", f"/{name}/", SYNC % (token, b""))
    assert (again.status, b"valid-sync-token" in again.body) == (403, True)
    real = visitors.send("owner", "REPORT", f"/{name}/", SYNC % (b"", b"")).xml.findtext("{DAV:}sync-token").encode()
    assert visitors.send("guest", "REPORT", f"/{name}/", SYNC % (real, b"")).body == again.body
    limited = visitors.send("guest", "REPORT", f"/{name}/", SYNC % (b"", b"<limit><nresults>2</nresults></limit>"))
    assert (limited.status, b"number-of-matches-within-limits" in limited.body) == (403, True)
    for tag in (real, token):  # as a state token it would be a way to guess the sequence
        headers = {"If": f"</{name}/> (<{tag.decode()}>)"}
        assert visitors.send("helper", "PUT", f"/{name}/a/open/f", b"x", headers).status == 412


def test_the_changes_api_holds_to_it(visitors, name):
    def change(*changes):
        body = json.dumps({"changes": changes}).encode()
        headers = {"Content-Type": "application/json"}
        return visitors.send("helper", "POST", f"/_/api/collections/{name}/changes", body, headers)

    assert change({"do": "put", "path": "a/open/n", "text": "x"}).status == 200
    assert (
        change({"do": "copy", "path": "a/open/n", "to": "a/open/m"}, {"do": "delete", "path": "a/open/n"}).status == 200
    )
    seen = set()
    for hidden in ("a/h", "a/no"):
        for item in (
            {"do": "put", "path": hidden, "text": "x"},
            {"do": "mkdir", "path": hidden},
            {"do": "delete", "path": hidden},
            {"do": "copy", "path": hidden, "to": "a/open/z"},
            {"do": "put", "path": hidden, "text": "x", "if_match": "*"},
            {"do": "put", "path": hidden, "text": "x", "if_none_match": "*"},
        ):
            answer = change(item)
            assert answer.status in {403, 404, 412}
            seen.add((json.dumps(item).replace(hidden, "*"), answer.status, answer.body.replace(hidden.encode(), b"*")))
    assert len(seen) == 6
    assert visitors.send("owner", "GET", f"/{name}/a/h").body == b"a/h"


def test_a_file_can_be_granted_and_replaced_by_whoever_may_write_it(visitors, name):
    visitors.grant(name, "guest", Right.WRITE, ("top",))
    assert visitors.send("guest", "PUT", f"/{name}/top", b"new").status == 204
    assert visitors.send("guest", "DELETE", f"/{name}/top").status == 403
    assert visitors.send("owner", "DELETE", f"/{name}/top").status == 204
    assert visitors.send("guest", "PUT", f"/{name}/top", b"new").status == 403


def test_strangers_read_a_granted_path_and_are_asked_for_a_name_elsewhere(visitors, name):
    visitors.grant(name, "anonymous", Right.READ, ("a", "open", "d"))
    assert visitors.send(STRANGER, "GET", f"/{name}/a/open/d/g").body == b"a/open/d/g"
    assert visitors.send(STRANGER, "GET", f"/{name}/a/open/d/none").status == 404
    for hidden in ("top", "none", "a/open/f", "a/shut/f"):
        answer = visitors.send(STRANGER, "GET", f"/{name}/{hidden}")
        assert (answer.status, answer.headers.get_all("WWW-Authenticate")[0][:5]) == (401, "Basic")
    assert hrefs(visitors.send(STRANGER, "PROPFIND", f"/{name}/a/", None, {"Depth": "1"})) == [
        f"/{name}/a/",
        f"/{name}/a/open/",
    ]
    assert visitors.send(STRANGER, "PUT", f"/{name}/a/open/d/g", b"x").status == 401
    assert visitors.send("guest", "GET", f"/{name}/a/open/d/g").status == 200


def test_a_grant_on_a_path_and_one_on_all_add_up(visitors, name):
    visitors.grant(name, "helper", Right.READ)
    assert visitors.send("helper", "GET", f"/{name}/top").status == 200
    assert visitors.send("helper", "PUT", f"/{name}/top", b"x").status == 403
    assert visitors.send("helper", "PUT", f"/{name}/a/open/f", b"x").status == 204
    assert visitors.send("helper", "PROPFIND", f"/history/{name}/", None, {"Depth": "0"}).status == 207
    visitors.grant(name, "helper", Right.NONE)
    assert visitors.send("helper", "GET", f"/{name}/a/open/f").status == 404


def test_an_end_of_the_right_is_felt_by_the_next_request(visitors, name):
    assert visitors.send("guest", "GET", f"/{name}/a/open/f").status == 200
    visitors.grant(name, "guest", Right.NONE, ("a", "open"))
    assert visitors.send("guest", "GET", f"/{name}/a/open/f").status == 404
    assert visitors.send("guest", "PROPFIND", f"/{name}/", None, {"Depth": "0"}).status == 404


def test_a_folder_spelt_another_way_is_the_one_that_was_granted(visitors, name):
    assert visitors.send("owner", "MKCOL", f"/{name}/caf%C3%A9/").status == 201
    visitors.grant(name, "guest", Right.WRITE, ("cafe\u0301",))
    assert visitors.send("guest", "PUT", f"/{name}/cafe%CC%81/f", b"x").status == 201
    assert visitors.send("guest", "GET", f"/{name}/caf%C3%A9/f").status == 200


def test_privileges_tell_where_one_may_write(visitors, name):
    answer = visitors.send("helper", "PROPFIND", f"/{name}/a/", ALL, {"Depth": "1"})
    by_href = {r.findtext("{DAV:}href"): r for r in answer.xml}
    assert by_href[f"/{name}/a/"].find(".//{DAV:}write") is None
    assert by_href[f"/{name}/a/open/"].find(".//{DAV:}write") is not None


def test_groups_bring_what_was_granted_to_them_until_one_leaves(visitors, name):
    group = f"team-{name}"
    managing.add_group(visitors.house, group)
    visitors.grant(name, "@" + group, Right.READ)
    assert visitors.send("guest", "GET", f"/{name}/top").status == 404
    managing.join(visitors.house, group, "guest")
    assert visitors.send("guest", "GET", f"/{name}/top").status == 200
    assert visitors.send("guest", "PUT", f"/{name}/top", b"x").status == 403
    managing.leave(visitors.house, group, "guest")
    assert visitors.send("guest", "GET", f"/{name}/top").status == 404
    managing.join(visitors.house, group, "guest")
    assert visitors.send("guest", "GET", f"/{name}/top").status == 200
    managing.remove_group(visitors.house, group)
    assert visitors.send("guest", "GET", f"/{name}/top").status == 404
    managing.add_group(visitors.house, group)
    managing.join(visitors.house, group, "guest")
    assert visitors.send("guest", "GET", f"/{name}/top").status == 404
