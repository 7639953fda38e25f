"""The Authorization header, as clients send it."""

import base64

import pytest

from davserver.access.credentials import Basic, Bearer, parse_authorization
from davserver.errors import NotAuthenticated


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (basic(b"ann:secret"), Basic("ann", "secret")),
        (basic(b"ann:se:cr:et"), Basic("ann", "se:cr:et")),
        (basic(b"ann:"), Basic("ann", "")),
        (basic(b":token"), Basic("", "token")),
        (basic("ann:gr\u00fcn".encode()), Basic("ann", "gr\u00fcn")),
        (basic("ann:gru\u0308n".encode()), Basic("ann", "gr\u00fcn")),  # as a Mac may compose it
        (basic("ann:gr\u00fcn".encode("latin-1")), Basic("ann", "gr\u00fcn")),
        (basic(b"OFFICE\\ann:secret"), Basic("ann", "secret")),  # Explorer
        (basic(b"ann:sec\\ret"), Basic("ann", "sec\\ret")),
        ("basic   " + base64.b64encode(b"a:b").decode() + " ", Basic("a", "b")),
        ("Bearer abc.def~+/-_==", Bearer("abc.def~+/-_==")),
        ("bearer abc", Bearer("abc")),
    ],
)
def test_what_clients_send_is_understood(header, wanted):
    assert parse_authorization(header) == wanted


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic YQ",
        basic(b"no colon"),
        "Bearer",
        "Bearer a b",
        "Bearer \xe4",
        "Digest username=x",
        "Negotiate abc",
        basic(b"a:" + b"x" * 20_000),
    ],
)
def test_everything_else_is_refused(header):
    with pytest.raises(NotAuthenticated):
        parse_authorization(header)


def test_secrets_do_not_show():
    assert "secret" not in repr(Basic("ann", "secret"))
    assert "secret" not in repr(Bearer("secret"))
