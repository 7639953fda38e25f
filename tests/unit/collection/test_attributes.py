"""Attributes and their compact JSON."""

from __future__ import annotations

from davserver.collection.attributes import EMPTY, Attributes


def test_only_what_is_set_is_written() -> None:
    assert EMPTY.to_json() == {}
    assert Attributes(etag="e", mtime_ns=0).to_json() == {"e": "e", "m": 0}


def test_everything_comes_back() -> None:
    attributes = Attributes("e", 1, 2, "text/plain", (("md5", "aa"), ("sha1", "bb")), (("{DAV:}x", "<x/>"),))
    assert Attributes.from_json(attributes.to_json()) == attributes


def test_nothing_is_the_shared_empty_value() -> None:
    assert Attributes.from_json({}) is EMPTY


def test_members_of_a_newer_davserver_are_ignored() -> None:
    assert Attributes.from_json({"e": "e", "new": 1}) == Attributes(etag="e")
