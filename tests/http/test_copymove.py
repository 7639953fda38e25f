"""COPY and MOVE over a socket: what becomes of what, where it arrives, and how it is answered."""

from __future__ import annotations

import pytest

NOTE = b'<propertyupdate xmlns="DAV:"><set><prop><o:note xmlns:o="urn:o">mine</o:note></prop></set></propertyupdate>'


@pytest.fixture
def tree(dav):
    """c/f, c/folder/g, c/folder/sub/h; d/x."""
    dav.expect(201, "PUT", "/c/f", b"file f")
    dav.expect(201, "MKCOL", "/c/folder")
    dav.expect(201, "PUT", "/c/folder/g", b"file g")
    dav.expect(201, "MKCOL", "/c/folder/sub")
    dav.expect(201, "PUT", "/c/folder/sub/h", b"file h")
    dav.expect(207, "PROPPATCH", "/c/folder", NOTE)
    dav.expect(201, "MKCOL", "/d")
    dav.expect(201, "PUT", "/d/x", b"file x")
    return dav


def paths(dav, path):
    """List what is below a folder, relative to it."""
    return [href.removeprefix(path) for href in dav.propfind(path, "infinity")][1:]


def note(dav, path):
    return next(iter(dav.propfind(path, "0").values()))["{urn:o}note"].text


@pytest.mark.parametrize("verb", ["COPY", "MOVE"])
@pytest.mark.parametrize(
    ("source", "destination"),
    [
        ("/c/f", "/c/new"),
        ("/c/f", "/c/folder/sub/new"),
        ("/c/f", "/d/new"),
        ("/c/folder", "/c/new"),
        ("/c/folder/", "/d/new/"),
        ("/c/folder/sub", "/c/new"),
        ("/c/folder", "/new"),
        ("/c", "/new"),
        ("/d", "/c/folder/new"),
    ],
)
def test_to_a_new_place(tree, verb, source, destination):
    is_file = source.endswith("f")
    before = tree.expect(200, "GET", source).body if is_file else paths(tree, source.rstrip("/") + "/")
    tree.expect(201, verb, source, Destination=destination)
    after = tree.expect(200, "GET", destination).body if is_file else paths(tree, destination.rstrip("/") + "/")
    assert after == before
    tree.expect(404 if verb == "MOVE" else 207, "PROPFIND", source, Depth="0")


@pytest.mark.parametrize("verb", ["COPY", "MOVE"])
@pytest.mark.parametrize("destination", ["/c/f", "/c/folder/sub", "/d/x", "/d"])
def test_over_something(tree, verb, destination):
    """A folder takes the place of a file, of a folder with all in it, or of a collection; nothing is merged."""
    source = "/c/folder"
    if destination.startswith("/c/folder"):
        source, destination = "/d", "/c/folder/sub"
    below = paths(tree, source + "/")
    tree.expect(412, verb, source, Destination=destination, Overwrite="F")
    tree.expect(204, verb, source, Destination=destination, Overwrite="T")
    assert paths(tree, destination + "/") == below
    if source == "/c/folder":
        assert note(tree, destination) == "mine"


def test_a_file_over_a_folder(tree):
    tree.expect(204, "COPY", "/c/f", Destination="/c/folder")
    assert paths(tree, "/c/") == ["f", "folder"]


def test_etag_dates_and_properties_come_along(tree):
    tree.expect(207, "PROPPATCH", "/c/f", NOTE)
    before = tree.expect(200, "HEAD", "/c/f").headers
    tree.expect(201, "COPY", "/c/f", Destination="/d/f")
    tree.expect(201, "MOVE", "/d/f", Destination="/d/g")
    after = tree.expect(200, "HEAD", "/d/g").headers
    assert (after["ETag"], after["Last-Modified"]) == (before["ETag"], before["Last-Modified"])
    assert note(tree, "/d/g") == "mine"


