"""Links on servers of their own: while there are no accounts, through a kill, and in the log."""

from __future__ import annotations

import json
import re
import socket
from urllib.parse import urlsplit

from davserver.access import managing
from davserver.access.passwords import Passwords
from davserver.middleware.proxies import BehindProxies, Trust
from tests.support.process import Server, davserver, until
from tests.support.visitors import STRANGER, guarded_app, visiting

LARGE = 24 << 20


def made_by_nobody(visitors) -> str:
    body = json.dumps({"collection": "c"}).encode()
    answer = visitors.send(STRANGER, "POST", "/_/api/links", body, {"Content-Type": "application/json"})
    assert answer.status == 201
    return str(json.loads(answer.body)["url"])


def test_links_of_strangers_end_with_the_first_account_and_the_operators_do_not(site, stage):
    with visiting(site, stage[0]) as visitors:
        assert visitors.send(STRANGER, "MKCOL", "/c/").status == 201
        assert visitors.send(STRANGER, "PUT", "/c/f", b"x").status == 201
        strangers = made_by_nobody(visitors)
        operators = davserver(site.data, "link", "create", "c").splitlines()[-1]
        for url in (strangers, operators):
            assert visitors.send(STRANGER, "GET", url + "f").body == b"x"
        managing.add_account(site.house, Passwords(), "ann", None)
        assert visitors.send(STRANGER, "GET", strangers + "f").status == 404
        assert visitors.send(STRANGER, "GET", operators + "f").body == b"x"
        (row,) = [each for each in json.loads(davserver(site.data, "link", "list", "--json")) if not each["made_by"]][
            :1
        ]
        for each in json.loads(davserver(site.data, "link", "list", "c", "--json")):
            davserver(site.data, "link", "revoke", each["id"])
        assert visitors.send(STRANGER, "GET", operators + "f").status == 404
        assert row["collection"] == "c"


def test_a_purged_collection_takes_its_links_along(site, stage):
    with visiting(site, stage[0]) as visitors:
        assert visitors.send(STRANGER, "MKCOL", "/c/").status == 201
        url = made_by_nobody(visitors)
        uuid = site.house.info("c").uuid
        assert visitors.send(STRANGER, "DELETE", "/c/").status == 204
        assert visitors.send(STRANGER, "DELETE", f"/_/api/trash/{uuid}").status in {200, 204}
        assert visitors.send(STRANGER, "GET", url).status == 404
        with site.house.read_catalog() as tables:
            assert tables.links.of() == []


def test_behind_a_proxy_all_of_a_link_bears_its_prefix(site, stage):
    app = BehindProxies(guarded_app(site.house), Trust(["127.0.0.1"]), prefix="/dav")
    with stage[0].play(app):
        site.client.expect(201, "MKCOL", "/dav/c/")
        site.client.expect(201, "PUT", "/dav/c/f", b"x")
        wish = json.dumps({"collection": "c"}).encode()
        made = site.client.expect(201, "POST", "/dav/_/api/links", wish, Content_Type="application/json")
        url = json.loads(made.body)["url"]
        assert url.startswith("/dav/_/s/")
        assert site.client.expect(200, "GET", f"{url}f").body == b"x"
        assert set(site.client.propfind(url, "1")) == {url, f"{url}f"}
        site.client.expect(200, "GET", url.replace("/_/s/", "/_/s/_/zip/"))
        page = site.client.expect(200, "GET", url, Accept="text/html").body.decode()
        style = re.search(r'href="([^"]*/page\.css)"', page)
        assert style is not None
        assert style[1].startswith("/dav/_/s/_/assets/")
        site.client.expect(200, "GET", style[1])


def begin(url: str, path: str) -> socket.socket:
    """Ask for a file, and read no more than the first of its bytes."""
    parts = urlsplit(url)
    stream = socket.create_connection((parts.hostname, parts.port), 30)
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: began\r\n\r\n".encode())
    assert stream.recv(12) == b"HTTP/1.1 200"
    return stream


def test_a_kill_gives_no_download_back_and_no_log_tells_a_link(tmp_path):
    data = tmp_path / "data"
    server = Server(data, "--workers", "2")
    server.start()
    try:
        with server.dav() as dav:
            dav.mkcol("/c/")
            dav.put("/c/large", b"x" * LARGE)
        made = json.loads(davserver(data, "link", "create", "c/large", "--downloads", "2", "--json"))
        with begin(server.url, made["url"]):
            server.kill()
        server.start()
        with server.dav() as dav:
            (row,) = json.loads(davserver(data, "link", "list", "--json"))
            assert row["downloads_left"] == 1
            assert len(dav.get(made["url"])) == LARGE
            assert dav.send("GET", made["url"]).status_code == 404
            until(lambda: f"link:{made['link']['id']}" in server.log)
            until(lambda: server.log.count("/_/s/") >= 2)
        assert made["url"].split("/")[3] not in server.log
    finally:
        server.stop()
