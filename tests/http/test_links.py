"""Links: what is shared is reached by whoever has the link, and nothing else is, whatever they ask."""

from __future__ import annotations

import base64
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from davserver.access import managing
from davserver.catalog.model import Lock, Right
from davserver.collection import tree
from davserver.collection.filenode import FileNode
from davserver.dav.verbs import VERBS
from tests.support.site import Client, propfind_of, running_site
from tests.support.visitors import STRANGER, visiting

ALL = propfind_of(
    *("creationdate", "getlastmodified", "getetag", "sync-token", "lockdiscovery", "displayname"),
    *("quota-used-bytes", "current-user-privilege-set", "resourcetype"),
)
_numbers = count()


@pytest.fixture(scope="module")
def visitors(stage, tmp_path_factory):
    with running_site(*stage, tmp_path_factory.mktemp("links") / "data") as site, visiting(site, stage[0]) as visitors:
        visitors.account("owner")
        visitors.account("helper")
        visitors.token("owner-reading", "owner", may_write=False)
        yield visitors


@pytest.fixture
def name(visitors):
    """A collection in which ``shared`` may be shared; all else is secret."""
    name = f"secretname{next(_numbers):03}"
    for path in ("", "/a", "/a/shared", "/a/shared/sub", "/a/secretdir"):
        assert visitors.send("owner", "MKCOL", f"/{name}{path}/").status == 201
    for path in ("a/shared/f.txt", "a/shared/sub/g", "a/secretfile", "secrettop"):
        assert visitors.send("owner", "PUT", f"/{name}/{path}", path.encode()).status == 201
    return name


def share(visitors, name, path="a/shared", who="owner", **more):
    """Make a link over the API; returns its row and the path of its URL without a slash at its end."""
    body = json.dumps({"collection": name, "path": path, **more}).encode()
    answer = visitors.send(who, "POST", "/_/api/links", body, {"Content-Type": "application/json"})
    assert answer.status == 201, answer
    made = json.loads(answer.body)
    return made["link"], made["url"].rstrip("/")


def ask(visitors, method, path, body=None, headers=None):
    return visitors.send(STRANGER, method, path, body, headers)


