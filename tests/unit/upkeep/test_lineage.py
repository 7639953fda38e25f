"""A later state of a catalog, and what is none: before a backup's catalog is replaced."""

from __future__ import annotations

import pytest

from davserver.catalog.lineage import objection


@pytest.fixture
def state(premises, tmp_path):
    """Copy the catalog as it is now into a file of a name."""

    def copy(name):
        premises.catalog.copy_to(tmp_path / name)
        return tmp_path / name

    return copy


def test_what_was_changed_made_or_purged_since_is_later(premises, state):
    nothing = state("nothing")
    premises.create("c")
    premises.create("gone")
    premises.put("c", "a", b"1")
    old = state("old")
    premises.put("c", "a", b"2")
    premises.create("d")
    new = state("new")
    assert [objection(new, old), objection(new, new), objection(old, nothing)] == [None] * 3
    assert objection(new, new.parent / "missing") is None


def test_what_is_earlier_or_cannot_be_read_is_told(premises, state, tmp_path):
    nothing = state("nothing")
    premises.create("c")
    premises.put("c", "a", b"1")
    old = state("old")
    premises.put("c", "a", b"2")
    new = state("new")
    (tmp_path / "noise").write_bytes(b"x" * 8192)
    assert objection(old, new) == "what it holds is newer"
    assert objection(nothing, old) == "what it holds is newer"
    assert objection(tmp_path / "noise", old) == "its catalog cannot be read"
