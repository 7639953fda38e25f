"""The syntax of Forwarded and X-Forwarded-*."""

import ipaddress

import pytest

from davserver.errors import Invalid
from davserver.middleware.forwarded import Hop, address_of, hops_of_forwarded, hops_of_x_headers


@pytest.mark.parametrize(
    ("text", "hops"),
    [
        ("", []),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", [Hop("192.0.2.60", "http", "")]),
        ('For="[2001:db8:cafe::17]:4711"', [Hop("[2001:db8:cafe::17]:4711")]),
        ("for=192.0.2.43, for=198.51.100.17", [Hop("192.0.2.43"), Hop("198.51.100.17")]),
        ('for=_hidden;host="a:1" ,  by=x ; proto=HTTPS', [Hop("_hidden", "", "a:1"), Hop("", "HTTPS", "")]),
        (r'for="a\"b,c;d"', [Hop('a"b,c;d')]),
    ],
)
def test_forwarded(text, hops):
    assert hops_of_forwarded(text) == hops


@pytest.mark.parametrize("text", ["for", "for=", 'for="a', "for=a;for=b", "for=a b", "=a", ",", "for=a,,for=b"])
def test_malformed_forwarded(text):
    with pytest.raises(Invalid):
        hops_of_forwarded(text)


@pytest.mark.parametrize(
    ("headers", "hops"),
    [
        (("", "", ""), []),
        (("c", "https", "h:1"), [Hop("c", "https", "h:1")]),
        (("c, p", "https, http", "h"), [Hop("c", "https", "h"), Hop("p", "http", "h")]),
        (("c, p", "https", ""), [Hop("c", "https"), Hop("p", "https")]),
        (("c", "forged, http", ""), [Hop("c", "forged"), Hop("c", "http")]),
        ((" c ,", "", ""), [Hop("c")]),
    ],
)
def test_x_headers_are_laid_side_by_side_from_their_ends(headers, hops):
    assert hops_of_x_headers(*headers) == hops


@pytest.mark.parametrize(
    ("node", "address"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4:56", "1.2.3.4"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
    ],
)
def test_addresses(node, address):
    assert address_of(node) == ipaddress.ip_address(address)


@pytest.mark.parametrize("node", ["", "unknown", "_hidden", "1.2.3", "host:80", "[", "1.2.3.4:5:6"])
def test_what_is_no_address(node):
    assert address_of(node) is None
