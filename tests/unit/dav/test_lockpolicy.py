from __future__ import annotations

import itertools

import pytest

from davserver.catalog.model import Lock
from davserver.dav.lockpolicy import (
    MAX_TIMEOUT_S,
    Touch,
    conflicting,
    covers,
    granted_timeout_s,
    owned_tokens,
    standing_in_the_way,
)


def lock(path, token="t", *, exclusive=True, infinite=False, principal=""):
    return Lock(
        token=token, collection_id=1, path=tuple(path), exclusive=exclusive, infinite=infinite, owner_xml="",
        principal=principal, timeout_s=60, expires_ns=1,
    )  # fmt: skip


def tokens(locks):
    return {found.token for found in locks}


def test_scope():
    assert covers(lock("a"), ("a",))
    assert not covers(lock("a"), ("a", "b"))
    assert covers(lock("a", infinite=True), ("a", "b"))
    assert not covers(lock("a", infinite=True), ("ab",))
    assert covers(lock((), infinite=True), ("a",))


def test_content_needs_what_covers_it_and_not_the_parent():
    locks = [lock("a", "parent"), lock("ab", "file")]
    assert tokens(standing_in_the_way(locks, ("a", "b"), Touch.CONTENT, ())) == {"file"}
    assert tokens(standing_in_the_way(locks, ("a", "c"), Touch.CONTENT, ())) == set()
    assert tokens(standing_in_the_way(locks, ("a", "c"), Touch.MEMBERSHIP, ())) == {"parent"}
    assert tokens(standing_in_the_way(locks, ("a", "b"), Touch.MEMBERSHIP, {"parent"})) == {"file"}


def test_a_subtree_needs_every_lock_in_it():
    locks = [lock("ab", "one"), lock("acd", "two"), lock("b", "outside")]
    assert tokens(standing_in_the_way(locks, ("a",), Touch.SUBTREE, {"one"})) == {"two"}
    assert tokens(standing_in_the_way(locks, (), Touch.SUBTREE, {"one", "two"})) == {"outside"}
    assert not standing_in_the_way(locks, ("a",), Touch.SUBTREE, {"one", "two"})
    assert not standing_in_the_way(locks, ("a",), Touch.MEMBERSHIP, ())


def test_one_of_the_shared_locks_suffices():
    locks = [lock("a", "mine", exclusive=False, infinite=True), lock("ab", "other", exclusive=False)]
    assert not standing_in_the_way(locks, ("a", "b"), Touch.CONTENT, {"mine"})
    assert tokens(standing_in_the_way(locks, ("a", "b"), Touch.CONTENT, ())) == {"mine", "other"}
    assert tokens(standing_in_the_way(locks, ("a",), Touch.CONTENT, {"other"})) == {"mine"}


def test_a_token_counts_for_its_principal_only():
    locks = [lock("a", "anns", principal="ann"), lock("b", "anyones")]
    assert owned_tokens(locks, {"anns", "anyones", "dead"}, "ann") == {"anns", "anyones"}
    assert owned_tokens(locks, {"anns", "anyones"}, "bob") == {"anyones"}
    assert owned_tokens(locks, set(), "ann") == frozenset()


def test_conflict_of_locks_agrees_with_a_brute_force_model():
    """Two locks conflict if some path of a small universe is covered by both, unless both are shared."""
    universe = [path for n in range(5) for path in itertools.product("ab", repeat=n)]
    roots = [path for path in universe if len(path) <= 2]
    flags = (False, True)
    for root, other, infinite, other_infinite in itertools.product(roots, roots, flags, flags):
        held = lock(root, exclusive=False, infinite=infinite)
        wanted = lock(other, exclusive=False, infinite=other_infinite)
        overlap = any(covers(held, path) and covers(wanted, path) for path in universe)
        assert bool(conflicting([held], other, exclusive=True, infinite=other_infinite)) == overlap
        assert not conflicting([held], other, exclusive=False, infinite=other_infinite)


@pytest.mark.parametrize(
    ("wanted", "granted"), [(None, MAX_TIMEOUT_S), (600, 600), (4_100_000_000, MAX_TIMEOUT_S), (0, 1)]
)
def test_timeout(wanted, granted):
    assert granted_timeout_s(wanted) == granted