def test_a_copy_is_independent(tree):
    tree.expect(201, "COPY", "/c", Destination="/copy")
    tree.expect(204, "PUT", "/copy/folder/g", b"changed")
    tree.expect(204, "DELETE", "/c/folder/sub")
    assert tree.expect(200, "GET", "/c/folder/g").body == b"file g"
    assert tree.expect(200, "GET", "/copy/folder/sub/h").body == b"file h"


def test_depth_0_copies_the_folder_alone(tree):
    tree.expect(201, "COPY", "/c/folder", Destination="/c/shallow", Depth="0")
    tree.expect(204, "COPY", "/c/folder", Destination="/d", Depth="0")
    assert paths(tree, "/c/shallow/") == paths(tree, "/d/") == []
    assert note(tree, "/c/shallow") == note(tree, "/d") == "mine"
    tree.expect(201, "COPY", "/c/f", Destination="/c/f2", Depth="0")
    assert tree.expect(200, "GET", "/c/f2").body == b"file f"


def test_a_folder_copied_into_itself_is_what_it_was_before(tree):
    tree.expect(201, "COPY", "/c/folder", Destination="/c/folder/inside")
    assert paths(tree, "/c/folder/inside/") == ["g", "sub/", "sub/h"]


def test_a_renamed_collection_stays_the_same_one(site, tree):
    uuid = site.house.view("c").info.uuid
    tree.expect(201, "MOVE", "/c", Destination="/renamed")
    assert site.house.view("renamed").info.uuid == uuid
    assert tree.expect(200, "GET", f"/by_id/{uuid}/f").body == b"file f"
    tree.expect(204, "MOVE", f"/by_id/{uuid}/", Destination="/d")
    assert site.house.view("d").info.uuid == uuid


def test_what_is_replaced_or_moved_into_a_folder_goes_to_the_trash(site, tree):
    tree.expect(204, "COPY", "/c", Destination="/d")
    tree.expect(201, "MOVE", "/d", Destination="/c/folder/d")
    assert [info.name for info in site.house.collections()] == ["c"]
    assert len(site.house.trashed()) == 2


def test_restoring_is_a_copy_out_of_history(site, tree):
    version = site.house.commit("c")
    tree.expect(204, "DELETE", "/c/folder")
    folder = next(href for href in tree.propfind("/history/c/", "1") if href != "/history/c/")
    tree.expect(201, "COPY", folder, Destination="/restored")
    assert paths(tree, "/restored/") == ["f", "folder/", "folder/g", "folder/sub/", "folder/sub/h"]
    tree.expect(201, "COPY", folder + "folder/", Destination="/c/folder")
    tree.expect(204, "COPY", f"/by_id/{version.pdh}/folder/g", Destination="/d/x")
    assert tree.expect(200, "GET", "/c/folder/sub/h").body == b"file h"
    assert tree.expect(200, "GET", "/d/x").body == b"file g"
    tree.expect(403, "MOVE", folder, Destination="/moved")
    tree.expect(403, "MOVE", f"/by_id/{version.pdh}/folder", Destination="/moved")
    etag = tree.expect(200, "HEAD", folder + "f").headers["ETag"]
    tree.expect(412, "COPY", folder + "f", Destination="/d/y", If_None_Match=etag)
    tree.expect(201, "COPY", folder + "f", Destination="/d/y", If_Match=etag)


REFUSED = [
    (404, "/c/nothing", "/c/new"),
    (404, "/nothing", "/new"),
    (403, "/", "/new"),
    (403, "/by_id/", "/new"),
    (403, "/history/c", "/new"),
    (403, "/c/f", "/new"),
    (403, "/c/f", "/d"),
    (403, "/c/f", "/"),
    (403, "/c", "/by_id"),
    (403, "/c", "/history"),
    (403, "/c/f", "/history/c"),
    (403, "/c/f", "/by_id/d41d8cd98f00b204e9800998ecf8427e+0/f"),
    (403, "/c", "/by_id/aaaaa-4zz18-000000000000000"),
    (403, "/c/f", "/c/f"),
    (403, "/c/folder/sub", "/c/folder"),
    (403, "/c/folder", "/c"),
    (409, "/c/f", "/c/nowhere/new"),
    (409, "/c/f", "/nowhere/new"),
    (409, "/c/f", "/d/x/new"),
    (502, "/c/f", "http://elsewhere.example/c/new"),
    (400, "/c/f", "/c/new#part"),
    (400, "/c/f", "c/new"),
    (400, "/c/f", "/c/%ff"),
    (400, "/c/f", "/c/a%2Fb"),
    (400, "/c/f", "/c/%07"),
    (403, "/c/f", "/c/./f"),
]


