from __future__ import annotations

import pytest

from davserver.dav.destination import normal_authority, raw_path_of
from davserver.dav.faults import BadRequest, OtherServer

HERE = ["dav.example.com"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://dav.example.com/a/b", "/a/b"),
        ("HTTP://DAV.Example.COM:80/a/b", "/a/b"),
        ("https://dav.example.com:443/a/b/", "/a/b/"),
        ("https://user:secret@dav.example.com/a", "/a"),
        ("http://dav.example.com", "/"),
        ("/a/b", "/a/b"),
        ("/a;b.txt", "/a;b.txt"),
        ("/a%3Bb%3Fc%23d%25e%2Ff%20g", "/a%3Bb%3Fc%23d%25e%2Ff%20g"),
        ("/a:b", "/a:b"),
        ("http://dav.example.com/a;x=1/b", "/a;x=1/b"),
        ("/gr%C3%BC%C3%9Fe", "/gr%C3%BC%C3%9Fe"),
    ],
)
def test_path_stays_encoded(url, path):
    assert raw_path_of(url, HERE) == path


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example.com/a", "http://dav.example.com:8080/a", "//other.example.com/a", "ftp://dav.example.com/a",
        "file:///a", "http:///a", "mailto:x", "http://dav.example.com.evil.org/a",
    ],
)  # fmt: skip
def test_another_server(url):
    with pytest.raises(OtherServer):
        raw_path_of(url, HERE)


@pytest.mark.parametrize(
    "url",
    [
        "", "a/b", "/a#b", "/a#", "/a?b", "/a?", "/a b", "/a\r\nX: y", "/a\tb", "/%zz", "/a%2", "/a<b>", "/grüße",
        "http://[::1/a",
    ],
)  # fmt: skip
def test_no_url_of_a_resource(url):
    with pytest.raises(BadRequest):
        raw_path_of(url, HERE)


def test_prefix_of_a_proxy_is_removed():
    assert raw_path_of("http://dav.example.com/drive/a", HERE, prefix="/drive") == "/a"
    assert raw_path_of("/drive/", HERE, prefix="/drive/") == "/"
    assert raw_path_of("/drive", HERE, prefix="/drive") == "/"
    for outside in ("/driver/a", "/a", "/"):
        with pytest.raises(OtherServer):
            raw_path_of(outside, HERE, prefix="/drive")


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Host:80", "host"), ("host:443", "host"), ("host:8080", "host:8080"), ("host:", "host"), ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"), ("[2001:db8::80]", "[2001:db8::80]"), ("a@b", "b"),
    ],
)  # fmt: skip
def test_normal_authority(written, normal):
    assert normal_authority(written) == normal
