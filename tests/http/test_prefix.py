"""Behind a proxy that publishes the server under a path, and takes that path off the target or leaves it there."""

import pytest

from davserver.dav.app import make_app
from davserver.middleware.proxies import BehindProxies, Trust
from tests.support.site import Client


class Published:
    """What a client of the proxy sees: every path below ``/dav``, as ``https://files.example.org``."""

    def __init__(self, client: Client, *, keeps: bool) -> None:
        self.client = client
        self.keeps = keeps

    def expect(self, status, method, path, body=None, **headers):
        headers = {"Host": "files.example.org", "X_Forwarded_Proto": "https"} | headers
        if not self.keeps:
            path = path.removeprefix("/dav") or "/"
            headers["X_Forwarded_Prefix"] = "/dav"
        return self.client.expect(status, method, path, body, **headers)


@pytest.fixture(params=["kept", "stripped"])
def published(request, stage, site):
    keeps = request.param == "kept"
    app = BehindProxies(make_app(site.house), Trust(["127.0.0.1"]), prefix="/dav" if keeps else "")
    with stage[0].play(app):
        client = Published(site.client, keeps=keeps)
        client.expect(201, "MKCOL", "/dav/c/")
        client.expect(201, "PUT", "/dav/c/a%3Bb", b"x")
        yield client


def hrefs(answer):
    return [element.text for element in answer.xml.iter("{DAV:}href")]


def test_hrefs_bear_the_prefix(published):
    assert hrefs(published.expect(207, "PROPFIND", "/dav/c/", Depth="1")) == ["/dav/c/", "/dav/c/a%3Bb"]
    assert hrefs(published.expect(207, "PROPFIND", "/dav/", Depth="1")) == ["/dav/", "/dav/c/"]
    assert published.expect(200, "GET", "/dav/c/a%3Bb").body == b"x"
    assert b'href="/dav/c/a%3Bb"' in published.expect(200, "GET", "/dav/c/").body


def test_the_root_needs_no_slash(published):
    """A redirect would break Explorer."""
    assert hrefs(published.expect(207, "PROPFIND", "/dav", Depth="0")) == ["/dav/"]


def test_a_collection_may_be_called_as_the_prefix(published):
    published.expect(201, "MKCOL", "/dav/dav/")
    published.expect(201, "PUT", "/dav/dav/dav", b"y")
    assert hrefs(published.expect(207, "PROPFIND", "/dav/dav/", Depth="1")) == ["/dav/dav/", "/dav/dav/dav"]


@pytest.mark.parametrize("base", ["https://files.example.org", "http://files.example.org:80", ""])
def test_a_destination_bears_the_prefix(published, base):
    """WsgiDAV answers 502 to every MOVE below a mount path."""
    published.expect(201, "MOVE", "/dav/c/a%3Bb", Destination=f"{base}/dav/c/new%3Fname")
    assert published.expect(200, "GET", "/dav/c/new%3Fname").body == b"x"


def test_a_destination_outside_of_the_prefix_is_elsewhere(published):
    published.expect(502, "MOVE", "/dav/c/a%3Bb", Destination="https://files.example.org/c/b")


def test_tags_of_an_if_header_and_lock_roots_bear_the_prefix(published):
    answer = published.expect(
        200, "LOCK", "/dav/c/a%3Bb",
        b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>',
    )  # fmt: skip
    [root] = answer.xml.iter("{DAV:}lockroot")
    assert root.findtext("{DAV:}href") == "/dav/c/a%3Bb"
    token = answer.headers["Lock-Token"]
    published.expect(423, "PUT", "/dav/c/a%3Bb", b"z")
    tag = "https://files.example.org/dav/c/a%3Bb"
    published.expect(204, "PUT", "/dav/c/a%3Bb", b"z", If=f"<{tag}> ({token})")


def test_an_encoded_slash_survives_the_prefix(published):
    """PATH_INFO cannot tell ``%2F`` from a slash; the raw target can, and such a name is refused, never split."""
    answer = published.client.send(
        "PUT", "/dav/c/x%2Fy" if published.keeps else "/c/x%2Fy", b"z", {"X-Forwarded-Prefix": "/dav"}
    )
    plain = published.expect(207, "PROPFIND", "/dav/c/", Depth="1")
    assert answer.status >= 400
    assert hrefs(plain) == ["/dav/c/", "/dav/c/a%3Bb"]


def test_a_proxy_tells_the_name_the_client_uses(stage, site):
    headers = {
        "Destination": "https://dav.example/c/b",
        "Host": "backend:8080",
        "X_Forwarded_Host": "other, dav.example",
    }
    for trusted, status in ((["192.0.2.1"], 502), (["127.0.0.1"], 201)):
        with stage[0].play(BehindProxies(make_app(site.house), Trust(trusted))):
            site.client.send("MKCOL", "/c/")
            site.client.send("PUT", "/c/a", b"x")
            site.client.expect(502, "MOVE", "/c/a", **(headers | {"X_Forwarded_Host": "other"}))
            site.client.expect(status, "MOVE", "/c/a", **headers)
