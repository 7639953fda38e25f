"""What one person stores runs nothing in the browser of another, under any of its addresses, whole or in part."""

from __future__ import annotations

import pytest

from tests.support.site import Client, Site

ACTIVE = {
    "page.html": "text/html",
    "page.xhtml": "application/xhtml+xml",
    "drawing.svg": "image/svg+xml",
    "feed.xml": "text/xml",
    "style.xsl": "application/xml",
    "script.js": "text/javascript",
    "old.swf": "application/x-shockwave-flash",
    "page.mht": "message/rfc822",
    "notes.md": "text/markdown",
}
SHOWN = ("a.png", "a.jpg", "a.mp3", "a.mp4", "a.txt", "a.pdf")
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(document.domain)</script></svg>"


def harmless(headers) -> bool:
    """Tell whether a browser runs nothing of a response: no guessing, no origin, no script."""
    policy = headers["Content-Security-Policy"]
    directives = {part.strip().partition(" ")[0]: part.strip() for part in policy.split(";")}
    return (
        headers["X-Content-Type-Options"] == "nosniff"
        and directives["sandbox"] == "sandbox"
        and directives["default-src"] == "default-src 'none'"
        and "script-src" not in directives
    )


def addresses(site: Site, name: str) -> list[str]:
    """Return every address of a file of ``c``: by name, uuid, hash and version."""
    version = site.house.commit("c")
    uuid = site.house.view("c").info.uuid
    listed = site.client.propfind("/history/c/", "1")
    (newest,) = [href for href in listed if href.endswith(f"-{version.number:06d}/")]
    return [f"/c/{name}", f"/by_id/{uuid}/{name}", f"/by_id/{version.pdh}/{name}", f"{newest}{name}"]


@pytest.mark.parametrize("name", ACTIVE)
def test_active_content_is_saved_and_sandboxed_wherever_it_is_got(dav: Client, site: Site, name: str) -> None:
    dav.expect(201, "PUT", f"/c/{name}", SCRIPT)
    dav.expect(201, "PUT", "/c/declared", SCRIPT, Content_Type=ACTIVE[name])
    for address in (*addresses(site, name), "/c/declared"):
        for headers in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=0-1,5-9"}):
            answer = dav.send("GET", address, None, headers)
            assert answer.status == (206 if headers else 200)
            assert harmless(answer.headers), address
            assert answer.headers["Content-Disposition"] == "attachment", address
        head = dav.send("HEAD", address)
        assert head.headers["Content-Disposition"] == "attachment"


@pytest.mark.parametrize("name", SHOWN)
def test_what_holds_no_script_is_shown_in_place(dav: Client, name: str) -> None:
    dav.expect(201, "PUT", f"/c/{name}", b"x")
    answer = dav.expect(200, "GET", f"/c/{name}")
    assert answer.headers["Content-Disposition"] is None
    assert harmless(answer.headers)


@pytest.mark.parametrize(
    "kind",
    ["image/png, text/html", "IMAGE/SVG+XML", "text/plain;x=y,text/html", "x", "text/html;charset=utf-7", "image/"],
)
def test_a_type_that_only_looks_harmless_is_saved(dav: Client, kind: str) -> None:
    dav.expect(201, "PUT", "/c/f", SCRIPT, Content_Type=kind)
    answer = dav.expect(200, "GET", "/c/f")
    assert answer.headers["Content-Disposition"] == "attachment" or answer.headers["Content-Type"] != kind
    assert harmless(answer.headers)


def test_a_name_is_text_in_a_page(dav: Client) -> None:
    dav.expect(201, "PUT", "/c/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E", b"x")
    dav.expect(201, "MKCOL", "/c/%3Cscript%3Ealert(1)'%22&amp;")
    page = dav.expect(200, "GET", "/c/")
    assert b"<img" not in page.body
    assert b"<script" not in page.body
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_an_error_that_repeats_a_name_is_no_page(dav: Client) -> None:
    for path in ("/c/%3Cscript%3E/x", "/by_id/%3Cscript%3E", "/%3Cscript%3E"):
        answer = dav.send("GET", path)
        assert answer.status == 404
        assert not answer.headers["Content-Type"].startswith("text/html")


def test_no_response_invites_other_origins(dav: Client) -> None:
    foreign = {"Origin": "https://evil.com", "Access-Control-Request-Method": "PROPFIND"}
    for method in ("OPTIONS", "GET", "PROPFIND"):
        answer = dav.send(method, "/c/", None, foreign)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
