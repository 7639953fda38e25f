"""PROPFIND over a socket."""

import pytest
from lxml import etree

from davserver.collection.change import Put
from davserver.collection.filenode import FileNode
from davserver.dav.httpdate import parse_date

DAV = "{DAV:}"


def prop(*names: str) -> str:
    return '<D:propfind xmlns:D="DAV:"><D:prop>' + "".join(names) + "</D:prop></D:propfind>"


@pytest.fixture
def tree(dav):
    dav.expect(201, "PUT", "/c/f.txt", b"12345")
    dav.expect(201, "MKCOL", "/c/sub/")
    dav.expect(201, "PUT", "/c/sub/g", b"")
    return dav


def test_depths(tree):
    assert list(tree.propfind("/c/", "0")) == ["/c/"]
    assert list(tree.propfind("/c/", "1")) == ["/c/", "/c/f.txt", "/c/sub/"]
    assert list(tree.propfind("/c/", "infinity")) == ["/c/", "/c/f.txt", "/c/sub/", "/c/sub/g"]
    assert list(tree.propfind("/", "0")) == ["/"]
    assert list(tree.propfind("/", "1")) == ["/", "/c/"]
    assert list(tree.propfind("/", "infinity")) == ["/", "/c/", "/c/f.txt", "/c/sub/", "/c/sub/g"]
    tree.expect(400, "PROPFIND", "/c/", Depth="2")


def test_a_folder_is_named_with_a_slash_however_it_was_asked_for(tree):
    assert list(tree.propfind("/c/sub", "0")) == ["/c/sub/"]
    assert next(iter(tree.propfind("/c", "1"))) == "/c/"


def test_live_properties(tree):
    etag = tree.expect(200, "HEAD", "/c/f.txt").headers["ETag"]
    found = tree.propfind("/c/f.txt", "0")["/c/f.txt"]
    assert found[DAV + "getcontentlength"].text == "5"
    assert found[DAV + "getcontenttype"].text == "text/plain; charset=utf-8"
    assert found[DAV + "getetag"].text == etag  # with its quotes, as If-Match wants it (WsgiDAV: without)
    assert found[DAV + "displayname"].text == "f.txt"
    assert found[DAV + "creationdate"].text.endswith("Z")
    assert parse_date(found[DAV + "getlastmodified"].text) is not None
    assert len(found[DAV + "resourcetype"]) == 0
    assert len(found[DAV + "supportedlock"]) == 2
    folder = tree.propfind("/c/sub/", "0")["/c/sub/"]
    assert folder[DAV + "resourcetype"][0].tag == DAV + "collection"
    assert DAV + "getcontentlength" not in folder
    assert DAV + "getetag" not in folder


def test_missing_properties_are_404_in_their_propstat(tree):
    body = prop("<D:getetag/>", "<D:nothing/>", '<x:y xmlns:x="urn:x"/>', '<z xmlns=""/>')
    answer = tree.expect(207, "PROPFIND", "/c/f.txt", body.encode(), Depth="0")
    by_status = {
        propstat.findtext(DAV + "status"): [item.tag for item in propstat.find(DAV + "prop")]
        for propstat in answer.xml.iter(DAV + "propstat")
    }
    assert by_status == {
        "HTTP/1.1 200 OK": [DAV + "getetag"],
        "HTTP/1.1 404 Not Found": [DAV + "nothing", "{urn:x}y", "z"],
    }


def test_what_was_answered_of_a_file_is_not_answered_of_another(tree):
    body = prop("<D:getetag/>", "<D:getcontentlength/>", "<D:displayname/>", "<D:getcontenttype/>")

    def told(path):
        [found] = tree.propfind(path, "0", body).values()
        return {name.removeprefix(DAV): element.text for name, element in found.items()}

    first = [told("/c/f.txt") for _ in range(3)]
    assert first == [first[0]] * 3
    tree.expect(204, "PUT", "/c/f.txt", b"123456")
    changed = told("/c/f.txt")
    assert (changed["getcontentlength"], changed["getetag"] == first[0]["getetag"]) == ("6", False)
    tree.expect(201, "MOVE", "/c/f.txt", Destination="/c/sub/h.bin")
    moved = told("/c/sub/h.bin")
    assert moved == changed | {"displayname": "h.bin", "getcontenttype": moved["getcontenttype"]}
    name = b'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:displayname>n</D:displayname></D:prop></D:set>'
    tree.expect(207, "PROPPATCH", "/c/sub/h.bin", name + b"</D:propertyupdate>")
    assert told("/c/sub/h.bin") == moved | {"displayname": "n"}


