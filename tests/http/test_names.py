"""Names of any kind through every verb: kept to the byte, or refused with a reason; never mangled, never hidden."""

from __future__ import annotations

from unicodedata import normalize
from urllib.parse import quote, unquote_to_bytes

import pytest

from davserver.collection.load import load_manifest
from davserver.collection.newname import MAX_NAME_BYTES

COMPOSED, DECOMPOSED = (normalize(form, "Grüße Ångström 한글") for form in ("NFC", "NFD"))
NASTY = {
    "ends with a dot": "name.",
    "ends with a space": "name ",
    "begins with a space": " name",
    "is a space": " ",
    "many spaces": "a  b   c",
    "three dots": "...",
    "begins with a dot": ".hidden",
    "begins with a dash": "-rf",
    "a device of DOS": "CON",
    "a device with an extension": "aux.txt",
    "what Windows forbids": '<>:"\\|?*',
    "what a URL reserves": ";:@&=+$,#?[]",
    "percent signs": "100%",
    "looks encoded": "a%20b%2Fc%00",
    "looks like HTML": "<script>alert('&amp;')<script>",
    "looks like XML": "]]>&lt;<!--",
    "what a shell reads": "`$(id)`'\"*~{a,b}",
    "a backslash": "..\\..\\etc",
    "a manifest's escapes": "a\\040b\\\\:c",
    "a file token": "0:0:x",
    "a locator": "d41d8cd98f00b204e9800998ecf8427e+0",
    "the marker of an empty folder": "\\056",
    "a lock file of LibreOffice": ".~lock.Brief 1.odt#",
    "an owner file of Office": "~$Brief.docx",
    "AppleDouble": "._name",
    "a reserved name, deeper": "by_id",
    "composed": COMPOSED,
    "decomposed": DECOMPOSED,
    "an emoji of several": "👩‍👩‍👧‍👦🏳️‍🌈.txt",
    "right to left": "שלום עולם",
    "turns the direction": "a\u202egpj.exe",
    "no width": "a\u200bb\ufeffc",
    "a line separator": "a\u2028b",
    "a no-break space": "a\u00a0b",
    "beyond the basic plane": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "a private character, as macOS stores forbidden ones": "a\uf022b",
    "a full-width slash": "a\uff0fb",
    "as long as Windows and macOS have them": "語" * 255,
    "as long as any may be": "x" * MAX_NAME_BYTES,
}
REFUSED = {
    "NUL": ("a%00b", 400),
    "a line end": ("a%0Ab", 400),
    "a carriage return": ("a%0D", 400),
    "an escape": ("%1B%5B2J", 400),
    "DEL": ("a%7F", 400),
    "a control of C1": ("a%C2%85b", 400),
    "a slash": ("a%2Fb", 400),
    "only a slash": ("%2F", 400),
    "a dot": ("%2E", 400),
    "two dots": ("%2e%2E", 400),
    "latin-1": ("%FC", 400),
    "overlong UTF-8": ("%C0%AF", 400),
    "a surrogate": ("%ED%A0%80", 400),
    "no character": ("%EF%BF%BE", 400),
    "half an escape": ("100%", 400),
    "a longer one": ("x" * (MAX_NAME_BYTES + 1), 414),
}
LOCKINFO = (
    b'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
    b"<D:locktype><D:write/></D:locktype></D:lockinfo>"
)
nasty = pytest.mark.parametrize("name", NASTY.values(), ids=NASTY)


def url(*names):
    return "/" + "/".join(quote(name, safe="") for name in names)


def listed(dav, path):
    """Return the names in a folder, read from its hrefs."""
    return [
        unquote_to_bytes(href.rstrip("/").rpartition("/")[2]).decode() for href in list(dav.propfind(path, "1"))[1:]
    ]


