"""PROPPATCH over a socket: dead properties as they were sent, live ones as far as a client may set them."""

from __future__ import annotations

import pytest

from davserver.dav.proppatch import MAX_PROPERTIES, MAX_VALUE_CHARS

DAV = "{DAV:}"
WINDOWS = "urn:schemas-microsoft-com:"


def update(*actions):
    return f'<D:propertyupdate xmlns:D="DAV:" xmlns:a="urn:a">{"".join(actions)}</D:propertyupdate>'.encode()


def setting(*properties):
    return f"<D:set><D:prop>{''.join(properties)}</D:prop></D:set>"


def removing(*properties):
    return f"<D:remove><D:prop>{''.join(properties)}</D:prop></D:remove>"


def patch(dav, path, *actions, status=207, **headers):
    """Send an update; return property name to (status code, precondition or None)."""
    answer = dav.expect(status, "PROPPATCH", path, update(*actions), **headers)
    if status != 207:
        return None
    outcome = {}
    for propstat in answer.xml.iter(DAV + "propstat"):
        code = int(propstat.findtext(DAV + "status").split()[1])
        error = propstat.find(DAV + "error")
        for prop in propstat.find(DAV + "prop"):
            outcome[prop.tag] = (code, None if error is None else error[0].tag.removeprefix(DAV))
    return outcome


def properties(dav, path):
    """Return all properties of a resource, the dead ones included."""
    return next(iter(dav.propfind(path, "0").values()))


@pytest.fixture(params=["/c/f", "/c/folder/", "/c/"])
def resource(request, dav):
    """Be a file, a folder and a collection."""
    dav.expect(201, "PUT", "/c/f", b"content")
    dav.expect(201, "MKCOL", "/c/folder")
    return request.param


def test_set_change_and_remove(dav, resource):
    assert patch(dav, resource, setting("<a:one>1</a:one>", "<a:two/>")) == {
        "{urn:a}one": (200, None),
        "{urn:a}two": (200, None),
    }
    found = properties(dav, resource)
    assert found["{urn:a}one"].text == "1"
    assert found["{urn:a}two"].text is None
    patch(dav, resource, setting("<a:one>new</a:one>"), removing("<a:two/>", "<a:never/>"))
    found = properties(dav, resource)
    assert found["{urn:a}one"].text == "new"
    assert "{urn:a}two" not in found


def test_instructions_are_done_in_document_order(dav, resource):
    patch(dav, resource, setting("<a:x>1</a:x>"), removing("<a:x/>"), setting("<a:x>3</a:x>"), removing("<a:y/>"))
    assert properties(dav, resource)["{urn:a}x"].text == "3"


def test_all_or_none(dav, resource):
    patch(dav, resource, setting("<a:kept>old</a:kept>"))
    outcome = patch(
        dav, resource, setting("<a:kept>new</a:kept>", "<D:getetag>mine</D:getetag>"), removing("<a:kept/>")
    )
    assert outcome == {"{urn:a}kept": (424, None), DAV + "getetag": (403, "cannot-modify-protected-property")}
    assert properties(dav, resource)["{urn:a}kept"].text == "old"


@pytest.mark.parametrize(
    "name",
    ["getcontentlength", "getetag", "resourcetype", "lockdiscovery", "supportedlock",
     "quota-used-bytes", "quota-available-bytes", "getcontenttype"],
)  # fmt: skip
@pytest.mark.parametrize("action", [setting, removing])
def test_protected_properties(dav, name, action):
    dav.expect(201, "PUT", "/c/f", b"content")
    assert patch(dav, "/c/f", action(f"<D:{name}/>")) == {DAV + name: (403, "cannot-modify-protected-property")}


def test_values_come_back_as_they_were_sent(dav, resource):
    value = (
        '<p:v xmlns:p="urn:p" xmlns="urn:default" p:attr="a&quot;b" xml:lang="de">'
        "Text <b>mixed <p:i/>\u00fc\U0001f408</b>"
        "&lt;tag&gt; ]]&gt; &amp;amp;<![CDATA[<raw>]]></p:v>"
    )
    patch(dav, resource, setting(value))
    found = properties(dav, resource)["{urn:p}v"]
    assert "".join(found.itertext()) == "Text mixed \u00fc\U0001f408<tag> ]]> &amp;<raw>"
    assert [child.tag for child in found.iter()] == ["{urn:p}v", "{urn:default}b", "{urn:p}i"]
    assert found.get("{urn:p}attr") == 'a"b'
    assert found.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"


def test_a_language_is_inherited_by_the_stored_value(dav, resource):
    body = update(setting("<a:v>hei</a:v>")).replace(b"<D:prop>", b'<D:prop xml:lang="nb">')
    dav.expect(207, "PROPPATCH", resource, body)
    assert properties(dav, resource)["{urn:a}v"].get("{http://www.w3.org/XML/1998/namespace}lang") == "nb"


def test_names_without_a_namespace_and_with_the_names_of_live_ones(dav, resource):
    patch(dav, resource, setting('<plain xmlns="">p</plain>', "<a:getcontentlength>no number</a:getcontentlength>"))
    found = properties(dav, resource)
    assert found["plain"].text == "p"
    assert found["{urn:a}getcontentlength"].text == "no number"


