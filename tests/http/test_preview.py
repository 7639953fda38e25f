"""What may be framed by the page: PDF, by its type; nothing that a browser could take for a document of this origin."""

from __future__ import annotations

import pytest

PDF = b"%PDF-1.4\n%%EOF\n"


def test_a_pdf_may_be_framed_by_this_origin_and_by_no_other(dav):
    dav.expect(201, "PUT", "/c/a.pdf", PDF)
    plain = dav.expect(200, "GET", "/c/a.pdf")
    framed = dav.expect(200, "GET", "/_/preview/c/a.pdf")
    assert framed.body == plain.body
    assert framed.headers["ETag"] == plain.headers["ETag"]
    assert framed.headers.get_all("X-Frame-Options") == ["SAMEORIGIN"]
    assert framed.headers.get_all("Content-Security-Policy") == [
        "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
    ]
    assert framed.headers["Content-Type"] == "application/pdf"
    assert framed.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in plain.headers["Content-Security-Policy"]


def test_it_comes_in_ranges_and_once(dav):
    dav.expect(201, "PUT", "/c/a.pdf", PDF)
    assert dav.expect(206, "GET", "/_/preview/c/a.pdf", Range="bytes=1-3").body == b"PDF"
    assert (
        dav.expect(206, "GET", "/_/preview/c/a.pdf", Range="bytes=0-0,3-3").headers["X-Frame-Options"] == "SAMEORIGIN"
    )
    etag = dav.expect(200, "HEAD", "/_/preview/c/a.pdf").headers["ETag"]
    dav.expect(304, "GET", "/_/preview/c/a.pdf", If_None_Match=etag)


@pytest.mark.parametrize("name", ["page.html", "picture.svg", "picture.png", "text.txt", "unknown"])
def test_what_is_no_pdf_is_not_framed(dav, name):
    dav.expect(201, "PUT", f"/c/{name}", b"<script>alert(1)</script>")
    dav.expect(403, "GET", f"/_/preview/c/{name}")
    dav.expect(403, "GET", f"/_/preview/c/{name}", Range="bytes=0-3")


def test_the_type_that_was_declared_counts(dav):
    dav.expect(201, "PUT", "/c/b.pdf", b"<script>alert(1)</script>", Content_Type="text/html")
    dav.expect(403, "GET", "/_/preview/c/b.pdf")


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (404, "GET", "/_/preview/c/missing.pdf"),
        (404, "GET", "/_/preview/_/preview/c/a.pdf"),
        (403, "GET", "/_/preview/c/"),
        (403, "GET", "/_/preview/"),
        (405, "PUT", "/_/preview/c/a.pdf"),
        (405, "PROPFIND", "/_/preview/c/a.pdf"),
    ],
)
def test_nothing_else_is_there(dav, status, method, path):
    dav.expect(status, method, path)