@nasty
def test_through_every_verb(site, dav, name):
    path, copied, moved = url("c", name), url("c", "copies", name), url("c", "moved", name)
    dav.expect(201, "MKCOL", "/c/copies")
    dav.expect(201, "MKCOL", "/c/moved")
    token = dav.expect(201, "LOCK", path, LOCKINFO).headers["Lock-Token"]
    dav.expect(204, "PUT", path, name.encode(), If=f"({token})")
    dav.expect(204, "PUT", path, name.encode(), If=f"<{path}> ({token})")
    dav.expect(204, "UNLOCK", path, Lock_Token=token)
    assert sorted(listed(dav, "/c/")) == sorted(["copies", "moved", name])
    dav.expect(201, "COPY", path, Destination=copied)
    dav.expect(201, "MOVE", path, Destination=f"http://{dav.host}:{dav.port}{moved}", Host=f"{dav.host}:{dav.port}")
    dav.expect(404, "GET", path)
    site.house.commit("c")
    for place, folder in ((copied, "/c/copies"), (moved, "/c/moved")):
        assert dav.expect(200, "GET", place).body == name.encode()
        assert listed(dav, folder) == [name]
        found = dav.propfind(place, "0")
        assert list(found) == [place] or unquote_to_bytes(next(iter(found))) == unquote_to_bytes(place)
        assert dav.expect(200, "GET", next(iter(found))).body == name.encode()
        assert dav.expect(200, "GET", folder + "/").status == 200
        dav.expect(204, "DELETE", place)


@nasty
def test_as_a_folder_and_as_a_collection(site, dav, name):
    dav.expect(201, "MKCOL", url("c", name) + "/")
    dav.expect(201, "PUT", url("c", name, name), b"x")
    assert listed(dav, url("c", name)) == [name]
    if name == "by_id" or len(name.encode()) > 255:
        dav.expect(403 if name == "by_id" else 414, "COPY", url("c", name), Destination=url(name))
        return
    dav.expect(201, "COPY", url("c", name), Destination=url(name))
    assert sorted(listed(dav, "/")) == sorted(["c", name])
    assert dav.expect(200, "GET", url(name, name)).body == b"x"
    site.house.commit(name)
    assert listed(dav, "/history/") == sorted(["c", name])
    [version] = listed(dav, url("history", name))
    assert dav.expect(200, "GET", url("history", name, version, name)).body == b"x"
    dav.expect(204, "DELETE", url(name))


