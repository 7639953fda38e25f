"""Headers that keep a browser from trusting a file too much."""

import pytest

from davserver.middleware.security_headers import SecurityHeaders


def headers_of(*headers):
    sent = []

    def app(environ, start_response):
        start_response("200 OK", list(headers))
        return []

    SecurityHeaders(app)({}, lambda status, headers, exc_info=None: sent.extend(headers))
    return sent


def test_types_are_never_guessed():
    assert ("X-Content-Type-Options", "nosniff") in headers_of()
    assert ("Referrer-Policy", "no-referrer") in headers_of()


def test_no_other_origin_takes_it_in():
    assert ("Cross-Origin-Resource-Policy", "same-origin") in headers_of()


@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-8", "Image/SVG+xml", "application/pdf", "application/xhtml+xml"]
)
def test_active_content_is_sandboxed(kind):
    assert dict(headers_of(("Content-Type", kind)))["Content-Security-Policy"].startswith("sandbox;")


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "image/png"])
def test_other_content_is_not(kind):
    assert "Content-Security-Policy" not in dict(headers_of(("Content-Type", kind)))


def test_own_headers_stay():
    own = [
        ("content-type", "text/html"),
        ("content-security-policy", "default-src 'self'"),
        ("X-Content-Type-Options", "no"),
    ]
    found = headers_of(*own)
    assert found[:3] == own
    assert sum(name.lower() == "content-security-policy" for name, _ in found) == 1
