"""What a request shows of who makes it."""

import pytest

from davserver.access.principal import ANONYMOUS, Caller, Principal


def test_names():
    assert ANONYMOUS.is_anonymous
    assert not Principal("me").is_anonymous


@pytest.mark.parametrize(
    ("address", "is_tls", "is_private"),
    [
        ("127.0.0.1", False, True),
        ("127.8.9.10", False, True),
        ("::1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("", False, True),  # a unix socket
        ("192.0.2.1", False, False),
        ("192.0.2.1", True, True),
        ("::ffff:192.0.2.1", False, False),
        ("unknown", False, False),
        ("2001:db8::1", False, False),
    ],
)
def test_credentials_travel_safely_under_tls_and_within_the_machine(address, is_tls, is_private):
    assert Caller(None, address, is_tls=is_tls).is_private is is_private