def test_the_display_name_may_be_set(dav, resource):
    patch(dav, resource, setting("<D:displayname>Shown</D:displayname>"))
    assert properties(dav, resource)[DAV + "displayname"].text == "Shown"
    patch(dav, resource, removing("<D:displayname/>"))
    assert properties(dav, resource)[DAV + "displayname"].text != "Shown"


@pytest.mark.parametrize(
    "element",
    [
        "<D:getlastmodified>Fri, 02 Jan 1970 00:00:00 GMT</D:getlastmodified>",
        "<D:lastmodified>86400</D:lastmodified>",
        "<D:lastmodified> 86400.5 </D:lastmodified>",
        f'<w:Win32LastModifiedTime xmlns:w="{WINDOWS}">Fri, 02 Jan 1970 00:00:00 GMT</w:Win32LastModifiedTime>',
    ],
)
def test_ways_to_set_the_modification_time(dav, resource, element):
    assert all(outcome == (200, None) for outcome in patch(dav, resource, setting(element)).values())
    assert properties(dav, resource)[DAV + "getlastmodified"].text == "Fri, 02 Jan 1970 00:00:00 GMT"


def test_a_modification_time_that_is_none(dav, resource):
    before = properties(dav, resource)[DAV + "getlastmodified"].text
    assert patch(dav, resource, setting("<D:getlastmodified>soon</D:getlastmodified>")) == {
        DAV + "getlastmodified": (409, None)
    }
    assert patch(dav, resource, setting("<D:lastmodified>soon</D:lastmodified>")) == {DAV + "lastmodified": (409, None)}
    assert patch(dav, resource, removing("<D:getlastmodified/>"))[DAV + "getlastmodified"][0] == 403
    assert properties(dav, resource)[DAV + "getlastmodified"].text == before


def test_the_attributes_of_windows_are_kept_even_of_a_locked_file(dav):
    """Explorer sends them without the token it holds, and takes a refusal for a failed copy."""
    dav.expect(201, "PUT", "/c/f", b"content")
    scope = '<D:lockscope xmlns:D="DAV:"><D:exclusive/></D:lockscope><D:locktype xmlns:D="DAV:"><D:write/></D:locktype>'
    dav.expect(200, "LOCK", "/c/f", f'<D:lockinfo xmlns:D="DAV:">{scope}</D:lockinfo>'.encode())
    names = ["Win32CreationTime", "Win32LastAccessTime", "Win32LastModifiedTime", "Win32FileAttributes"]
    elements = [f'<w:{name} xmlns:w="{WINDOWS}">00000020</w:{name}>' for name in names]
    outcome = patch(dav, "/c/f", setting(*elements))
    assert outcome == {f"{{{WINDOWS}}}{name}": (200, None) for name in names}
    assert properties(dav, "/c/f")[f"{{{WINDOWS}}}Win32FileAttributes"].text == "00000020"
    patch(dav, "/c/f", setting(elements[0], "<a:other/>"), status=423)


def test_limits(dav, resource):
    long = "x" * MAX_VALUE_CHARS
    assert patch(dav, resource, setting(f"<a:v>{long}</a:v>", "<a:w/>")) == {
        "{urn:a}v": (507, None),
        "{urn:a}w": (424, None),
    }
    many = [f"<a:p{number}/>" for number in range(MAX_PROPERTIES + 1)]
    assert patch(dav, resource, setting(*many))["{urn:a}p0"] == (424, None)
    assert all(code == 200 for code, _ in patch(dav, resource, setting(*many[1:])).values())
    total = [f"<a:p{number}>{long[:8000]}</a:p{number}>" for number in range(9)]
    assert patch(dav, resource, setting(*total))["{urn:a}p8"] == (507, None)


def test_etag_and_content_stay(dav):
    etag = dav.expect(201, "PUT", "/c/f", b"content").headers["ETag"]
    patch(dav, "/c/f", setting("<a:x>1</a:x>"), If_Match=etag)
    answer = dav.expect(200, "GET", "/c/f")
    assert (answer.body, answer.headers["ETag"]) == (b"content", etag)
    patch(dav, "/c/f", setting("<a:x>2</a:x>"), status=412, If_Match='"other"')


def test_properties_survive_a_commit_and_a_restart(site, dav, resource):
    patch(dav, resource, setting("<a:x>kept</a:x>"))
    site.house.commit("c")
    assert properties(dav, resource)["{urn:a}x"].text == "kept"
    version = next(href for href in dav.propfind("/history/c/", "1") if href != "/history/c/")
    assert properties(dav, version + resource.removeprefix("/c/"))["{urn:a}x"].text == "kept"


@pytest.mark.parametrize(
    ("status", "path"),
    [(404, "/c/nothing"), (404, "/nothing"), (403, "/"), (403, "/by_id/"), (403, "/history/c"), (403, "/history/")],
)
def test_where_nothing_can_be_set(dav, status, path):
    patch(dav, path, setting("<a:x/>"), status=status)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b'<D:propfind xmlns:D="DAV:"/>',
        update(),
        update(setting()),
        b'<!DOCTYPE x [<!ENTITY e "boom">]>' + update(setting("<a:x>&e;</a:x>")),
    ],
)
def test_what_is_no_update(dav, body):
    dav.expect(400, "PROPPATCH", "/c/", body)