@pytest.mark.parametrize("verb", ["COPY", "MOVE"])
def test_refused(tree, verb):
    before = list(tree.propfind("/", "infinity"))
    for status, source, destination in REFUSED:
        tree.expect(status, verb, source, Destination=destination, Host="h")
    assert list(tree.propfind("/", "infinity")) == before


def test_refused_for_its_headers(tree):
    tree.expect(400, "COPY", "/c/f")
    tree.expect(400, "COPY", "/c/f", Destination="/c/new", Overwrite="maybe")
    tree.expect(400, "COPY", "/c/folder", Destination="/c/new", Depth="1")
    tree.expect(400, "MOVE", "/c/folder", Destination="/c/new", Depth="0")
    tree.expect(403, "MOVE", "/c/folder", Destination="/c/folder/sub/inside")
    tree.expect(403, "MOVE", "/c", Destination="/c/folder/inside")
    tree.expect(412, "MOVE", "/c/f", Destination="/c/new", If_Match='"other"')
    assert "new" not in paths(tree, "/c/")


def test_the_clients_mtime(tree):
    answer = tree.expect(201, "COPY", "/c/f", Destination="/d/f", X_OC_Mtime="86400")
    assert answer.headers["X-OC-Mtime"] == "accepted"
    assert tree.expect(200, "HEAD", "/d/f").headers["Last-Modified"] == "Fri, 02 Jan 1970 00:00:00 GMT"
    tree.expect(201, "MOVE", "/c/folder", Destination="/new", X_OC_Mtime="86400")
    modified = tree.propfind("/new", "0")["/new/"]["{DAV:}getlastmodified"].text
    assert modified == "Fri, 02 Jan 1970 00:00:00 GMT"


NAMES = [
    "a;b.txt", "c%3Bd.txt", "a%3Fb", "a%23b", "a%25b", "a%252Fb", "a%20b", "%20", "gr%C3%BC%C3%9Fe", "u%CC%88",
    "a'b", "a%22b", "a&b", "a%26amp%3Bb", "%3Ca%3E", "a%5Cb", "a+b", "a=b,c", "(a)", "a:b", "%F0%9F%90%88", "%7Ea",
    "a%C2%A0", "...", "%E2%80%AEa",
]  # fmt: skip


@pytest.mark.parametrize("verb", ["COPY", "MOVE"])
def test_names_arrive_as_they_were_meant(dav, verb):
    """WsgiDAV cuts names at ``;`` and ``?``, and so overwrites others."""
    dav.expect(201, "PUT", "/c/a", b"bystander")
    known = {"/c/", "/c/a", "/c/source"}
    for name in NAMES:
        dav.send("PUT", "/c/source", name.encode())
        dav.expect(201, verb, "/c/source", Destination=f"http://{dav.host}:{dav.port}/c/{name}")
        assert dav.expect(200, "GET", f"/c/{name}").body == name.encode()
        new = set(dav.propfind("/c/", "1")) - known
        assert len(new) == 1, name
        known |= new
        assert dav.expect(200, "GET", new.pop()).body == name.encode()
    assert dav.expect(200, "GET", "/c/a").body == b"bystander"


@pytest.mark.parametrize(
    "destination", ["http://Files.Example/c/b", "https://files.example:443/c/b", "http://files.example:80/c/b"]
)
def test_the_authority_is_compared_as_an_authority(dav, destination):
    dav.expect(201, "PUT", "/c/a", b"x")
    dav.expect(201, "MOVE", "/c/a", Destination=destination, Host="files.example")