def test_propname(tree):
    """WsgiDAV answers an empty response."""
    found = tree.propfind("/c/f.txt", "0", '<propfind xmlns="DAV:"><propname/></propfind>')["/c/f.txt"]
    assert DAV + "getetag" in found
    assert all(element.text is None and len(element) == 0 for element in found.values())


def test_allprop_with_include(tree):
    body = '<propfind xmlns="DAV:"><allprop/><include><quota-used-bytes/><unknown/></include></propfind>'
    found = tree.propfind("/c/", "0", body)["/c/"]
    assert found[DAV + "quota-used-bytes"].text == "5"
    assert DAV + "resourcetype" in found


def test_quota_is_both_numbers_or_none(tree):
    """Finder takes a missing number for 0."""
    body = prop("<D:quota-used-bytes/>", "<D:quota-available-bytes/>")
    for folder, used in (("/", 5), ("/c/", 5), ("/c/sub/", 0)):
        found = tree.propfind(folder, "0", body)[folder]
        assert int(found[DAV + "quota-used-bytes"].text) == used
        assert int(found[DAV + "quota-available-bytes"].text) > 1 << 20
    assert tree.propfind("/c/f.txt", "0", body)["/c/f.txt"] == {}
    assert tree.propfind("/history/", "0", body)["/history/"] == {}


def test_comments_and_instructions_in_the_body(tree):
    """WsgiDAV: 500."""
    found = tree.propfind("/c/f.txt", "0", prop("<!-- c -->", "<?a b?>", "<D:getetag/>"))["/c/f.txt"]
    assert list(found) == [DAV + "getetag"]


@pytest.mark.parametrize(
    "body",
    [
        "<",
        "<a/>",
        '<propfind xmlns="DAV:"/>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><propfind xmlns="DAV:"><prop>&e;</prop></propfind>',
        prop(*(f"<D:n{number}/>" for number in range(300))),
        '<propfind xmlns="DAV:"><prop>' + "<a>" * 100 + "</a>" * 100 + "</prop></propfind>",
    ],
)
def test_bodies_that_are_refused(tree, body):
    tree.expect(400, "PROPFIND", "/c/", body.encode(), Depth="0")


def test_a_body_beyond_the_limit_is_refused(tree):
    tree.expect(413, "PROPFIND", "/c/", prop(" " * 70_000).encode(), Depth="0")


def test_what_is_not_there(tree):
    tree.expect(404, "PROPFIND", "/c/none", Depth="0")
    tree.expect(404, "PROPFIND", "/none/", Depth="1")
    tree.expect(404, "PROPFIND", "/c/f.txt/below", Depth="1")


def test_names_that_xml_has_trouble_with(dav):
    names = ["a&b", "<x>", "]]>", "q'\"", "ü", "😀", " lead", "semi;colon"]
    for name in names:
        dav.expect(201, "PUT", "/c/" + "".join(f"%{byte:02X}" for byte in name.encode()), name.encode())
    listed = dav.propfind("/c/", "1", prop("<D:displayname/>"))
    assert sorted(found[DAV + "displayname"].text for href, found in listed.items() if href != "/c/") == sorted(names)
    for href, found in listed.items():
        if href != "/c/":
            assert dav.expect(200, "GET", href).body.decode() == found[DAV + "displayname"].text


def test_no_white_space_between_elements_and_the_d_prefix(tree):
    body = tree.expect(207, "PROPFIND", "/c/", Depth="1").body
    assert b'<D:multistatus xmlns:D="DAV:"><D:response>' in body
    assert b">\n" not in body
    assert b"> <" not in body


def test_a_long_listing_is_streamed_over_a_kept_connection(site, dav):
    """WsgiDAV builds it in memory; without a length it closes the connection."""
    count = 1500

    def fill(edit):
        collection = edit.view("c").info.id
        for number in range(count):
            edit.apply(collection, Put((f"file-{number:05d}",), FileNode().freeze()))

    site.house.edit(fill)
    answer = dav.expect(207, "PROPFIND", "/c/", Depth="1")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.headers["Connection"] is None
    assert len(etree.fromstring(answer.body)) == count + 1
    socket = dav.connection.sock
    dav.expect(207, "PROPFIND", "/c/", Depth="0")
    assert dav.connection.sock is socket


