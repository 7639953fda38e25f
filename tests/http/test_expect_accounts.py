"""Who may not write is told so before the body: ``Expect: 100-continue`` at a server with accounts."""

from __future__ import annotations

import socket

import pytest

from davserver.catalog.model import Right
from tests.support.site import TIMEOUT_S
from tests.support.visitors import visiting

ASKED_FOR_A_NAME = 401
REFUSED = {403, 404, 409}
"""What the account may not see answers as what is not there: 404, or 409 for what would be new in it."""


@pytest.fixture
def visitors(site, stage):
    with visiting(site, stage[0]) as visitors:
        for name in ("owner", "reader", "outsider"):
            visitors.account(name)
        visitors.token("owner-reading", "owner", may_write=False)
        assert visitors.send("owner", "MKCOL", "/c/").status == 201
        visitors.grant("c", "reader", Right.READ)
        yield visitors


def first_answer(visitors, method, path, *headers):
    """Send a head that announces ten million bytes; return the status that comes before any of them."""
    lines = (f"{method} {path} HTTP/1.1", "Host: h", "Content-Length: 10000000", "Expect: 100-continue", *headers)
    with socket.create_connection((visitors.client.host, visitors.client.port), TIMEOUT_S) as stream:
        stream.sendall("\r\n".join((*lines, "", "")).encode())
        return int(stream.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("method", ["PUT", "PATCH", "PROPPATCH", "LOCK", "MKCOL"])
def test_a_stranger_and_bad_credentials(visitors, method):
    for headers in ((), ("Authorization: Bearer nonsense",), ("Authorization: Basic !!!",)):
        assert first_answer(visitors, method, "/c/f", *headers) == ASKED_FOR_A_NAME


@pytest.mark.parametrize("who", ["reader", "outsider", "owner-reading"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "PROPPATCH", "LOCK", "MKCOL"])
def test_an_account_without_the_right(visitors, who, method):
    update = ("Content-Type: application/x-sabredav-partialupdate", "X-Update-Range: append")
    headers = update if method == "PATCH" else ()
    assert visitors.send("owner", "PUT", "/c/f", b"old").status == 201
    answer = first_answer(visitors, method, "/c/f", *headers, f"Authorization: Bearer {visitors.tokens[who]}")
    assert answer in REFUSED
    assert visitors.send("owner", "GET", "/c/f").body == b"old"


def test_whoever_may_is_asked_for_the_body(visitors):
    assert first_answer(visitors, "PUT", "/c/f", f"Authorization: Bearer {visitors.tokens['owner']}") == 100
