"""``Allow`` tells the truth: what it lists is answered, what it leaves out is refused, for every kind of resource."""

from __future__ import annotations

import pytest

from davserver.dav.verbs import VERBS

LOCKINFO = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
UPDATE = b'<propertyupdate xmlns="DAV:"><set><prop><o:odd xmlns:o="urn:odd">x</o:odd></prop></set></propertyupdate>'
REQUESTS = {
    "PUT": (b"x", {}),
    "PATCH": (b"x", {"Content-Type": "application/x-sabredav-partialupdate", "X-Update-Range": "append"}),
    "LOCK": (LOCKINFO, {}),
    "UNLOCK": (None, {"Lock-Token": "<urn:uuid:none>"}),
    "PROPPATCH": (UPDATE, {}),
    "PROPFIND": (b"", {"Depth": "0"}),
}
PLACES = {
    "the root": "/",
    "a collection": "/d/",
    "a folder": "/d/folder/",
    "a file": "/d/f",
    "nothing in a folder": "/d/new",
    "no collection": "/new/",
    "by_id": "/by_id/",
    "history": "/history/",
    "a history": "/history/c/",
    "a version": "/history/c/{version}/",
    "a file of a version": "/history/c/{version}/f",
}


@pytest.fixture
def version(site, dav):
    dav.expect(201, "PUT", "/c/f", b"x")
    site.house.commit("c")
    (_, href) = dav.propfind("/history/c/", "1")
    return href.rstrip("/").rsplit("/", 1)[1]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("place", PLACES)
def test_allow(dav, version, place, verb):
    path = PLACES[place].format(version=version)
    dav.expect(201, "COPY", "/c/", Destination="/d/")
    dav.expect(201, "MKCOL", "/d/folder/")
    allow = dav.expect(200, "OPTIONS", path).headers["Allow"].split(", ")
    assert len(set(allow)) == len(allow)
    body, headers = REQUESTS.get(verb, (None, {}))
    if verb in {"COPY", "MOVE"}:
        headers = {"Destination": "/d/there" if path.endswith("f") else "/there"}
    answer = dav.send(verb, path, body, headers)
    if answer.status == 405:
        assert answer.headers["Allow"].split(", ") == allow
    if verb in allow:
        assert answer.status not in {403, 405, 501}
        assert answer.status < 400 or verb in {"UNLOCK", "REPORT", "SEARCH", "POST"}
    else:
        assert 400 <= answer.status < 500
