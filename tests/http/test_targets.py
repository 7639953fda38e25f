"""What may stand in a request line, and what it names."""

import re

import pytest


@pytest.mark.parametrize(
    "path", ["/c/%ff", "/%ff", "/c/a%2Fb", "/c/..%2f..%2fetc", "/c/..", "/c/%2e%2e/x", "/..", "/c/a%00", "/c/%zz"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "PROPFIND", "MKCOL", "DELETE"])
def test_paths_that_are_none_get_an_answer(dav, method, path):
    """WsgiDAV drops the connection for the first; it takes ``%2F`` for a name."""
    dav.expect(400, method, path, b"" if method == "PUT" else None)


@pytest.mark.parametrize(
    "name", ["a;b", "a%3Fb", "a%23b", "100%25", "a%252Fb", "a+b", "a'b", "%26%3C%3E", "%20 ".strip(), "a:b", "~%5C"]
)
def test_names_survive_the_round(dav, name):
    dav.expect(201, "PUT", f"/c/{name}", name.encode())
    assert dav.expect(200, "GET", f"/c/{name}").body == name.encode()
    hrefs = list(dav.propfind("/c/", "1"))
    assert len(hrefs) == 2
    assert dav.expect(200, "GET", hrefs[1]).body == name.encode()


def status(reply):
    return int(re.match(rb"HTTP/1\.1 (\d+)", reply)[1])


def test_absolute_form_and_double_slashes(dav):
    dav.expect(201, "PUT", "/c/f", b"x")
    for target in (b"http://x/c/f", b"//c//f"):
        reply = dav.raw(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert status(reply) == 200
        assert reply.endswith(b"\r\n\r\nx")


def test_the_query_is_no_part_of_the_name(dav):
    dav.expect(201, "PUT", "/c/f", b"x")
    assert dav.expect(200, "GET", "/c/f?a=b/c").body == b"x"


@pytest.mark.parametrize("path", ["/_/nothing", "/by_id/nothing", "/history/none/", "/none", "/none/x"])
def test_what_is_not_there(dav, path):
    answer = dav.expect(404, "GET", path)
    assert answer.headers["Cache-Control"] == "no-store"


def test_upper_and_lower_case_collections_are_two(dav):
    """WsgiDAV looks shares up in lower case."""
    dav.expect(201, "MKCOL", "/Data")
    dav.expect(201, "PUT", "/Data/f", b"upper")
    dav.expect(404, "GET", "/data/f")
    assert dav.expect(200, "GET", "/Data/f").body == b"upper"


def test_a_collection_by_its_uuid(site, dav):
    dav.expect(201, "PUT", "/c/d%20x", b"x")
    uuid = site.house.view("c").info.uuid
    assert dav.expect(200, "GET", f"/by_id/{uuid}/d%20x").body == b"x"
    assert list(dav.propfind(f"/by_id/{uuid}/", "1")) == [f"/by_id/{uuid}/", f"/by_id/{uuid}/d%20x"]
    assert list(dav.propfind("/by_id/", "1")) == ["/by_id/"]


def test_versions_are_folders_that_do_not_change(site, dav):
    dav.expect(201, "PUT", "/c/f", b"one")
    version = site.house.commit("c")
    dav.expect(204, "PUT", "/c/f", b"two")
    hrefs = list(dav.propfind("/history/c/", "1"))
    assert hrefs[0] == "/history/c/"
    assert re.fullmatch(r"/history/c/\d{4}-\d\d-\d\dT\d{6}Z-000001/", hrefs[1])
    assert dav.expect(200, "GET", hrefs[1] + "f").body == b"one"
    dav.expect(404, "GET", hrefs[1].replace("000001", "000002") + "f")
    dav.expect(403, "PUT", hrefs[1] + "f", b"three")
    pinned = dav.expect(200, "GET", f"/by_id/{version.pdh}/f")
    assert pinned.body == b"one"
    assert "immutable" in pinned.headers["Cache-Control"]
    assert list(dav.propfind("/history/", "1")) == ["/history/", "/history/c/"]


def test_options_says_what_is_possible(dav):
    dav.expect(201, "PUT", "/c/f", b"x")
    for path in ("/", "/c/", "/c/f", "/c/new", "/by_id/", "/history/"):
        answer = dav.expect(200, "OPTIONS", path)
        assert [part.strip() for part in answer.headers["DAV"].split(",")][:3] == ["1", "2", "3"]
        assert answer.headers["MS-Author-Via"] == "DAV"
        assert "OPTIONS" in answer.headers["Allow"]
    assert "PUT" not in dav.expect(200, "OPTIONS", "/").headers["Allow"]
    assert "MKCOL" in dav.expect(200, "OPTIONS", "/c/new").headers["Allow"]
    assert status(dav.raw(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/c/"), ("MKCOL", "/c/"), ("PUT", "/c/")])
def test_405_names_what_works(dav, method, path):
    """WsgiDAV sends no Allow."""
    dav.expect(201, "PUT", "/c/f", b"x")
    assert "PROPFIND" in dav.expect(405, method, path).headers["Allow"]


def test_a_method_nobody_has_heard_of_is_501(dav):
    """RFC 9110 section 9.1."""
    for path in ("/", "/c/", "/c/new"):
        dav.expect(501, "BREW", path)
        assert "OPTIONS" in dav.expect(405, "TRACE", path).headers["Allow"]


def test_errors_tell_nothing_of_the_inside(dav):
    for method, path in (("GET", "/none"), ("BREW", "/c/"), ("GET", "/%ff")):
        answer = dav.send(method, path)
        for word in (b"Error", b"Traceback", b"WsgiDAV", b"wsgidav", b"Python"):
            assert word not in answer.body
        assert "WsgiDAV" not in answer.headers.get("Server", "")


def test_a_folder_without_its_slash_is_no_redirect(dav):
    """WsgiDAV redirects, and loses the share's prefix; the Windows redirector does not follow at all."""
    dav.expect(201, "MKCOL", "/c/sub/")
    for path in ("/c/sub", "/c"):
        dav.expect(200, "GET", path)
        dav.expect(200, "HEAD", path)
        dav.expect(207, "PROPFIND", path, Depth="0")
