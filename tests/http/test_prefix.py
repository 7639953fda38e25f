"""Behind a proxy that publishes the server under a path."""

import pytest

from davserver.dav.app import make_app


@pytest.fixture(params=["stripped", "kept"])
def prefixed(request, stage, site):
    """A proxy takes the prefix off the target, or leaves it there; PATH_INFO is without it either way."""
    app = make_app(site.house)

    def proxy(environ, start_response):
        environ["SCRIPT_NAME"] = "/dav"
        if request.param == "kept":
            environ["REQUEST_URI"] = "/dav" + environ["REQUEST_URI"]
        return app(environ, start_response)

    site.client.expect(201, "MKCOL", "/c/")
    site.client.expect(201, "PUT", "/c/a%3Bb", b"x")
    with stage[0].play(proxy):
        yield site.client


def test_hrefs_bear_the_prefix_and_targets_do_not(prefixed):
    assert list(prefixed.propfind("/c/", "1")) == ["/dav/c/", "/dav/c/a%3Bb"]
    assert list(prefixed.propfind("/", "1")) == ["/dav/", "/dav/c/"]
    assert prefixed.expect(200, "GET", "/c/a%3Bb").body == b"x"
    assert b'href="/dav/c/a%3Bb"' in prefixed.expect(200, "GET", "/c/").body


def test_a_destination_bears_the_prefix(prefixed):
    """WsgiDAV answers 502 to every MOVE below a mount path."""
    prefixed.expect(201, "MOVE", "/c/a%3Bb", Destination=f"http://{prefixed.host}:{prefixed.port}/dav/c/new%3Fname")
    assert prefixed.expect(200, "GET", "/c/new%3Fname").body == b"x"