def basic(password, user="anyone"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def nothing(visitors):
    """What a link that never was answers."""
    return told(ask(visitors, "GET", "/_/s/" + "x" * 24 + "/shared/"))


def told(answer):
    return (
        answer.status,
        [each for each in answer.headers.items() if each[0] not in {"Date", "X-Request-Id"}],
        answer.body,
    )


# -- what is shared ---------------------------------------------------------------------------------------------------


def test_a_folder_is_there_for_every_client(visitors, name):
    _, url = share(visitors, name)
    assert url.endswith("/shared")
    assert ask(visitors, "GET", f"{url}/f.txt").body == b"a/shared/f.txt"
    assert ask(visitors, "GET", f"{url}/f.txt", None, {"Range": "bytes=2-7"}).body == b"shared"
    assert ask(visitors, "HEAD", f"{url}/sub/g").headers["Content-Length"] == "14"
    listed = ask(visitors, "PROPFIND", f"{url}/", ALL, {"Depth": "1"})
    hrefs = [each.text for each in listed.xml.iter("{DAV:}href")]
    assert sorted(hrefs) == [f"{url}/", f"{url}/f.txt", f"{url}/sub/"]
    assert b"<D:write/>" not in listed.body
    assert b"sync-token>http" not in listed.body
    page = ask(visitors, "GET", f"{url}/")
    assert f'href="{url}/f.txt"'.encode() in page.body
    options = ask(visitors, "OPTIONS", f"{url}/")
    assert options.headers["DAV"] == "1"
    assert "PUT" not in options.headers["Allow"]


def test_a_file_is_alone(visitors, name):
    _, url = share(visitors, name, "a/shared/f.txt")
    assert ask(visitors, "GET", url).body == b"a/shared/f.txt"
    listed = ask(visitors, "PROPFIND", url.rpartition("/")[0] + "/", ALL, {"Depth": "infinity"})
    assert [each.text for each in listed.xml.iter("{DAV:}href")][1:] == [url]


def test_a_version_stays_as_it_was(visitors, name):
    version = visitors.house.commit(name)
    _, url = share(visitors, name, version=version.number)
    visitors.send("owner", "PUT", f"/{name}/a/shared/f.txt", b"new")
    assert ask(visitors, "GET", f"{url}/f.txt").body == b"a/shared/f.txt"
    _, live = share(visitors, name)
    assert ask(visitors, "GET", f"{live}/f.txt").body == b"new"


def test_a_folder_comes_as_a_zip_too(visitors, name):
    _, url = share(visitors, name)
    answer = ask(visitors, "GET", url.replace("/_/s/", "/_/s/_/zip/"))
    assert answer.status == 200
    assert b"shared/sub/g" in answer.body
    assert b"secret" not in answer.body
    assert 'filename="shared.zip"' in answer.headers["Content-Disposition"]


def test_names_of_any_kind_are_encoded_and_found(visitors, name):
    assert visitors.send("owner", "MKCOL", f"/{name}/a%20b%25%C3%A9%23/").status == 201
    _, url = share(visitors, name, "a b%é#")
    assert ask(visitors, "PROPFIND", url + "/", None, {"Depth": "0"}).status == 207


def test_caches_and_search_engines_keep_nothing(visitors, name):
    _, url = share(visitors, name)
    for path in (f"{url}/", f"{url}/f.txt", "/_/s/none"):
        answer = ask(visitors, "GET", path)
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert {"private", "no-store"} & set(answer.headers["Cache-Control"].replace(",", " ").split())


# -- what is not ------------------------------------------------------------------------------------------------------

ESCAPES = [
    "/..",
    "/../secretfile",
    "/%2e%2e/secretfile",
    "/..%2fsecretfile",
    "/%2e%2e%2fsecretfile",
    "/sub/../../secretfile",
    "/sub/%2e%2e/%2e%2e/secretfile",
    "/.%2e/secretdir/",
    "/..%5csecretfile",
    "//..//secretfile",
    "/./../secretfile",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PROPFIND"])
@pytest.mark.parametrize("escape", ESCAPES)
def test_no_path_leads_out_of_what_is_shared(visitors, name, method, escape):
    _, url = share(visitors, name)
    answer = ask(visitors, method, url + escape, None, {"Depth": "0"})
    assert answer.status in {400, 404}
    assert b"secret" not in answer.body.replace(escape.encode(), b"")


def test_the_rest_of_the_url_space_is_not_below_a_link(visitors, name):
    version = visitors.house.commit(name)
    uuid = visitors.house.info(name).uuid
    _, url = share(visitors, name)
    text = url.split("/")[3]
    beyond = [
        f"/{name}/a/secretfile",
        f"/by_id/{uuid}/secrettop",
        f"/by_id/{version.pdh}/secrettop",
        "/history/",
        f"/history/{name}/",
        "/by_id/",
        "/",
        f"/_/api/collections/{name}/versions",
        f"/_/api/list/{name}/",
        "/_/api/list/",
        "/_/api/links?collection=" + name,
        f"/_/zip/{name}/a/",
        f"/_/zip/by_id/{uuid}/",
        f"/_/zip/history/{text}/",
        f"/_/preview/{name}/secrettop",
        "/_/metrics",
        "/_/health/live",
        "/_/uploads/x",
    ]
    for path in beyond:
        for below in ("/_/s", f"/_/s/{text}", "/%5F/s", "/_/%73"):
            answer = ask(visitors, "GET", below + path)
            if (below, path) != (f"/_/s/{text}", "/"):
                assert answer.status in {401, 404}, (below, path, answer)
            assert b"secret" not in answer.body.replace(path.encode(), b"")
    for path in (f"/_/s/%{ord(text[0]):02x}{text[1:]}/shared/f.txt", f"//_/s/{text}/shared/f.txt", f"/_/s//{text}/"):
        assert ask(visitors, "GET", path).status in {401, 404}, path


@pytest.mark.parametrize("method", sorted({*VERBS, "TRACE", "BREW"} - {"GET", "HEAD", "PROPFIND", "OPTIONS"}))
def test_no_verb_changes_anything_by_a_link(visitors, name, method):
    _, url = share(visitors, name)
    before = visitors.house.view(name)
    there = {"Destination": f"/{name}/stolen", "If": f"<http://x/{name}/> (<urn:x>)", "Depth": "infinity"}
    for path in (f"{url}/f.txt", f"{url}/", f"{url}/new", url.rpartition("/")[0] + "/new"):
        for headers in (there, {"Destination": f"{url}/copied"}, {}):
            assert ask(visitors, method, path, b"body", headers).status == 405
    now = visitors.house.view(name)
    assert (now.root, now.seq) == (before.root, before.seq)


def test_conditions_tell_nothing_of_what_is_outside(visitors, name):
    etag = visitors.send("owner", "GET", f"/{name}/a/secretfile").headers["ETag"]
    _, url = share(visitors, name, kind="drop")
    for right in (etag, '"wrong"'):
        header = f"<http://{visitors.client.host}/{name}/a/secretfile> ([{right}])"
        assert ask(visitors, "PUT", f"{url}/x", b"x", {"If": header}).status == 412


def test_properties_tell_nothing_of_the_collection(visitors, name):
    lock = Lock(
        token="urn:x", collection_id=visitors.house.info(name).id, path=(), exclusive=True, infinite=True,
        owner_xml="<o>secret</o>", principal="owner", timeout_s=600, expires_ns=1 << 62,
    )  # fmt: skip
    visitors.house.edit(lambda edit: edit.add_lock(lock))
    uuid = visitors.house.info(name).uuid
    _, url = share(visitors, name)
    for body in (ALL, b"", b'<propfind xmlns="DAV:"><propname/></propfind>'):
        for top in (url, url.rpartition("/")[0]):
            answer = ask(visitors, "PROPFIND", top + "/", body, {"Depth": "infinity"})
            assert answer.status == 207
            assert b"secret" not in answer.body
            assert uuid.encode() not in answer.body
            assert b"urn:x" not in answer.body


# -- when it ends -----------------------------------------------------------------------------------------------------


def test_a_link_that_ended_is_as_one_that_never_was(visitors, name):
    link, url = share(visitors, name)
    _other, gone = share(visitors, name, "a/shared/sub", password="pass")
    _, brief = share(visitors, name, expires_days=1)
    visitors.send("owner", "DELETE", f"/{name}/a/shared/sub/")
    clock, visitors.house.clock = visitors.house.clock, lambda: clock() + 86_401
    try:
        assert told(ask(visitors, "GET", f"{brief}/f.txt")) == nothing(visitors)
    finally:
        visitors.house.clock = clock
    assert ask(visitors, "GET", f"{brief}/f.txt").status == 200
    assert visitors.send("owner", "DELETE", f"/_/api/links/{link['id']}").status == 204
    for path in (f"{url}/f.txt", f"{url}/", f"{gone}/g", url[:-8] + "/", "/_/s/", "/_/s/short/x"):
        assert told(ask(visitors, "GET", path)) == nothing(visitors), path
    for method in ("PROPFIND", "PUT", "OPTIONS", "DELETE"):
        assert ask(visitors, method, f"{url}/f.txt").status == 404


def test_a_link_gives_no_more_than_its_maker_may_share(visitors, name):
    visitors.account("maker")
    visitors.grant(name, "maker", Right.MANAGE)
    _, url = share(visitors, name, who="maker")
    _, drop = share(visitors, name, who="maker", kind="drop")
    for right in (Right.WRITE, Right.READ, Right.NONE):
        visitors.grant(name, "maker", right)
        assert told(ask(visitors, "GET", f"{url}/f.txt")) == nothing(visitors)
        assert ask(visitors, "PUT", f"{drop}/x", b"x").status == 404
        visitors.grant(name, "maker", Right.MANAGE)
        assert ask(visitors, "GET", f"{url}/f.txt").status == 200
    managing.remove_account(visitors.house, "maker")
    assert told(ask(visitors, "GET", f"{url}/f.txt")) == nothing(visitors)
    visitors.account("maker")
    visitors.grant(name, "maker", Right.MANAGE)
    assert told(ask(visitors, "GET", f"{url}/f.txt")) == nothing(visitors)


def test_the_trash_is_not_shared_and_a_new_collection_of_the_name_is_not_either(visitors, name):
    _, url = share(visitors, name)
    visitors.send("owner", "MOVE", f"/{name}/", None, {"Destination": f"/{name}-renamed"})
    assert visitors.send("owner", "MKCOL", f"/{name}/").status == 201
    assert ask(visitors, "GET", f"{url}/f.txt").status == 200
    visitors.send("owner", "DELETE", f"/{name}-renamed/")
    assert told(ask(visitors, "GET", f"{url}/f.txt")) == nothing(visitors)


# -- passwords --------------------------------------------------------------------------------------------------------


def test_a_password_is_asked_for_with_any_name(visitors, name):
    _, url = share(visitors, name, password="open sesame")
    asked = ask(visitors, "GET", f"{url}/f.txt")
    assert asked.status == 401
    assert asked.headers.get_all("WWW-Authenticate") == ['Basic realm="link", charset="UTF-8"']
    assert b"f.txt" not in asked.body
    for method in ("GET", "PROPFIND", "OPTIONS", "PUT"):
        assert ask(visitors, method, f"{url}/f.txt").status == 401
    assert ask(visitors, "GET", f"{url}/f.txt", None, basic("open sesame")).status == 200
    assert ask(visitors, "GET", f"{url}/f.txt", None, basic("open sesame", "")).status == 200
    assert ask(visitors, "GET", f"{url}/f.txt", None, basic("wrong")).status == 401
    owner = {"Authorization": f"Bearer {visitors.tokens['owner']}"}
    assert ask(visitors, "GET", f"{url}/f.txt", None, owner).status == 401
    zipped = url.replace("/_/s/", "/_/s/_/zip/")
    assert ask(visitors, "GET", zipped).status == 401
    assert ask(visitors, "GET", zipped, None, basic("open sesame")).status == 200


def test_guessing_is_throttled(visitors, name):
    _, url = share(visitors, name, password="open sesame")
    statuses = [ask(visitors, "GET", f"{url}/f.txt", None, basic(f"guess {number}")).status for number in range(8)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


# -- downloads --------------------------------------------------------------------------------------------------------


def test_downloads_are_counted_and_looks_are_not(visitors, name):
    _, url = share(visitors, name, downloads=2)
    for _ in range(3):
        ask(visitors, "PROPFIND", f"{url}/", None, {"Depth": "1"})
        ask(visitors, "HEAD", f"{url}/f.txt")
        assert ask(visitors, "GET", f"{url}/").status == 200
        assert ask(visitors, "GET", f"{url}/missing").status == 404
    first = ask(visitors, "GET", f"{url}/f.txt", None, {"Range": "bytes=1-"})
    assert (first.status, first.body) == (200, b"a/shared/f.txt")
    assert "Accept-Ranges" not in first.headers
    again = ask(visitors, "GET", f"{url}/f.txt", None, {"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert ask(visitors, "GET", url.replace("/_/s/", "/_/s/_/zip/")).status == 200
    for path in (f"{url}/f.txt", f"{url}/", url.replace("/_/s/", "/_/s/_/zip/")):
        assert told(ask(visitors, "GET", path)) == nothing(visitors)


def test_of_many_at_once_no_more_are_served_than_are_left(visitors, name):
    _, url = share(visitors, name, downloads=4)

    def fetch(_number):
        client = Client(visitors.client.host, visitors.client.port)
        try:
            return client.send("GET", f"{url}/f.txt").status
        finally:
            client.connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(fetch, range(8)))
    assert statuses == [200] * 4 + [404] * 4


# -- drop folders -----------------------------------------------------------------------------------------------------


def dropped(visitors, name):
    """What the files in the folder hold, by name."""
    folder = tree.lookup(visitors.house.view(name).root, ("a", "shared"))
    files = {path: node for path, node in folder.items() if isinstance(node, FileNode)}
    return {path: node.read_at(0, node.size, visitors.house.blocks) for path, node in files.items()}


def test_what_is_dropped_replaces_nothing_and_shows_nothing(visitors, name):
    _, url = share(visitors, name, kind="drop")
    one = ask(visitors, "PUT", f"{url}/f.txt", b"mine")
    other = ask(visitors, "PUT", f"{url}/other.txt", b"mine")
    told_one, told_other = told(one), told(other)
    assert one.status == 201
    assert [each for each in told_one[1] if each[0] != "Last-Modified"] == [
        each for each in told_other[1] if each[0] != "Last-Modified"
    ]
    ask(visitors, "PUT", f"{url}/f.txt", b"x" * 100_000, {"Content-Type": "text/plain"})
    found = dropped(visitors, name)
    assert found == {
        "f.txt": b"a/shared/f.txt", "f (2).txt": b"mine", "f (3).txt": b"x" * 100_000, "other.txt": b"mine",
    }  # fmt: skip
    for path in ("", "/", "/f.txt", "/other.txt", "/sub/", "/sub/g"):
        for method in ("GET", "HEAD", "PROPFIND"):
            answer = ask(visitors, method, url + path, None, {"Depth": "infinity"})
            assert answer.status in {200, 207, 404}
            assert b"f.txt" not in answer.body.replace(path.encode(), b"")
            assert b"sub" not in answer.body
            assert (answer.status == 404) == (len(path) > 1)
    packed = ask(visitors, "GET", url.replace("/_/s/", "/_/s/_/zip/"))
    assert b"f.txt" not in packed.body


def test_nothing_but_whole_files_comes_into_a_drop_folder(visitors, name):
    _, url = share(visitors, name, kind="drop")
    before = visitors.house.view(name)
    for method in sorted(set(VERBS) - {"GET", "HEAD", "PROPFIND", "OPTIONS", "PUT"}):
        assert ask(visitors, method, f"{url}/f.txt", b"", {"Destination": f"/{name}/x"}).status == 405
    base = url.rpartition("/")[0]
    for path in (f"{url}/sub/x", f"{url}/new/x", f"{url}/x/", f"{base}/x", base, url, f"{url}/..%2fx", f"{url}/../x"):
        assert ask(visitors, "PUT", path, b"x").status in {400, 403, 404, 405, 409}, path
    for headers in ({"Content-Range": "bytes 0-0/1"}, {"Upload-Complete": "?0"}):
        assert ask(visitors, "PUT", f"{url}/x", b"x", headers).status == 400
    assert ask(visitors, "PUT", f"{url}/x", b"x", {"If-Match": "*"}).status == 412
    now = visitors.house.view(name)
    assert (now.root, now.seq) == (before.root, before.seq)


def test_a_body_that_ends_early_is_not_in_a_drop_folder(visitors, name):
    _, url = share(visitors, name, kind="drop")
    before = visitors.house.view(name)
    head = f"PUT {url}/x HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\nConnection: close\r\n\r\n"
    with socket.create_connection((visitors.client.host, visitors.client.port), 30) as stream:
        stream.sendall(head.encode() + b"x" * 20)
        stream.shutdown(socket.SHUT_WR)
        stream.recv(1 << 16)
    assert visitors.house.view(name).seq == before.seq


def test_a_drop_folder_takes_what_it_has_room_for(visitors, name):
    link, url = share(visitors, name, kind="drop", room_bytes=10_000)
    assert ask(visitors, "PUT", f"{url}/a", b"x" * 6000).status == 201
    refused = ask(visitors, "PUT", f"{url}/b", b"x" * 6000)
    assert refused.status == 507
    assert b"4000" not in refused.body
    for _ in range(3):
        assert ask(visitors, "PUT", f"{url}/empty", b"").status == 201
    assert ask(visitors, "PUT", f"{url}/empty", b"").status == 507
    (row,) = [each for each in visitors.house.links(name) if each.id == link["id"]]
    assert row.room_bytes == 10_000 - 6000 - 3 * 1024


def test_limits_of_the_collection_are_not_told(visitors, name):
    _, url = share(visitors, name, kind="drop")
    size = visitors.house.view(name).root.bytes
    visitors.house.edit(lambda edit: edit.set_quota(edit.view(name).info.id, size + 777))
    answer = ask(visitors, "PUT", f"{url}/x", b"x" * 2000)
    assert answer.status == 507
    assert b"777" not in answer.body
    assert ask(visitors, "PUT", f"{url}/y", b"x" * 100).status == 201


def test_a_lock_on_the_folder_holds_for_who_drops(visitors, name):
    _, url = share(visitors, name, kind="drop")
    body = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
    assert visitors.send("owner", "LOCK", f"/{name}/a/", body, {"Depth": "infinity"}).status == 200
    answer = ask(visitors, "PUT", f"{url}/x", b"x")
    assert answer.status == 423
    assert b"secret" not in answer.body


def test_many_drop_one_name_at_once_and_nothing_is_lost(visitors, name):
    _, url = share(visitors, name, kind="drop")

    def put(number):
        client = Client(visitors.client.host, visitors.client.port)
        try:
            return client.send("PUT", f"{url}/same", b"%d" % number).status
        finally:
            client.connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(put, range(16))) == {201}
    assert sorted(body for path, body in dropped(visitors, name).items() if "same" in path) == sorted(
        b"%d" % number for number in range(16)
    )


def test_a_browser_gets_a_page_that_tells_nothing_more(visitors, name):
    html = {"Accept": "text/html"}
    _, drop = share(visitors, name, kind="drop")
    for path in (f"{drop}/", drop.rpartition("/")[0] + "/?find=zzz", f"{drop}/?offset=5"):
        page = ask(visitors, "GET", path, None, html)
        assert page.status == 200
        assert f'data-target="{drop}/"'.encode() in page.body
        assert b"f.txt" not in page.body
        assert b"secret" not in page.body
    _, url = share(visitors, name)
    seen = ask(visitors, "GET", f"{url}/", None, html)
    assert b"f.txt" in seen.body
    assert b"secret" not in seen.body
    assert b"link:" not in seen.body
    missing = ask(visitors, "GET", f"{url}/none/", None, html)
    assert missing.status == 404
    assert b'href="/_/s/"' not in missing.body


# -- who may share ----------------------------------------------------------------------------------------------------


def test_only_who_manages_a_collection_shares_it_sees_its_links_and_ends_them(visitors, name):
    link, _ = share(visitors, name)
    asked = json.dumps({"collection": name}).encode()
    absent = json.dumps({"collection": "x" * len(name)}).encode()
    kind = {"Content-Type": "application/json"}
    for right, status in ((Right.NONE, 404), (Right.READ, 403), (Right.WRITE, 403)):
        visitors.grant(name, "helper", right)
        assert visitors.send("helper", "POST", "/_/api/links", asked, kind).status == status
        assert visitors.send("helper", "GET", f"/_/api/links?collection={name}").status == status
        assert visitors.send("helper", "DELETE", f"/_/api/links/{link['id']}").status == 404
    visitors.grant(name, "helper", Right.NONE)
    hidden = visitors.send("helper", "POST", "/_/api/links", asked, kind)
    assert told(hidden) == told(visitors.send("helper", "POST", "/_/api/links", absent, kind))
    for who, status in ((STRANGER, 401), ("owner-reading", 403)):
        assert visitors.send(who, "POST", "/_/api/links", asked, kind).status == status
        assert visitors.send(who, "GET", f"/_/api/links?collection={name}").status == status
    visitors.grant(name, "helper", Right.MANAGE)
    listed = visitors.send("helper", "GET", f"/_/api/links?collection={name}")
    (row,) = json.loads(listed.body)["links"]
    assert (row["id"], row["made_by"], row["path"], row["kind"]) == (link["id"], "owner", "a/shared", "read")
    assert visitors.send("helper", "DELETE", f"/_/api/links/{link['id']}").status == 204


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "gift"},
        {"kind": "drop", "downloads": 1},
        {"kind": "drop", "version": 1},
        {"kind": "drop", "path": "a/shared/f.txt"},
        {"room_bytes": 5},
        {"downloads": 0},
        {"downloads": True},
        {"expires_days": 0},
        {"expires_days": -1},
        {"expires_days": "1"},
        {"password": ""},
        {"label": "two\nlines"},
        {"expire_days": 1},
        {"path": "../x"},
        {"collection": ""},
        {"expires_days": 1e300},
    ],
)
def test_what_no_link_can_be_is_refused_and_makes_none(visitors, name, wish):
    body = json.dumps({"collection": name, **wish}).encode()
    answer = visitors.send("owner", "POST", "/_/api/links", body, {"Content-Type": "application/json"})
    assert answer.status == 400, answer
    assert visitors.house.links(name) == []


def test_who_makes_a_link_is_told_their_own_name(visitors, name):
    link, _ = share(visitors, name)
    assert link["made_by"] == "owner"


def test_nothing_is_shared_that_is_not_there(visitors, name):
    for wish in ({"path": "a/none"}, {"version": 99}):
        body = json.dumps({"collection": name, **wish}).encode()
        answer = visitors.send("owner", "POST", "/_/api/links", body, {"Content-Type": "application/json"})
        assert answer.status == 404, answer
