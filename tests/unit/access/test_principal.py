"""Without accounts everyone is a stranger, whatever they say."""

import pytest

from davserver.access.principal import ANONYMOUS, Anyone, Principal


@pytest.mark.parametrize("authorization", [None, "Basic bWU6eA==", "Basic !!!", "Bearer x"])
def test_anyone_is_anonymous(authorization):
    assert Anyone().authenticate(authorization, "127.0.0.1") is ANONYMOUS


def test_names():
    assert ANONYMOUS.is_anonymous
    assert not Principal("me").is_anonymous
