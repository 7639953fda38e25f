"""The table of statuses covers every error there is, and what goes out says no more than it should."""

import inspect

import pytest
from lxml import etree

from davserver import errors
from davserver.dav import faults
from davserver.dav.responses import error_response
from davserver.dav.status import LINES, STATUS, row_of

ALL_ERRORS = [
    kind
    for module in (errors, faults)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, errors.DavserverError)
]


@pytest.mark.parametrize("kind", ALL_ERRORS)
def test_every_error_has_a_row(kind):
    assert kind in STATUS
    assert STATUS[kind].status in LINES


def test_a_new_error_takes_its_base_row():
    class Odd(errors.Locked):
        pass

    assert row_of(Odd(("/a",))).status == 423


def test_what_is_not_ours_is_a_server_error():
    assert row_of(ZeroDivisionError("secret")).status == 500


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), errors.BlockCorrupt("secret", "secret")])
def test_a_server_error_shows_only_the_request_id(error):
    body = error_response(error, "req-7").body
    assert isinstance(body, bytes)
    assert b"secret" not in body
    assert b"req-7" in body


def test_an_error_with_a_precondition_is_xml():
    response = error_response(errors.Locked(("/c/a&b",)), "")
    assert response.status == 423
    assert response.body == (
        b'<?xml version="1.0" encoding="utf-8"?><D:error xmlns:D="DAV:"><D:lock-token-submitted>'
        b"<D:href>/c/a&amp;b</D:href></D:lock-token-submitted></D:error>"
    )


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (faults.MethodNotAllowed("POST", ("GET", "HEAD")), ("Allow", "GET, HEAD")),
        (faults.RangeNotSatisfiable(7), ("Content-Range", "bytes */7")),
        (errors.StoreUnavailable("x", retry_after_s=3), ("Retry-After", "3")),
    ],
)
def test_headers_an_error_must_have(error, header):
    assert header in error_response(error, "").headers


def test_what_may_go_well_later_says_when():
    answer = error_response(errors.CatalogBusy("secret", retry_after_s=7), "req-7")
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "7")
    assert answer.body == b"The server cannot do this now; try again in 7 seconds. Request id: req-7\n"


def test_a_full_disk_says_what_still_works():
    answer = error_response(errors.StoreFull("secret"), "req-7")
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (507, "60")
    document = etree.fromstring(answer.body)
    assert document.find("{DAV:}sufficient-disk-space") is not None
    message = document.findtext("{http://sabredav.org/ns}message")
    assert "read and deleted" in message
    assert "req-7" in message
    assert b"secret" not in answer.body
