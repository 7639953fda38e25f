"""LOCK and UNLOCK over a socket, and what locks forbid to the other verbs."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.dav.app import make_app
from davserver.live.house import House
from tests.support.site import Client, serving

DAV = "{DAV:}"
OWNER = '<D:owner><D:href>mailto:ann@example.org</D:href> &amp; <x:y xmlns:x="urn:x">co</x:y></D:owner>'


def lockinfo(scope="exclusive", owner=OWNER):
    return (
        f'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope>'
        f"<D:locktype><D:write/></D:locktype>{owner}</D:lockinfo>"
    ).encode()


def lock(dav, path, *, status=200, scope="exclusive", **headers):
    """Lock and return the token."""
    answer = dav.expect(status, "LOCK", path, lockinfo(scope), **headers)
    token = answer.headers["Lock-Token"]
    assert token[0] == "<"
    assert token[-1] == ">"
    assert token[1:-1] in [href.text for href in answer.xml.iter(DAV + "href")]
    return token[1:-1]


def refusal(answer):
    """Return the precondition and the hrefs of a 423 or 409."""
    condition = answer.xml[0]
    return condition.tag.removeprefix(DAV), [href.text for href in condition]


@contextmanager
def another_house(data, clock=time.time, principal=""):
    """Serve the same data by a second house, as a second process does, to one user; gives a client of it."""
    house = House(open_catalog(f"sqlite:///{data / 'catalog.db'}"), open_store(data / "blocks"), clock=clock)
    app = make_app(house)

    def as_principal(environ, start_response):
        return app({**environ, "davserver.principal": principal}, start_response)

    with serving(as_principal) as address:
        client = Client(*address)
        yield client
        client.connection.close()
    house.close()


@pytest.fixture
def tree(dav):
    """c/f, c/folder/g, c/folder/sub/h."""
    dav.expect(201, "PUT", "/c/f", b"file f")
    dav.expect(201, "MKCOL", "/c/folder")
    dav.expect(201, "PUT", "/c/folder/g", b"file g")
    dav.expect(201, "MKCOL", "/c/folder/sub")
    dav.expect(201, "PUT", "/c/folder/sub/h", b"file h")
    return dav


def discovered(dav, path):
    found = next(iter(dav.propfind(path, "0").values()))[DAV + "lockdiscovery"]
    return [href.text for href in found.iterfind(f"{DAV}activelock/{DAV}locktoken/{DAV}href")]


def test_the_answer_describes_the_lock(tree):
    answer = tree.expect(200, "LOCK", "/c/folder", lockinfo(), Timeout="Infinite, Second-4100000000", Depth="0")
    active = answer.xml.find(f"{DAV}lockdiscovery/{DAV}activelock")
    assert active.find(f"{DAV}lockscope/{DAV}exclusive") is not None
    assert active.find(f"{DAV}locktype/{DAV}write") is not None
    assert active.findtext(DAV + "depth") == "0"
    assert active.findtext(f"{DAV}lockroot/{DAV}href") == "/c/folder/"
    assert active.findtext(DAV + "timeout") == f"Second-{7 * 24 * 3600}"
    owner = active.find(DAV + "owner")
    assert "".join(owner.itertext()) == "mailto:ann@example.org & co"
    assert owner.find("{urn:x}y") is not None


@pytest.mark.parametrize(
    ("verb", "path", "headers"),
    [
        ("PUT", "/c/folder/g", {}),
        ("PUT", "/c/folder/new", {}),
        ("MKCOL", "/c/folder/new", {}),
        ("DELETE", "/c/folder/g", {}),
        ("DELETE", "/c/folder", {}),
        ("DELETE", "/c", {}),
        ("MOVE", "/c/folder/g", {"Destination": "/c/new"}),
        ("MOVE", "/c/folder", {"Destination": "/c/new"}),
        ("MOVE", "/c", {"Destination": "/new"}),
        ("MOVE", "/c/f", {"Destination": "/c/folder/sub/new"}),
        ("COPY", "/c/f", {"Destination": "/c/folder/g"}),
        ("COPY", "/c/f", {"Destination": "/c/folder"}),
        ("LOCK", "/c/folder/new", {}),
    ],
)
def test_an_infinite_lock_is_in_the_way(tree, verb, path, headers):
    token = lock(tree, "/c/folder")
    body = {"PUT": b"x", "LOCK": lockinfo("shared")}.get(verb)
    answer = tree.send(verb, path, body, headers)
    assert answer.status == 423
    condition, hrefs = refusal(answer)
    assert condition == "lock-token-submitted"
    assert hrefs == ["/c/folder/"]
    assert tree.expect(200, "GET", "/c/folder/g").body == b"file g"
    answer = tree.send(verb, path, body, {**headers, "If": f"<http://{tree.host}:{tree.port}/c/folder/> (<{token}>)"})
    assert answer.status in ({423} if verb == "LOCK" else {201, 204})


def test_reading_and_copying_from_are_free(tree):
    lock(tree, "/c/folder")
    tree.expect(200, "GET", "/c/folder/g")
    tree.expect(201, "COPY", "/c/folder", Destination="/c/copy")
    assert discovered(tree, "/c/copy") == []


@pytest.mark.parametrize("path", ["/c/folder", "/c/folder/", "/c", "/c/"])
@pytest.mark.parametrize("verb", ["DELETE", "MOVE"])
def test_one_locked_member_deep_down_stops_the_whole(tree, verb, path):
    """WsgiDAV deletes the locked file and then says that it did not."""
    lock(tree, "/c/folder/sub/h")
    before = list(tree.propfind("/", "infinity"))
    answer = tree.expect(423, verb, path, Destination="/new")
    assert refusal(answer) == ("lock-token-submitted", ["/c/folder/sub/h"])
    assert list(tree.propfind("/", "infinity")) == before


@pytest.mark.parametrize("verb", ["DELETE", "MOVE"])
def test_finder_moves_with_the_bare_tokens_of_the_members(tree, verb):
    one, two = lock(tree, "/c/folder/g"), lock(tree, "/c/folder/sub/h")
    headers = {"Destination": "/c/new"}
    tree.expect(423, verb, "/c/folder", If=f"(<{one}>)", **headers)
    tree.expect(201 if verb == "MOVE" else 204, verb, "/c/folder", If=f"(<{one}>) (<{two}>)", **headers)
    if verb == "MOVE":
        assert discovered(tree, "/c/new/g") == []
    tree.expect(201, "MKCOL", "/c/folder")
    tree.expect(201, "PUT", "/c/folder/g", b"no lock stayed behind")


def test_depth_0_protects_the_members_not_their_content(tree):
    token = lock(tree, "/c/folder", Depth="0")
    tree.expect(204, "PUT", "/c/folder/g", b"changed")
    for verb, path in [("PUT", "/c/folder/new"), ("MKCOL", "/c/folder/new"), ("DELETE", "/c/folder/g")]:
        tree.expect(423, verb, path)
    tree.expect(423, "LOCK", "/c/folder/new", lockinfo())
    tree.expect(404, "HEAD", "/c/folder/new")
    tree.expect(201, "PUT", "/c/folder/new", b"", If=f"(<{token}>)")
    tree.expect(204, "DELETE", "/c/folder/g", If=f"</c/folder> (<{token}>)")


def test_a_token_that_is_no_lock_is_a_condition_that_fails(tree):
    token = lock(tree, "/c/f")
    tree.expect(412, "PUT", "/c/f", b"x", If="(<urn:uuid:00000000-0000-4000-8000-000000000000>)")
    tree.expect(412, "PUT", "/c/folder/g", b"x", If=f"(<{token}>)")
    tree.expect(423, "PUT", "/c/f", b"x", If="(Not <DAV:no-lock>)")
    tree.expect(204, "PUT", "/c/f", b"x", If=f"(<{token}>) (Not <DAV:no-lock>)")


def test_lock_on_an_unmapped_url(tree):
    token = lock(tree, "/c/new", status=201)
    assert tree.expect(200, "GET", "/c/new").body == b""
    etag = tree.expect(200, "HEAD", "/c/new").headers["ETag"]
    tree.expect(204, "PUT", "/c/new", b"x", If=f"(<{token}> [{etag}])")
    for status, path in [
        (409, "/c/nowhere/f"),
        (409, "/nowhere/f"),
        (403, "/file"),
        (400, "/c/new2/"),
        (409, "/c/f/g"),
    ]:
        tree.expect(status, "LOCK", path, lockinfo())
    tree.expect(412, "LOCK", "/c/f", lockinfo(), If_None_Match="*")
    assert sorted(tree.propfind("/c/", "1")) == ["/c/", "/c/f", "/c/folder/", "/c/new"]


def test_conflicts_name_the_locks(tree):
    lock(tree, "/c/folder/sub", scope="shared")
    for path, scope in [("/c/folder", "exclusive"), ("/c/folder/sub", "exclusive"), ("/c/folder/sub/h", "exclusive")]:
        answer = tree.expect(423, "LOCK", path, lockinfo(scope))
        assert refusal(answer) == ("no-conflicting-lock", ["/c/folder/sub/"])
        assert "Lock-Token" not in answer.headers
    lock(tree, "/c/folder", Depth="0")
    second = lock(tree, "/c/folder/sub", scope="shared")
    assert len(discovered(tree, "/c/folder/sub/h")) == 2
    tree.expect(204, "PUT", "/c/folder/sub/h", b"x", If=f"(<{second}>)")


def test_refresh(tree):
    token = lock(tree, "/c/folder", Timeout="Second-100")
    answer = tree.expect(200, "LOCK", "/c/folder/g", If=f"(<{token}>)", Timeout="Second-500")
    assert "Lock-Token" not in answer.headers
    assert answer.xml.findtext(f".//{DAV}timeout") == "Second-500"
    tree.expect(400, "LOCK", "/c/folder")
    tree.expect(412, "LOCK", "/c/folder", If="(<urn:uuid:gone>)")
    tree.expect(412, "LOCK", "/c/f", If=f"</c/folder> (<{token}>)")


def test_unlock(tree):
    token = lock(tree, "/c/folder")
    tree.expect(400, "UNLOCK", "/c/folder")
    for path, sent in [("/c/folder", "<urn:uuid:gone>"), ("/c/f", f"<{token}>")]:
        answer = tree.expect(409, "UNLOCK", path, Lock_Token=sent)
        assert refusal(answer)[0] == "lock-token-matches-request-uri"
    tree.expect(404, "UNLOCK", "/c/nothing", Lock_Token=f"<{token}>")
    tree.expect(204, "UNLOCK", "/c/folder/g", Lock_Token=f"<{token}>")
    tree.expect(204, "PUT", "/c/folder/g", b"x")
    assert discovered(tree, "/c/folder") == []


def test_a_whole_collection_can_be_locked(tree):
    token = lock(tree, "/c/")
    tree.expect(423, "PUT", "/c/f", b"x")
    tree.expect(423, "MOVE", "/c", Destination="/d")
    tree.expect(201, "MOVE", "/c", Destination="/d", If=f"(<{token}>)")
    assert discovered(tree, "/d") == []


def test_the_destinations_lock_stays_there(tree):
    token = lock(tree, "/c/folder")
    tree.expect(204, "COPY", "/c/f", Destination="/c/folder", If=f"</c/folder> (<{token}>)")
    assert discovered(tree, "/c/folder") == [token]


@pytest.mark.parametrize("path", ["/", "/by_id/", "/history/", "/history/c"])
def test_the_servers_own_folders_cannot_be_locked(dav, path):
    dav.expect(403, "LOCK", path, lockinfo())
    dav.expect(403, "UNLOCK", path, Lock_Token="<urn:uuid:any>")


@pytest.mark.parametrize(
    "body",
    [
        b"<lockinfo/>",
        b'<D:propfind xmlns:D="DAV:"/>',
        b"not xml",
        lockinfo("local"),
        lockinfo(owner="<D:owner>" + "o" * 9000 + "</D:owner>"),
        lockinfo().replace(b"write", b"read"),
        b'<!DOCTYPE x [<!ENTITY e "x">]>' + lockinfo(),
    ],
)
def test_what_is_no_lockinfo(tree, body):
    tree.expect(400, "LOCK", "/c/f", body)
    tree.expect(400, "LOCK", "/c/f", lockinfo(), Depth="1")


def test_locks_are_seen_by_every_process_and_survive_all_of_them(site, tree):
    token = lock(tree, "/c/f", Timeout="Second-1000")
    with another_house(site.data) as other:
        other.expect(423, "PUT", "/c/f", b"x")
        assert discovered(other, "/c/f") == [token]
        other.expect(204, "PUT", "/c/f", b"by the other", If=f"(<{token}>)")
        other.expect(204, "UNLOCK", "/c/f", Lock_Token=f"<{token}>")
        kept = lock(other, "/c/folder")
    tree.expect(204, "PUT", "/c/f", b"free again")
    tree.expect(423, "PUT", "/c/folder/g", b"x")
    assert discovered(tree, "/c/folder/g") == [kept]


def test_a_lock_ends_when_its_time_is_over(site, tree):
    lock(tree, "/c/f", Timeout="Second-10")
    with another_house(site.data, clock=lambda: site.house.clock() + 11) as later:
        assert discovered(later, "/c/f") == []
        later.expect(204, "PUT", "/c/f", b"x")
        lock(later, "/c/f")


def test_a_token_is_of_use_to_its_owner_only(site, tree):
    with another_house(site.data, principal="ann") as ann, another_house(site.data, principal="bob") as bob:
        token = lock(ann, "/c/f")
        bob.expect(423, "PUT", "/c/f", b"x", If=f"(<{token}>)")
        bob.expect(412, "LOCK", "/c/f", If=f"(<{token}>)")
        bob.expect(403, "UNLOCK", "/c/f", Lock_Token=f"<{token}>")
        ann.expect(204, "PUT", "/c/f", b"x", If=f"(<{token}>)")
        ann.expect(204, "UNLOCK", "/c/f", Lock_Token=f"<{token}>")


@pytest.mark.parametrize(("path", "status"), [("/c/f", 404), ("/c/", 207)])
def test_a_listing_shows_no_file_without_the_lock_it_had(site, dav, monkeypatch, path, status):
    """The holder deletes the file between the look at the tree and the look at its locks."""
    dav.expect(201, "PUT", "/c/f", b"locked")
    token = lock(dav, "/c/f")
    read_locks = site.house.locks

    def after_a_delete(name):
        monkeypatch.undo()
        holder = Client(dav.host, dav.port)
        holder.expect(204, "DELETE", "/c/f", If=f"(<{token}>)")
        holder.connection.close()
        return read_locks(name)

    monkeypatch.setattr(site.house, "locks", after_a_delete)
    answer = dav.expect(status, "PROPFIND", path, Depth="1")
    assert b"/c/f<" not in answer.body
