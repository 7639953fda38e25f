"""Quota (RFC 4331): no verb grows a collection beyond its limit, and nobody sends what does not fit."""

from __future__ import annotations

import pytest

from tests.support.site import DAV

LIMIT = 1000
ASKED = '<D:propfind xmlns:D="DAV:"><D:prop><D:quota-used-bytes/><D:quota-available-bytes/></D:prop></D:propfind>'


@pytest.fixture
def limited(site, dav):
    site.house.edit(lambda edit: edit.set_quota(edit.view("c").info.id, LIMIT))
    dav.expect(201, "PUT", "/c/old", b"x" * 600)
    return dav


def refused(dav, *request, **headers):
    answer = dav.expect(507, *request, **headers)
    assert answer.xml.find(DAV + "quota-not-exceeded") is not None


def test_what_fits_fits(limited):
    limited.expect(201, "PUT", "/c/new", b"y" * 400)


def test_what_does_not_fit_is_refused_and_leaves_nothing(limited):
    refused(limited, "PUT", "/c/new", b"y" * 401)
    limited.expect(404, "GET", "/c/new")


def test_an_overwrite_counts_the_difference(limited):
    limited.expect(204, "PUT", "/c/old", b"y" * 1000)
    refused(limited, "PUT", "/c/old", b"y" * 1001)
    assert limited.expect(200, "GET", "/c/old").body == b"y" * 1000


def test_a_declared_length_is_refused_before_the_body(limited):
    head = b"PUT /c/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n"
    assert limited.raw(head).startswith(b"HTTP/1.1 507 ")


def test_a_body_of_unknown_length_is_counted_when_it_is_there(limited):
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (500, b"y" * 500)
    head = b"PUT /c/new HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert b" 507 " in limited.raw(head + body).partition(b"\r\n")[0]
    limited.expect(404, "GET", "/c/new")


def test_copies_count_in_full_and_moves_do_not(limited):
    refused(limited, "COPY", "/c/old", Destination="/c/copy")
    limited.expect(201, "MOVE", "/c/old", Destination="/c/moved")


def test_what_comes_from_another_collection_counts(limited):
    limited.expect(201, "MKCOL", "/d/")
    limited.expect(201, "PUT", "/d/f", b"z" * 401)
    refused(limited, "MOVE", "/d/f", Destination="/c/f")
    assert limited.expect(200, "GET", "/d/f").body == b"z" * 401


def test_a_range_beyond_the_end_counts(limited):
    limited.expect(507, "PUT", "/c/old", b"end", Content_Range="bytes 1000-1002/*")


def test_a_limit_below_what_is_there_lets_it_shrink_only(site, limited):
    site.house.edit(lambda edit: edit.set_quota(edit.view("c").info.id, 100))
    limited.expect(204, "PUT", "/c/old", b"x" * 500)
    refused(limited, "PUT", "/c/old", b"x" * 501)
    limited.expect(204, "DELETE", "/c/old")


def test_the_limit_can_end(site, limited):
    site.house.edit(lambda edit: edit.set_quota(edit.view("c").info.id, None))
    limited.expect(201, "PUT", "/c/new", b"y" * 5000)


def test_used_and_available_are_told(limited):
    limited.expect(201, "MKCOL", "/c/folder/")
    found = limited.propfind("/c/", "1", ASKED)
    assert found["/c/"][DAV + "quota-used-bytes"].text == "600"
    assert found["/c/"][DAV + "quota-available-bytes"].text == "400"
    assert found["/c/folder/"][DAV + "quota-used-bytes"].text == "0"
    assert found["/c/folder/"][DAV + "quota-available-bytes"].text == "400"
    assert found["/c/old"] == {}


def test_the_figures_cannot_be_set(limited):
    update = (
        b'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:quota-available-bytes>9</D:quota-available-bytes>'
        b"</D:prop></D:set></D:propertyupdate>"
    )
    answer = limited.expect(207, "PROPPATCH", "/c/", update)
    assert " 403 " in answer.xml.findtext(f".//{DAV}propstat/{DAV}status")
