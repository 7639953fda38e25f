"""Dictionaries of structured fields: RFC 9651."""

import pytest

from davserver.dav.faults import BadRequest
from davserver.dav.structured import parse_dictionary, write_member


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", {}),
        ("a=:aGk=:", {"a": b"hi"}),
        ("a=::", {"a": b""}),
        ("sha-256=:aGk=: ,\tb=3", {"sha-256": b"hi", "b": 3}),
        ("a=1, a=2", {"a": 2}),
        ("a=-1;q=:aGk=:; w", {"a": -1}),
        ('a, b=?1, c=1.5, d=token, e="a, \\" b", f=(1 2), g=@1', dict.fromkeys("abcdefg")),
    ],
)
def test_members(text, members):
    assert parse_dictionary("Field", text) == members


@pytest.mark.parametrize(
    "text", ["a=:aGk=", "a=:aG k=:", "a=:a:", "a=1,", "a=1,,b=2", "a=1 b=2", "A=1", "a=", "a=1;", ",", "a=1\n", "sha:x"]
)
def test_what_is_none(text):
    with pytest.raises(BadRequest, match="Field"):
        parse_dictionary("Field", text)


def test_what_is_written_is_read():
    value = bytes(range(256))
    assert parse_dictionary("Field", write_member("sha-256", value)) == {"sha-256": value}
