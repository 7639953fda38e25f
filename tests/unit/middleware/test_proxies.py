"""Who is believed about a request, and what of it."""

import pytest

from davserver.middleware.proxies import HOSTS_KEY, BehindProxies, Trust

LOCAL = ("127.0.0.0/8", "::1", "unix")


def seen(peers=LOCAL, *, peer="127.0.0.1", uri="/c/x", prefix="", rfc7239=False, hosts=(), **headers):
    """Send a request through the wrapper; return the status and the environ below it (None if it got none)."""
    below = []
    statuses = []

    def app(environ, start_response):
        below.append(environ)
        start_response("200 OK", [])
        return []

    environ = {
        "REMOTE_ADDR": peer, "REMOTE_PORT": "1", "REQUEST_URI": uri, "PATH_INFO": uri.partition("?")[0],
        "SCRIPT_NAME": "", "wsgi.url_scheme": "http", "HTTP_HOST": "inner:8080",
        **{"HTTP_" + name.upper(): value for name, value in headers.items()},
    }  # fmt: skip
    wrapped = BehindProxies(app, Trust(peers), prefix=prefix, rfc7239=rfc7239, hosts=hosts)
    wrapped(environ, lambda status, headers, exc_info=None: statuses.append(int(status[:3])))
    return statuses[0], below[0] if below else None


ALL = {
    "x_forwarded_for": "203.0.113.9",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "dav.example.org:8443",
    "x_forwarded_prefix": "/dav",
}


@pytest.mark.parametrize(
    ("peers", "peer"), [(LOCAL, "127.0.0.1"), (LOCAL, "::1"), (LOCAL, ""), (("10.0.0.0/8",), "10.1.2.3")]
)
def test_a_trusted_proxy_is_believed(peers, peer):
    _, environ = seen(peers, peer=peer, **ALL)
    assert environ["REMOTE_ADDR"] == "203.0.113.9"
    assert (environ["wsgi.url_scheme"], environ["HTTPS"]) == ("https", "on")
    assert environ[HOSTS_KEY] == ("dav.example.org:8443",)
    assert environ["SCRIPT_NAME"] == "/dav"
    assert environ["HTTP_HOST"] == "inner:8080"


@pytest.mark.parametrize(("peers", "peer"), [(LOCAL, "203.0.113.1"), ((), "127.0.0.1"), ((), ""), (("127.0.0.1",), "")])
def test_nobody_else_is(peers, peer):
    _, environ = seen(peers, peer=peer, **ALL, forwarded="for=1.2.3.4")
    assert environ["REMOTE_ADDR"] == peer
    assert environ["wsgi.url_scheme"] == "http"
    assert "HTTPS" not in environ
    assert environ[HOSTS_KEY] == ()
    assert environ["SCRIPT_NAME"] == ""


@pytest.mark.parametrize("peer", ["127.0.0.1", "203.0.113.1"])
def test_the_headers_go_no_further(peer):
    _, environ = seen(peer=peer, **ALL, forwarded="for=1.2.3.4", x_forwarded_server="x")
    assert [key for key in environ if "FORWARDED" in key] == []


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 127.0.0.2", "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9, 127.0.0.2", "203.0.113.9"),
        ("127.0.0.5", "127.0.0.5"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("unknown", "unknown"),
        ("6.6.6.6, nonsense", "unknown"),
        ("", "127.0.0.1"),
    ],
)
def test_the_client_is_the_last_address_that_is_not_trusted(said, client):
    assert seen(x_forwarded_for=said)[1]["REMOTE_ADDR"] == client


def test_what_a_client_says_of_itself_does_not_pass_for_the_proxy():
    _, environ = seen(x_forwarded_for="127.0.0.1, 203.0.113.9", x_forwarded_proto="https, http")
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("203.0.113.9", "http")


def test_the_scheme_is_that_of_the_outermost_proxy():
    _, environ = seen(x_forwarded_for="203.0.113.9, 127.0.0.2", x_forwarded_proto="https, http")
    assert environ["wsgi.url_scheme"] == "https"


def test_a_proxy_that_speaks_tls_to_us_for_a_client_that_does_not():
    _, environ = seen(x_forwarded_proto="http")
    assert environ["wsgi.url_scheme"] == "http"
    assert "HTTPS" not in environ


def test_only_one_family_is_read():
    both = {"forwarded": "for=198.51.100.7;proto=https;host=a", "x_forwarded_for": "203.0.113.9"}
    assert seen(**both)[1]["REMOTE_ADDR"] == "203.0.113.9"
    _, environ = seen(rfc7239=True, x_forwarded_prefix="/p", **both)
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("198.51.100.7", "https")
    assert environ[HOSTS_KEY] == ("a",)
    assert environ["SCRIPT_NAME"] == ""


@pytest.mark.parametrize("headers", [{"forwarded": "for"}, {"x_forwarded_prefix": "dav"}])
def test_malformed_words_of_a_trusted_proxy_are_refused(headers):
    assert seen(rfc7239="forwarded" in headers, **headers) == (400, None)
    assert seen(peer="6.6.6.6", **headers)[0] == 200


@pytest.mark.parametrize(
    ("uri", "path", "info"),
    [
        ("/dav/c/x%2Fy?q=/dav", "/c/x%2Fy?q=/dav", "/c/x/y"),
        ("/dav", "/", "/"),
        ("/dav/", "/", "/"),
        ("//d%61v/dav/x", "/dav/x", "/dav/x"),
        ("/_/health/live", "/_/health/live", "/_/health/live"),
        ("*", "*", "*"),
    ],
)
def test_the_prefix_of_the_settings_is_taken_off(uri, path, info):
    _, environ = seen(uri=uri, prefix="/dav")
    assert (environ["REQUEST_URI"], environ["PATH_INFO"], environ["SCRIPT_NAME"]) == (path, info, "/dav")


@pytest.mark.parametrize("uri", ["/", "/davx/c", "/c", "/DAV/c"])
def test_outside_of_the_prefix_there_is_nothing(uri):
    assert seen(uri=uri, prefix="/dav") == (404, None)


def test_a_prefix_the_proxy_took_off_replaces_that_of_the_settings():
    _, environ = seen(uri="/dav/x", prefix="/dav", x_forwarded_prefix="/other/")
    assert (environ["REQUEST_URI"], environ["SCRIPT_NAME"]) == ("/dav/x", "/other")


def test_names_in_the_settings_need_no_proxy():
    assert seen(peer="6.6.6.6", hosts=["dav.me.org"])[1][HOSTS_KEY] == ("dav.me.org",)
