"""The page on the URLs of the space: who gets it, what it tells whom, and that it lets nothing in."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from davserver.catalog.model import Right
from tests.support.site import Client, Site
from tests.support.visitors import guarded_app, visiting

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HTML = {"Accept": BROWSER}


@pytest.fixture
def dav(site: Site, stage) -> Iterator[Client]:
    """Serve the page before WebDAV, and what is below ``/_/``, as the composition root does; with a collection."""
    with stage[0].play(guarded_app(site.house)):
        site.client.expect(201, "MKCOL", "/c/")
        yield site.client


def state_of(page: bytes) -> dict:
    """Return what the page tells its script."""
    match = re.search(r"data-state='([^']*)'", page.decode())
    assert match is not None
    return json.loads(match[1])


def links_of(page: bytes) -> list[str]:
    return [html.unescape(href) for href in re.findall(r'href="([^"]*)"', page.decode())]


def listed(dav: Client, path: str, query: str = "") -> dict:
    return json.loads(dav.expect(200, "GET", f"/_/api/list{path}{query}").body)


def names(listing: dict) -> list[str]:
    return [entry["name"] for entry in listing["entries"]]


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/plain, text/html;q=0.5", "text/html;q=0"])
def test_who_does_not_ask_for_html_gets_what_it_always_got(dav: Client, accept: str | None) -> None:
    answer = dav.send("GET", "/c/", None, {"Accept": accept} if accept else {})
    assert (answer.status, b"data-state" in answer.body) == (200, False)
    assert "Accept" in answer.headers["Vary"]


def test_a_browser_gets_the_page_and_head_tells_the_same(dav: Client) -> None:
    page = dav.expect(200, "GET", "/c/", Accept=BROWSER)
    head = dav.expect(200, "HEAD", "/c/", Accept=BROWSER)
    assert b"data-state" in page.body
    assert head.body == b""
    for name in ("Content-Type", "Content-Length", "Content-Security-Policy", "Cache-Control", "Vary"):
        assert page.headers[name] == head.headers[name]
    assert page.headers["Cache-Control"] == "private, no-cache"
    assert "Accept" in page.headers["Vary"]


def test_a_browser_gets_a_file_as_anybody_does(dav: Client) -> None:
    dav.expect(201, "PUT", "/c/a.txt", b"hello")
    assert dav.expect(200, "GET", "/c/a.txt", Accept=BROWSER).body == b"hello"


def test_nothing_of_the_page_is_inline_or_from_elsewhere(dav: Client) -> None:
    page = dav.expect(200, "GET", "/c/", Accept=BROWSER)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    text = page.body.decode()
    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", text) == []
    assert [href for href in links_of(page.body) if "//" in href] == []


def test_assets_are_kept_for_ever_under_their_hash(dav: Client) -> None:
    page = dav.expect(200, "GET", "/", Accept=BROWSER)
    assets = {re.sub("#.*", "", href) for href in links_of(page.body) if href.startswith("/_/assets/")}
    assets |= set(re.findall(r'src="([^"]*)"', page.body.decode()))
    assert len(assets) > 3
    for path in assets:
        answer = dav.expect(200, "GET", path)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"].split(";")[0] in {"text/css", "text/javascript", "image/svg+xml"}
    other = dav.expect(200, "GET", re.sub("assets/[0-9a-f]+", "assets/0123456789abcdef", path))
    assert other.headers["Cache-Control"] == "no-store"
    assert dav.send("GET", "/_/assets/0/../../app.py").status == 404


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\"'><script>alert(1)",
    "{{ 7777 * 7777 }}",
    "100%25",
    "a&amp;b",
    "\u202egpj.exe",
    "javascript:alert(1)",
    "x" * 255,
    " space ",
    "#hash?query",
)


def test_hostile_names_are_names_and_nothing_else(dav: Client, site: Site) -> None:
    for name in HOSTILE:
        dav.expect(201, "PUT", "/c/" + "".join(f"%{byte:02X}" for byte in name.encode()), b"x")
    page = dav.expect(200, "GET", "/c/", Accept=BROWSER)
    assert set(names(state_of(page.body)["listing"])) == set(HOSTILE)
    assert re.findall(rb"<img|<script>|60481729", page.body) == []
    told = {unquote(href.removeprefix("/c/")) for href in links_of(page.body) if href.startswith("/c/")}
    assert set(HOSTILE) <= told


def test_a_listing_in_every_order_and_page_by_page(dav: Client) -> None:
    for index, name in enumerate(("b2", "b10", "A", "c.txt")):
        dav.expect(201, "PUT", f"/c/{name}", b"x" * (10 - index), X_OC_Mtime=str(1000 + index))
    dav.expect(201, "MKCOL", "/c/folder/")
    assert names(listed(dav, "/c/")) == ["folder", "A", "b2", "b10", "c.txt"]
    assert names(listed(dav, "/c/", "?order=desc")) == ["c.txt", "b10", "b2", "A", "folder"]
    assert names(listed(dav, "/c/", "?sort=size")) == ["folder", "c.txt", "A", "b10", "b2"]
    assert names(listed(dav, "/c/", "?sort=modified&limit=2")) == ["b2", "b10"]
    assert names(listed(dav, "/c/", "?offset=3&limit=9")) == ["b10", "c.txt"]
    assert listed(dav, "/c/", "?offset=3&limit=1")["total"] == 5


def test_a_listing_tells_what_the_page_needs(dav: Client) -> None:
    put = dav.expect(201, "PUT", "/c/a.txt", b"hello", X_OC_Mtime="1700000000")
    dav.expect(201, "MKCOL", "/c/d/")
    dav.expect(201, "PUT", "/c/d/b.bin", b"12345678")
    listing = listed(dav, "/c/")
    assert (listing["kind"], listing["collection"], listing["right"]) == ("collection", "c", "manage")
    folder, file = listing["entries"]
    etag = put.headers["ETag"].strip('"')
    kind = "text/plain; charset=utf-8"
    told = {"name": "a.txt", "folder": False, "modified": 1700000000, "size": 5, "etag": etag, "type": kind}
    assert file == told
    assert (folder["folder"], folder["size"], folder["files"]) == (True, 8, 1)
    assert listed(dav, "/c/d/")["path"] == ["d"]
    assert listed(dav, "/")["kind"] == "root"


def test_the_stamp_changes_with_every_change(dav: Client) -> None:
    before = listed(dav, "/c/", "?limit=0")["stamp"]
    assert listed(dav, "/c/", "?limit=0")["stamp"] == before
    dav.expect(201, "PUT", "/c/a", b"")
    assert listed(dav, "/c/", "?limit=0")["stamp"] != before


def test_names_are_found_in_a_folder_and_below(dav: Client) -> None:
    for path in ("/c/d/", "/c/d/e/"):
        dav.expect(201, "MKCOL", path)
    for path in ("/c/Report.txt", "/c/d/e/my%20report", "/c/other"):
        dav.expect(201, "PUT", path, b"")
    assert names(listed(dav, "/c/", "?find=REPORT")) == ["Report.txt"]
    deep = listed(dav, "/c/", "?find=report&deep=1")
    assert [(entry.get("where"), entry["name"]) for entry in deep["entries"]] == [
        (["d", "e"], "my report"),
        (None, "Report.txt"),
    ]
    assert names(listed(dav, "/", "?find=report&deep=1")) == ["my report", "Report.txt"]
    assert deep["complete"]


@pytest.mark.parametrize("query", ["?sort=colour", "?order=up", "?offset=-1", "?limit=x", "?deep=yes", "?find=%FF"])
def test_a_query_that_means_nothing_is_refused(dav: Client, query: str) -> None:
    assert dav.expect(400, "GET", f"/_/api/list/c/{query}").headers["Content-Type"] == "application/json"
    assert dav.expect(400, "GET", f"/c/{query}", Accept=BROWSER).headers["Content-Type"].startswith("text/html")


def test_the_list_without_scripts_has_links_to_every_page_and_order(dav: Client) -> None:
    for number in range(5):
        dav.expect(201, "PUT", f"/c/{number}", b"")
    first = dav.expect(200, "GET", "/c/?limit=2", Accept=BROWSER).body
    assert "/c/?sort=name&order=desc" in links_of(first)
    assert "/c/?sort=size&order=desc" in links_of(first)
    seen = []
    path = "/c/?limit=2"
    while path:
        page = dav.expect(200, "GET", path, Accept=BROWSER).body
        seen += names(state_of(page)["listing"])
        path = next(iter(html.unescape(href) for href in re.findall(r'rel="next" href="([^"]*)"', page.decode())), "")
    assert seen == ["0", "1", "2", "3", "4"]


def test_below_the_path_of_a_proxy_all_addresses_bear_it(dav: Client, site: Site, stage) -> None:
    dav.expect(201, "MKCOL", "/c/d/")
    app = guarded_app(site.house)
    with stage[0].play(lambda environ, start: app(environ | {"SCRIPT_NAME": "/dav files"}, start)):
        page = dav.expect(200, "GET", "/c/", Accept=BROWSER).body
    assert [href for href in links_of(page) if not href.startswith(("/dav%20files/", "#"))] == []
    assert state_of(page)["prefix"] == "/dav%20files"


def test_versions_and_histories_are_listed_and_cannot_be_changed(dav: Client, site: Site) -> None:
    dav.expect(201, "PUT", "/c/a", b"")
    site.house.commit("c")
    history = listed(dav, "/history/c/")
    assert (history["kind"], history["right"]) == ("space", "read")
    (version,) = names(history)
    frozen = listed(dav, f"/history/c/{version}/")
    assert (frozen["kind"], frozen["right"], names(frozen)) == ("version", "read", ["a"])


def test_the_page_shows_nobody_what_they_may_not_see(dav: Client, site: Site, stage) -> None:
    for path in ("/secret/", "/c/part/", "/part/", "/part/mine/", "/part/other/"):
        dav.expect(201, "MKCOL", path)
    dav.expect(201, "PUT", "/secret/plan", b"")
    dav.expect(201, "PUT", "/part/other/plan", b"")
    with visiting(site, stage[0]) as visitors:
        visitors.account("ann")
        visitors.grant("c", "ann", Right.READ)
        visitors.grant("part", "ann", Right.WRITE, ("mine",))

        def listing(path: str) -> dict:
            return json.loads(visitors.send("ann", "GET", f"/_/api/list{path}").body)

        assert [(entry["name"], entry["right"]) for entry in listing("/")["entries"]] == [
            ("c", "read"),
            ("part", "read"),
        ]
        assert listing("/c/")["right"] == "read"
        assert names(listing("/part/")) == ["mine"]
        assert listing("/part/mine/")["right"] == "write"
        assert names(listing("/?find=plan&deep=1")) == []
        for path in ("/{}/", "/part/{}/", "/_/api/list/{}/", "/_/api/list/part/{}/"):
            hidden = visitors.send("ann", "GET", path.format("secret" if "part" not in path else "other"), None, HTML)
            missing = visitors.send("ann", "GET", path.format("nothing"), None, HTML)
            assert (hidden.status, hidden.body) == (404, missing.body)


def signed_in(visitors, address: str) -> str:
    """Follow the way of a name over the root, below which browsers give it from then on; where it ends."""
    root = visitors.send("ann", "GET", address).headers["Location"]
    assert root.startswith("/?signin=")
    return visitors.send("ann", "GET", root, None, HTML).headers["Location"]


def test_a_stranger_is_asked_for_a_name_and_sees_a_page_meanwhile(dav: Client, site: Site, stage) -> None:
    with visiting(site, stage[0]) as visitors:
        visitors.account("ann")
        refused = visitors.send("", "GET", "/c/", None, HTML)
        assert (refused.status, refused.headers["WWW-Authenticate"][:5]) == (401, "Basic")
        assert b"Sign in" in refused.body
        assert visitors.send("", "GET", "/_/api/list/c/").status == 401
        assert visitors.send("", "GET", "/_/signin?to=/c/").status == 401
        assert visitors.send("", "GET", "/?signin=/c/", None, HTML).status == 401
        assert signed_in(visitors, "/_/signin?to=/c/") == "/c/"
        for elsewhere in ("//evil.example/", "https://evil.example/", "/%5Cevil", "x", "", "/a%0D%0AX:1"):
            assert signed_in(visitors, f"/_/signin?to={elsewhere}") == "/"
            assert visitors.send("ann", "GET", f"/?signin={elsewhere}", None, HTML).headers.get("Location", "/") == "/"


def test_the_page_of_an_error_leads_to_a_name_and_back(dav: Client, site: Site, stage) -> None:
    """With no accounts nobody can sign in: the button led to the list of collections."""
    assert b"Sign in" not in dav.expect(404, "GET", "/c/no%20where/", Accept=BROWSER).body
    with visiting(site, stage[0]) as visitors:
        visitors.account("ann")
        refused = visitors.send("", "GET", "/c/no%20where/?find=x", None, HTML)
        (way,) = [href for href in links_of(refused.body) if "signin" in href]
        assert signed_in(visitors, way) == "/c/no%20where/"
