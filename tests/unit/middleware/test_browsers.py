"""What a foreign page may make a browser do here: nothing that changes or reads."""

import pytest

from davserver.middleware.browsers import CrossSiteCheck, HostCheck, can_be_owned, host_name


def ok(environ, start_response):
    start_response("200 OK", [])
    return []


def status(app, **environ):
    statuses = []
    app(environ, lambda status, headers, exc_info=None: statuses.append(int(status[:3])))
    return statuses[0]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1:8080",
        "[::1]:8080",
        "10.0.0.7",
        "nas",
        "nas:80",
        "nas.local",
        "dav.example.org",
        "",
        "LOCALHOST.",
    ],
)
def test_names_nobody_can_own_are_served(host):
    assert status(HostCheck(ok, ()), HTTP_HOST=host) == 200


@pytest.mark.parametrize(
    "host", ["evil.com", "127.0.0.1.evil.com", "evil.com:8080", "localhost.evil.com", "EVIL.COM.", "notexample.org"]
)
def test_names_somebody_can_own_are_refused(host):
    assert status(HostCheck(ok, ()), HTTP_HOST=host) == 403


def test_allowed_names_are_served():
    app = HostCheck(ok, ("Dav.Me.org",))
    assert status(app, HTTP_HOST="dav.me.org:443") == 200
    assert status(app, HTTP_HOST="me.org") == 403


def test_missing_host_is_served():
    assert status(HostCheck(ok, ())) == 200  # HTTP/1.0; no browser


@pytest.mark.parametrize(("host", "name"), [("A.b:80", "a.b"), ("[::1]:80", "::1"), ("a.", "a"), ("", "")])
def test_host_name(host, name):
    assert host_name(host) == name


def test_addresses_cannot_be_owned():
    assert not can_be_owned("192.168.1.1")
    assert can_be_owned("1.2.3.4.5")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "MOVE", "PROPPATCH", "NEW"])
def test_cross_site_changes_are_refused(method):
    app = CrossSiteCheck(ok)
    assert status(app, REQUEST_METHOD=method, HTTP_SEC_FETCH_SITE="cross-site") == 403
    assert status(app, REQUEST_METHOD=method, HTTP_SEC_FETCH_SITE="same-origin") == 200
    assert status(app, REQUEST_METHOD=method) == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd"])
def test_another_port_or_subdomain_is_another_site(site):
    assert status(CrossSiteCheck(ok), REQUEST_METHOD="POST", HTTP_SEC_FETCH_SITE=site) == 403
    assert status(CrossSiteCheck(ok), REQUEST_METHOD="POST", HTTP_SEC_FETCH_SITE="none") == 200


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://nas:8080", 200),
        ("https://NAS", 200),
        ("https://dav.me.org", 200),
        ("http://evil.com", 403),
        ("http://nas.evil.com", 403),
        ("http://[::1]", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_without_word_of_the_site_the_origin_counts(origin, expected):
    """Browsers send Sec-Fetch-Site over TLS and to this machine only; a form on a page of the LAN sends Origin."""
    app = CrossSiteCheck(ok, ("Dav.me.org",))
    assert status(app, REQUEST_METHOD="POST", HTTP_HOST="nas:8080", HTTP_ORIGIN=origin) == expected
    assert status(app, REQUEST_METHOD="GET", HTTP_HOST="nas:8080", HTTP_ORIGIN=origin) == 200


def test_cross_site_links_are_served():
    assert status(CrossSiteCheck(ok), REQUEST_METHOD="GET", HTTP_SEC_FETCH_SITE="cross-site") == 200