@pytest.mark.parametrize(("name", "status"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("verb", ["PUT", "MKCOL", "LOCK", "COPY", "MOVE"])
def test_refused_and_said_why(dav, verb, name, status):
    dav.expect(201, "PUT", "/c/source", b"x")
    headers = {"Destination": f"/c/{name}"} if verb in {"COPY", "MOVE"} else {}
    path = "/c/source" if headers else f"/c/{name}"
    body = {"PUT": b"x", "LOCK": LOCKINFO}.get(verb)
    answer = dav.send(verb, path, body, headers)
    assert answer.status == status, answer.body
    assert len(answer.body) > 10
    assert listed(dav, "/c/") == ["source"]


@pytest.mark.parametrize(("stored", "asked"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_two_spellings_are_one_file(dav, stored, asked):
    """Finder asks for a name decomposed, however it is listed."""
    kept, other = url("c", stored), url("c", asked)
    dav.expect(201, "PUT", kept, b"one")
    dav.expect(204, "PUT", other, b"two")
    assert dav.expect(200, "GET", kept).body == b"two"
    assert dav.expect(200, "HEAD", other).headers["ETag"] == dav.expect(200, "HEAD", kept).headers["ETag"]
    assert len(dav.propfind(other, "0")) == 1
    dav.expect(405, "MKCOL", other)
    token = dav.expect(200, "LOCK", other, LOCKINFO).headers["Lock-Token"]
    dav.expect(423, "PUT", kept, b"three")
    dav.expect(204, "PUT", kept, b"three", If=f"<{other}> ({token})")
    dav.expect(204, "UNLOCK", kept, Lock_Token=token)
    dav.expect(201, "COPY", other, Destination="/c/copy")
    dav.expect(204, "COPY", "/c/copy", Destination=other)
    dav.expect(412, "COPY", "/c/copy", Destination=other, Overwrite="F")
    dav.expect(403, "MOVE", kept, Destination=other)
    assert sorted(listed(dav, "/c/")) == sorted([stored, "copy"])
    dav.expect(204, "DELETE", other)
    assert listed(dav, "/c/") == ["copy"]


@pytest.mark.parametrize(("stored", "asked"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_two_spellings_are_one_collection(site, dav, stored, asked):
    dav.expect(201, "MKCOL", url(stored))
    dav.expect(405, "MKCOL", url(asked))
    dav.expect(201, "PUT", url(asked, "f"), b"x")
    assert dav.expect(200, "GET", url(stored, "f")).body == b"x"
    version = site.house.commit(stored)
    [folder] = listed(dav, url("history", asked))
    assert dav.expect(200, "GET", url("history", asked, folder, "f")).body == b"x"
    assert folder.endswith(f"-{version.number:06d}")
    dav.expect(403, "MOVE", url(stored), Destination=url(asked))
    dav.expect(204, "DELETE", url(asked))
    assert listed(dav, "/") == ["c"]


def test_upper_and_lower_case_are_two_files(dav):
    """As on Linux; to change only the case of a name is a MOVE like any other."""
    dav.expect(201, "PUT", "/c/Name", b"upper")
    dav.expect(201, "PUT", "/c/name", b"lower")
    dav.expect(404, "GET", "/c/NAME")
    dav.expect(201, "MOVE", "/c/Name", Destination="/c/NAME")
    assert listed(dav, "/c/") == ["NAME", "name"]
    assert dav.expect(200, "GET", "/c/NAME").body == b"upper"


def test_a_name_that_an_import_brought_can_be_read_and_removed(site, dav):
    """New names have no control characters; old ones still have to be got rid of."""
    text = ". d41d8cd98f00b204e9800998ecf8427e+0 0:0:a\\012b\n"
    site.house.register("imported", load_manifest(text), text)
    assert listed(dav, "/imported/") == ["a\nb"]
    assert dav.expect(200, "GET", "/imported/a%0Ab").body == b""
    dav.expect(204, "PUT", "/imported/a%0Ab", b"x")
    dav.expect(201, "MOVE", "/imported/a%0Ab", Destination="/imported/ab")
    assert listed(dav, "/imported/") == ["ab"]


def test_a_bare_dot_is_no_name(dav):
    """rclone asks for ``/c/./a:b``, since ``a:b`` alone would be a URL of the scheme ``a``."""
    dav.expect(201, "PUT", "/c/./a:b", b"x")
    assert listed(dav, "/c/./") == ["a:b"]
    dav.expect(201, "MOVE", "/c/a:b", Destination="/c/./c:d")
    assert dav.expect(200, "GET", "/./c/./c:d").body == b"x"


def test_deep_paths(site, dav):
    """Deeper than any client goes; and never so deep that something of the server gives in."""
    depth = 500
    path = "/c"
    for _ in range(depth):
        path += "/d"
        dav.expect(201, "MKCOL", path)
    dav.expect(201, "PUT", path + "/f", b"deep")
    assert len(dav.propfind("/c/", "infinity")) == depth + 2
    dav.expect(201, "COPY", "/c/d", Destination="/copied")
    dav.expect(201, "MOVE", "/copied", Destination=path + "/moved")
    site.house.commit("c")
    deepest = path + "/moved" + "/d" * (depth - 1) + "/f"
    assert dav.expect(200, "GET", deepest).body == b"deep"
    dav.expect(204, "DELETE", "/c/d")


def test_a_path_longer_than_a_request_line(dav):
    dav.expect(414, "GET", "/c/" + "/".join(["x" * 1000] * 70))


def test_a_listing_of_all_nasty_names_at_once(dav):
    names = {normalize("NFC", name) for name in NASTY.values()}
    for name in names:
        dav.expect(201, "PUT", url("c", name), name.encode())
    assert sorted(listed(dav, "/c/")) == sorted(names)
    assert {dav.expect(200, "GET", href).body.decode() for href in list(dav.propfind("/c/", "1"))[1:]} == names
    page = dav.expect(200, "GET", "/c/").body
    assert b"<script>alert" not in page
