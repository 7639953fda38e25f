"""Who may do what: every verb, by every role, under every name a collection has.

What somebody may not see answers exactly as what does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from types import MappingProxyType
from typing import NamedTuple

import pytest

from davserver.access import managing
from davserver.access.passwords import Passwords
from davserver.access.sharing import Wish, make_link
from davserver.catalog.model import Grant, Right
from davserver.collection.attributes import EMPTY
from davserver.collection.change import Mkdir, Put
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.config import Settings
from davserver.dav.verbs import VERBS
from tests.support.site import running_site
from tests.support.visitors import STRANGER, Visitors, visiting

LOCKINFO = (
    b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype>'
    b"<owner>me</owner></lockinfo>"
)
UPDATE = b'<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>'
PARTIAL = {"X-Update-Range": "append", "Content-Type": "application/x-sabredav-partialupdate"}
ROLES = {
    STRANGER: Right.NONE,
    "nobody": Right.NONE,
    "reader": Right.READ,
    "writer": Right.WRITE,
    "manager": Right.MANAGE,
    "manager-reading": Right.READ,
}


class Deed(NamedTuple):
    """A request below a collection: what it takes."""

    need: Right
    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = MappingProxyType({})


READS = [
    Deed(Right.READ, "GET", "/f"),
    Deed(Right.READ, "HEAD", "/f"),
    Deed(Right.READ, "GET", "/"),
    Deed(Right.READ, "GET", "/d/"),
    Deed(Right.READ, "PROPFIND", "/f", None, {"Depth": "0"}),
    Deed(Right.READ, "PROPFIND", "/", None, {"Depth": "1"}),
    Deed(Right.READ, "PROPFIND", "/", None, {"Depth": "infinity"}),
]
CHANGES = [
    Deed(Right.WRITE, "PUT", "/f", b"new"),
    Deed(Right.WRITE, "PUT", "/new", b"new"),
    Deed(Right.WRITE, "PUT", "/large", b"x" * 70_000),
    Deed(Right.WRITE, "PATCH", "/f", b"more", PARTIAL),
    Deed(Right.WRITE, "DELETE", "/f"),
    Deed(Right.WRITE, "DELETE", "/d/"),
    Deed(Right.WRITE, "MKCOL", "/new/"),
    Deed(Right.WRITE, "PROPPATCH", "/f", UPDATE),
    Deed(Right.WRITE, "PROPPATCH", "/", UPDATE),
    Deed(Right.WRITE, "LOCK", "/f", LOCKINFO, {"Depth": "0"}),
    Deed(Right.WRITE, "LOCK", "/unmapped", LOCKINFO, {"Depth": "0"}),
    Deed(Right.WRITE, "LOCK", "/", LOCKINFO),
    Deed(Right.WRITE, "MOVE", "/f", None, {"Destination": "/shared/$"}),
    Deed(Right.WRITE, "MOVE", "/d/", None, {"Destination": "/$-moved"}),
    Deed(Right.WRITE, "COPY", "/f", None, {"Destination": "$/copied"}),
    Deed(Right.READ, "COPY", "/f", None, {"Destination": "/shared/$"}),
    Deed(Right.READ, "COPY", "/", None, {"Destination": "/shared/$"}),
    Deed(Right.READ, "COPY", "/", None, {"Destination": "/$-copy"}),
    Deed(Right.MANAGE, "DELETE", "/"),
    Deed(Right.MANAGE, "MOVE", "/", None, {"Destination": "/$-renamed"}),
    Deed(Right.MANAGE, "MOVE", "/", None, {"Destination": "/shared/$"}),
]
ABSENT = "c-abs"
_numbers = count()


@pytest.fixture(scope="module")
def visitors(stage, tmp_path_factory):
    with running_site(*stage, tmp_path_factory.mktemp("rights") / "data") as site, visiting(site, stage[0]) as visitors:
        for name in ("nobody", "reader", "writer", "manager"):
            visitors.account(name)
        visitors.token("manager-reading", "manager", may_write=False)
        assert visitors.send("manager", "MKCOL", "/shared/").status == 201
        for name in ("nobody", "reader", "writer"):
            visitors.grant("shared", name, Right.WRITE)
        yield visitors


def make(visitors: Visitors) -> tuple[str, str]:
    """Make a collection with a file and a folder that each role has its right on; returns its name and uuid."""
    name = f"c{next(_numbers):04}"

    def fill(edit):
        info = edit.create_collection(name)
        edit.apply(info.id, Put(("f",), FileNode([MemExtent(name.encode())], EMPTY).freeze()))
        edit.apply(info.id, Mkdir(("d",), EMPTY))
        for role in ("reader", "writer", "manager"):
            edit.access().set_grant(Grant(info.id, role, ROLES[role]))
        return info

    return name, visitors.house.edit(fill).uuid


def do(visitors: Visitors, who: str, deed: Deed, base: str, name: str):
    headers = dict(deed.headers)
    if "Destination" in headers:
        # A leading $ is the collection itself, any other one its name.
        wanted = headers["Destination"]
        headers["Destination"] = base + wanted[1:] if wanted[0] == "$" else wanted.replace("$", f"{name}-{who}")
    return visitors.send(who, deed.method, base + deed.path, deed.body, headers)


def told(answer, base: str):
    """What an answer tells, but for the name that was asked about; a name and its stand-in are of one length."""
    name = base.split("/")[1 if base.count("/") == 1 else 2]
    headers = [item for item in answer.headers.items() if item[0] not in {"Date", "X-Request-Id"}]
    return answer.status, str(headers).replace(name, "*"), answer.body.replace(name.encode(), b"*")


def title(deed: Deed) -> str:
    return f"{deed.method} {deed.path} {deed.headers.get('Destination', deed.headers.get('Depth', ''))}".strip()


@pytest.mark.parametrize("deed", READS, ids=title)
def test_reading_under_every_name_takes_the_right_to_read(visitors, deed):
    name, uuid = make(visitors)
    version = visitors.house.commit(name)
    listed = visitors.send("reader", "PROPFIND", f"/history/{name}/", None, {"Depth": "1"})
    (history,) = {
        href.text.rstrip("/") for href in listed.xml.iter("{DAV:}href") if href.text.rstrip("/").count("/") == 3
    }
    names = {f"/{name}": f"/{ABSENT}", f"/by_id/{uuid}": "/by_id/" + uuid[:-3] + "zzz"}
    names[f"/by_id/{version.pdh}"] = f"/by_id/{'0' * 32}+{version.pdh.size}"
    names[history] = f"/history/{ABSENT}/" + history.rpartition("/")[2]
    for base, absent in names.items():
        for who, right in ROLES.items():
            answer = do(visitors, who, deed, base, name)
            if right >= deed.need:
                assert answer.status in {200, 207}, (base, who)
            else:
                assert answer.status == (404 if who else 401), (base, who)
                assert told(answer, base) == told(do(visitors, who, deed, absent, name), absent), (base, who)


@pytest.mark.parametrize("deed", CHANGES, ids=title)
@pytest.mark.parametrize("by_uuid", [False, True], ids=["by name", "by uuid"])
def test_a_change_takes_its_right(visitors, deed, by_uuid):
    for who, right in ROLES.items():
        name, uuid = make(visitors)
        base = f"/by_id/{uuid}" if by_uuid else f"/{name}"
        before = visitors.house.view_uuid(uuid)
        answer = do(visitors, who, deed, base, name)
        if right >= deed.need and who != "manager-reading":
            assert answer.status in {200, 201, 204, 207}, (who, answer)
            continue
        now = visitors.house.view_uuid(uuid)
        assert (now.info, now.root) == (before.info, before.root), who
        if who == STRANGER:
            assert answer.status == 401
            assert answer.headers.get_all("WWW-Authenticate")[0].startswith("Basic ")
        elif right is not Right.NONE or who == "manager-reading":
            assert answer.status == 403, who
        else:
            absent = f"/by_id/{uuid[:-3]}zzz" if by_uuid else f"/{ABSENT}"
            assert answer.status in {403, 404, 409}, answer
            assert told(answer, base) == told(do(visitors, who, deed, absent, name), absent)


@pytest.mark.parametrize("method", sorted(VERBS))
@pytest.mark.parametrize("who", [STRANGER, "nobody"])
def test_no_verb_tells_what_is_hidden_from_what_is_not_there(visitors, method, who):
    name, _ = make(visitors)
    headers = {"Depth": "0", "Destination": "/shared/there", "Lock-Token": "<urn:x>", "If": "(<urn:x>)"}
    for hidden, absent in [
        (f"/{name}/f", f"/{ABSENT}/f"),
        (f"/{name}/d/", f"/{ABSENT}/d/"),
        (f"/{name}/", f"/{ABSENT}/"),
    ]:
        if method == "MKCOL" and hidden == f"/{name}/" and who:
            continue  # names are shared by all: of a new collection they have to say that they are taken
        one = visitors.send(who, method, hidden, None, headers)
        other = visitors.send(who, method, absent, None, headers)
        assert told(one, f"/{name}") == told(other, f"/{ABSENT}"), hidden


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_a_destination_that_is_hidden_is_one_that_is_not_there(visitors, method):
    name, uuid = make(visitors)
    seen = []
    for there in (name, ABSENT):
        visitors.send("nobody", "PUT", "/shared/source", b"x")
        answer = visitors.send("nobody", method, "/shared/source", None, {"Destination": f"/{there}/f"})
        assert answer.status == 409
        seen.append(told(answer, f"/{there}"))
    assert seen[0] == seen[1]
    assert visitors.send("reader", "COPY", "/shared/source", None, {"Destination": f"/by_id/{uuid}/f"}).status == 403


def test_a_tag_of_an_if_header_tells_nothing(visitors):
    name, _ = make(visitors)
    etag = visitors.send("reader", "GET", f"/{name}/f").headers["ETag"]
    for path in (f"/{name}/f", "/absent/f"):
        headers = {"If": f"<{path}> ([{etag}])"}
        assert visitors.send("nobody", "PUT", "/shared/tagged", b"x", headers).status == 412


def test_lists_show_what_one_may_see(visitors):
    name, _ = make(visitors)

    def hrefs(who, path):
        answer = visitors.send(who, "PROPFIND", path, None, {"Depth": "1"})
        return {href.text for href in answer.xml.iter("{DAV:}href")}

    for path in ("/", "/history/"):
        assert f"{path}{name}/" in hrefs("reader", path)
        assert hrefs("nobody", path) == {path, f"{path}shared/"}
        assert visitors.send(STRANGER, "PROPFIND", path, None, {"Depth": "0"}).status == 401
        assert visitors.send(STRANGER, "GET", path).status == 401
    assert name.encode() not in visitors.send("nobody", "GET", "/").body


def test_strangers_read_what_everybody_may_and_no_more(visitors):
    name, uuid = make(visitors)
    hidden, _ = make(visitors)
    visitors.grant(name, "anonymous", Right.READ)
    assert visitors.send(STRANGER, "GET", f"/{name}/f").body == name.encode()
    assert visitors.send(STRANGER, "GET", f"/by_id/{uuid}/f").status == 200
    assert visitors.send(STRANGER, "GET", f"/{name}/missing").status == 404
    assert visitors.send("nobody", "GET", f"/{name}/f").status == 200
    assert visitors.send(STRANGER, "PUT", f"/{name}/f", b"x").status == 401
    assert visitors.send(STRANGER, "GET", f"/{hidden}/f").status == 401
    listed = visitors.send(STRANGER, "PROPFIND", "/", None, {"Depth": "1"})
    assert {href.text for href in listed.xml.iter("{DAV:}href")} == {"/", f"/{name}/"}
    visitors.grant(name, "anonymous", Right.NONE)
    assert visitors.send(STRANGER, "GET", f"/{name}/f").status == 401


def test_who_makes_a_collection_manages_it_and_its_name_is_taken(visitors):
    assert visitors.send("nobody", "MKCOL", "/made/").status == 201
    assert visitors.send("nobody", "PUT", "/made/f", b"x").status == 201
    assert visitors.send("reader", "GET", "/made/f").status == 404
    assert visitors.send("reader", "MKCOL", "/made/").status == 403
    assert visitors.send("reader", "COPY", "/shared/", None, {"Destination": "/made"}).status == 403
    assert visitors.send("nobody", "DELETE", "/made/").status == 204
    assert visitors.send(STRANGER, "MKCOL", "/mine/").status == 401
    assert visitors.send("manager-reading", "MKCOL", "/mine/").status == 403


def test_replacing_a_collection_takes_the_right_to_manage_it(visitors):
    name, _ = make(visitors)
    headers = {"Destination": f"/{name}", "Overwrite": "T"}
    assert visitors.send("writer", "COPY", "/shared/", None, headers).status == 403
    assert visitors.send("manager", "COPY", "/shared/", None, headers).status == 204


def test_a_lock_is_of_who_made_it(visitors):
    name, _ = make(visitors)
    locked = visitors.send("writer", "LOCK", f"/{name}/f", LOCKINFO)
    token = locked.headers["Lock-Token"]
    assert visitors.send("manager", "PUT", f"/{name}/f", b"x", {"If": f"({token})"}).status in {412, 423}
    assert visitors.send("manager", "UNLOCK", f"/{name}/f", None, {"Lock-Token": token}).status == 403
    assert visitors.send("writer", "PUT", f"/{name}/f", b"x", {"If": f"({token})"}).status == 204
    assert visitors.send("writer", "UNLOCK", f"/{name}/f", None, {"Lock-Token": token}).status == 204


def test_the_api_goes_by_the_same_rights(visitors):
    name, _ = make(visitors)
    commit = f"/_/api/collections/{name}/commit"
    answers = {who: visitors.send(who, "POST", commit) for who in ROLES}
    wanted = {"": 401, "nobody": 404, "reader": 403, "writer": 200, "manager": 200, "manager-reading": 403}
    assert {who: answer.status for who, answer in answers.items()} == wanted
    assert answers[STRANGER].headers.get_all("WWW-Authenticate")
    assert visitors.send(STRANGER, "GET", "/_/metrics").status == 401
    assert visitors.send("nobody", "GET", "/_/metrics").status == 403
    assert visitors.send(STRANGER, "GET", "/_/health/live").status == 200
    assert visitors.send(STRANGER, "GET", "/_/health/ready").status == 200


def test_metrics_tell_of_everybody_and_are_for_whom_the_operator_names(stage, tmp_path):
    """How many collections there are, and what is done with them, is told to nobody else who has an account."""
    settings = Settings(access_metrics=("prometheus", "@operators"))
    with running_site(*stage, tmp_path / "data") as site, visiting(site, stage[0], settings) as visitors:
        for who in ("prometheus", "ann", "ben"):
            visitors.account(who)
        managing.add_group(site.house, "operators")
        managing.join(site.house, "operators", "ben")
        visitors.token("reading", "prometheus", may_write=False)
        assert visitors.send("ann", "MKCOL", "/hidden/").status == 201
        statuses = {who: visitors.send(who, "GET", "/_/metrics").status for who in ["", *visitors.tokens]}
        assert statuses == {"": 401, "prometheus": 200, "ann": 403, "ben": 200, "reading": 200}
        assert b"davserver_collections 1.0" in visitors.send("reading", "GET", "/_/metrics").body
        managing.leave(site.house, "operators", "ben")
        assert visitors.send("ben", "GET", "/_/metrics").status == 403


@pytest.mark.parametrize("path", ["/", "/absent/", "/by_id/", "/history/", "*"])
def test_options_needs_no_credentials(visitors, path):
    answer = visitors.send(STRANGER, "OPTIONS", path)
    assert answer.status == 200
    assert "2" in answer.headers["DAV"]
    assert "PROPFIND" in answer.headers["Allow"]


def test_a_grant_counts_from_the_next_request(visitors):
    name, _ = make(visitors)
    for right, read, write in [
        (Right.READ, 200, 403),
        (Right.WRITE, 200, 204),
        (Right.NONE, 404, 409),
        (Right.MANAGE, 200, 204),
    ]:
        visitors.grant(name, "nobody", right)
        assert visitors.send("nobody", "GET", f"/{name}/f").status == read
        assert visitors.send("nobody", "PUT", f"/{name}/f", b"x").status == write


def test_an_upload_in_parts_is_of_who_began_it_and_needs_the_right_at_its_end(visitors):
    name, _ = make(visitors)
    begun = visitors.send("writer", "PUT", f"/{name}/parts", b"one", {"Upload-Complete": "?0"})
    assert begun.status == 201
    where = begun.headers["Location"]
    assert [visitors.send(who, "HEAD", where).status for who in (STRANGER, "manager", "manager-reading")] == [
        401,
        404,
        403,
    ]
    visitors.grant(name, "writer", Right.READ)
    last = {"Upload-Complete": "?1", "Upload-Offset": "3", "Content-Type": "application/partial-upload"}
    assert visitors.send("writer", "PATCH", where, b"two", last).status == 403
    assert visitors.send("reader", "GET", f"/{name}/parts").status == 404
    for who, status in ((STRANGER, 401), ("reader", 403), ("nobody", 409)):
        assert visitors.send(who, "PUT", f"/{name}/parts", b"one", {"Upload-Complete": "?0"}).status == status


SYNC = '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop/></sync-collection>'
BASICSEARCH = """<searchrequest xmlns="DAV:"><basicsearch><select><prop><getetag/></prop></select>
<from><scope><href>$/</href><depth>infinity</depth></scope></from></basicsearch></searchrequest>"""


@pytest.mark.parametrize(("method", "body"), [("REPORT", SYNC), ("SEARCH", BASICSEARCH)])
def test_what_looks_through_a_collection_takes_the_right_to_read(visitors, method, body):
    name, _ = make(visitors)
    for who, right in ROLES.items():
        answer = visitors.send(who, method, f"/{name}/", body.replace("$", f"/{name}").encode())
        assert answer.status == (207 if right >= Right.READ else 404 if who else 401), (who, answer)
    elsewhere = visitors.send("nobody", method, "/shared/", body.replace("$", f"/{name}").encode())
    assert name.encode() + b"/f" not in elsewhere.body


LINKED = [
    Deed(Right.READ, "GET", "/f"),
    Deed(Right.READ, "PROPFIND", "/", None, {"Depth": "1"}),
    *(deed for deed in CHANGES if deed.method != "COPY"),
]


@pytest.mark.parametrize("deed", LINKED, ids=title)
def test_a_link_gives_one_right_to_everybody(visitors, deed):
    name, uuid = make(visitors)
    info = visitors.house.info(name)
    wish = Wish(collection=name, made_by="manager")
    _, url = make_link(visitors.house, Passwords(), wish)
    before = visitors.house.view_uuid(uuid)
    for who in ROLES:
        answer = do(visitors, who, deed, url.rstrip("/"), name)
        assert answer.status in ({200, 207} if deed.need is Right.READ else {405}), (who, answer)
    now = visitors.house.view_uuid(uuid)
    assert (now.info, now.root) == (before.info, before.root)
    visitors.house.edit(lambda edit: edit.access().set_grant(Grant(info.id, "manager", Right.WRITE)))
    assert {do(visitors, who, deed, url.rstrip("/"), name).status for who in ROLES} == {404}


def test_making_listing_and_ending_links_takes_the_right_to_manage(visitors):
    for who, right in ROLES.items():
        name, _ = make(visitors)
        link, _ = make_link(visitors.house, Passwords(), Wish(collection=name))
        body = f'{{"collection": "{name}"}}'.encode()
        made = visitors.send(who, "POST", "/_/api/links", body, {"Content-Type": "application/json"})
        listed = visitors.send(who, "GET", f"/_/api/links?collection={name}")
        ended = visitors.send(who, "DELETE", f"/_/api/links/{link.id}")
        statuses = (made.status, listed.status, ended.status)
        if right is Right.MANAGE:
            assert statuses == (201, 200, 204)
        elif right is Right.NONE:
            assert statuses == ((404,) * 3 if who else (401,) * 3)
        else:
            assert statuses == (403, 403, 404)
