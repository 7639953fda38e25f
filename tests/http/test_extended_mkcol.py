"""Extended MKCOL (RFC 5689): a folder that has its properties from its first moment, or is not made."""

from __future__ import annotations

import pytest

from tests.support.site import DAV

COLLECTION = "<D:resourcetype><D:collection/></D:resourcetype>"
XML = "application/xml"


def body(*properties):
    return f'<D:mkcol xmlns:D="DAV:"><D:set><D:prop>{"".join(properties)}</D:prop></D:set></D:mkcol>'.encode()


@pytest.mark.parametrize("path", ["/c/folder/", "/collection/"])
def test_a_folder_is_made_with_its_properties(dav, path):
    name = "<D:displayname>Shown</D:displayname>"
    dead = '<x:colour xmlns:x="urn:x">blue</x:colour>'
    dav.expect(201, "MKCOL", path, body(COLLECTION, name, dead), Content_Type=XML)
    found = dav.propfind(path, "0")[path]
    assert found[DAV + "displayname"].text == "Shown"
    assert found["{urn:x}colour"].text == "blue"
    assert found[DAV + "resourcetype"].find(DAV + "collection") is not None


def test_a_type_is_not_needed(dav):
    dav.expect(201, "MKCOL", "/c/folder/", body("<D:displayname>x</D:displayname>"), Content_Type="text/xml")


def test_one_property_that_cannot_be_set_keeps_the_folder_from_being_made(dav):
    properties = ("<D:getetag>x</D:getetag>", "<D:displayname>x</D:displayname>")
    answer = dav.expect(403, "MKCOL", "/c/folder/", body(COLLECTION, *properties), Content_Type=XML)
    assert answer.xml.tag == DAV + "mkcol-response"
    told = {
        prop.tag: propstat.findtext(DAV + "status").split()[1]
        for propstat in answer.xml.iter(DAV + "propstat")
        for prop in propstat.find(DAV + "prop")
    }
    assert told == {DAV + "getetag": "403", DAV + "displayname": "424", DAV + "resourcetype": "424"}
    dav.expect(404, "PROPFIND", "/c/folder/", Depth="0")


def test_another_type_of_resource_is_refused(dav):
    kind = '<D:resourcetype><D:collection/><C:calendar xmlns:C="urn:ietf:params:xml:ns:caldav"/></D:resourcetype>'
    answer = dav.expect(403, "MKCOL", "/c/folder/", body(kind), Content_Type=XML)
    assert answer.xml.find(DAV + "valid-resourcetype") is not None
    dav.expect(404, "PROPFIND", "/c/folder/", Depth="0")


@pytest.mark.parametrize(
    ("status", "sent", "kind"),
    [
        (415, b"hello", "text/plain"),
        (415, b"<D:propfind xmlns:D='DAV:'/>", XML),
        (400, b"<", XML),
        (400, b"<D:mkcol xmlns:D='DAV:'><D:remove><D:prop><D:x/></D:prop></D:remove></D:mkcol>", XML),
    ],
)
def test_another_body_is_refused(dav, status, sent, kind):
    dav.expect(status, "MKCOL", "/c/folder/", sent, Content_Type=kind)
    dav.expect(404, "PROPFIND", "/c/folder/", Depth="0")


def test_what_is_there_stays(dav):
    dav.expect(405, "MKCOL", "/c/", body(COLLECTION), Content_Type=XML)


def test_options_tell_of_it(dav):
    assert "extended-mkcol" in dav.expect(200, "OPTIONS", "/c/").headers["DAV"]