def test_infinity_has_a_bound(dav, monkeypatch):
    dav.expect(201, "PUT", "/c/f", b"")
    monkeypatch.setattr("davserver.dav.propfind.MAX_INFINITE_FILES", 0)
    answer = dav.expect(403, "PROPFIND", "/c/", Depth="infinity")
    assert answer.xml[0].tag == DAV + "propfind-finite-depth"
    dav.expect(207, "PROPFIND", "/c/", Depth="1")


def test_a_lock_shows_on_everything_it_covers(dav):
    """WsgiDAV shows it on its root only (RFC 4918 sections 6.1 and 15.8)."""
    dav.expect(201, "MKCOL", "/c/d/")
    dav.expect(201, "PUT", "/c/d/f", b"")
    dav.expect(201, "PUT", "/c/other", b"")
    body = (
        b'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>'
        b"<D:owner>me</D:owner></D:lockinfo>"
    )
    token = dav.expect(200, "LOCK", "/c/d/", body, Depth="infinity", Timeout="Second-100").headers["Lock-Token"]
    listed = dav.propfind("/c/", "infinity", prop("<D:lockdiscovery/>"))
    shown = {href: found[DAV + "lockdiscovery"] for href, found in listed.items()}
    assert len(shown["/c/"]) == len(shown["/c/other"]) == 0
    for href in ("/c/d/", "/c/d/f"):
        (lock,) = shown[href]
        assert lock.findtext(f"{DAV}locktoken/{DAV}href") == token.strip("<>")
        assert lock.findtext(f"{DAV}lockroot/{DAV}href") == "/c/d/"
        assert lock.findtext(f"{DAV}depth") == "infinity"
        assert lock.findtext(f"{DAV}owner") == "me"
        assert 0 < int(lock.findtext(f"{DAV}timeout").removeprefix("Second-")) <= 100


def test_dead_properties_are_shown(dav):
    dav.expect(201, "PUT", "/c/f", b"")
    update = (
        b'<D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x"><D:set><D:prop xml:lang="de">'
        b'<x:note a="1">gr\xc3\xbcn<x:sub/></x:note></D:prop></D:set></D:propertyupdate>'
    )
    dav.expect(207, "PROPPATCH", "/c/f", update)
    for body in ("", prop('<note xmlns="urn:x"/>')):
        note = dav.propfind("/c/", "1", body)["/c/f"]["{urn:x}note"]
        assert note.text == "grün"
        assert note.get("a") == "1"
        assert note[0].tag == "{urn:x}sub"
        assert note.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"


def test_a_collection_shows_the_same_in_the_list_of_all(dav):
    update = b'<propertyupdate xmlns="DAV:"><set><prop><x:p xmlns:x="urn:x">v</x:p></prop></set></propertyupdate>'
    dav.expect(207, "PROPPATCH", "/c/", update)
    dav.expect(201, "PUT", "/c/f", b"12345")
    listed, alone = dav.propfind("/", "1")["/c/"], dav.propfind("/c/", "0")["/c/"]
    assert {name: etree.tostring(element) for name, element in listed.items()} == {
        name: etree.tostring(element) for name, element in alone.items()
    }
    assert listed["{urn:x}p"].text == "v"


def test_a_lock_inside_a_folder_keeps_its_root_when_all_is_listed(dav):
    dav.expect(201, "MKCOL", "/c/d/")
    lock = (
        b'<lockinfo xmlns="DAV:"><lockscope><shared/></lockscope><locktype><write/></locktype>'
        b"<owner>me</owner></lockinfo>"
    )
    dav.expect(200, "LOCK", "/c/d/", lock, Depth="0")
    shown = dav.propfind("/", "infinity", prop("<D:lockdiscovery/>"))["/c/d/"][DAV + "lockdiscovery"]
    assert shown.findtext(f"{DAV}activelock/{DAV}lockroot/{DAV}href") == "/c/d/"


def test_explorer_gets_no_more_than_it_reads(dav):
    """Its listings end at 1,000,000 bytes (quirk ``explorer``)."""
    dav.expect(201, "PUT", "/c/f", b"")
    usual = dav.expect(207, "PROPFIND", "/c/", b"", Depth="1").body
    explorer = dav.expect(
        207, "PROPFIND", "/c/", b"", Depth="1", User_Agent="Microsoft-WebDAV-MiniRedir/10.0.19045"
    ).body
    assert b"supportedlock" in usual
    assert b"supportedlock" not in explorer
    for needed in (b"getcontentlength", b"getlastmodified", b"creationdate", b"resourcetype"):
        assert needed in explorer
