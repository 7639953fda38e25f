"""NameMap against a dict and sorted()."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.collection.names import MAX_ITEMS, NameMap

# Few letters and both orders of insertion, so that names meet and nodes split and merge.
NAMES = st.text("abé\udc80", min_size=1, max_size=5)
EDITS = st.lists(st.tuples(st.booleans(), NAMES), max_size=600)


@given(EDITS)
def test_a_map_is_what_a_dict_is(edits: list[tuple[bool, str]]) -> None:
    names: NameMap[int] = NameMap()
    model: dict[str, int] = {}
    for number, (adds, name) in enumerate(edits):
        if adds:
            names = names.set(name, number)
            model[name] = number
        elif name in model:
            names = names.remove(name)
            del model[name]
        else:
            with pytest.raises(KeyError):
                names.remove(name)
        assert len(names) == len(model)
    assert list(names.items()) == sorted(model.items())
    assert all(names.get(name) == value for name, value in model.items())


@given(st.dictionaries(st.integers(0, 9999).map(str), st.integers(), max_size=1000), st.integers(0, 9999).map(str))
def test_iteration_starts_behind_any_name(model: dict[str, int], after: str) -> None:
    names = NameMap.from_sorted(sorted(model.items()))
    assert list(names.items(after)) == [item for item in sorted(model.items()) if item[0] > after]


@given(st.sets(st.integers(0, 3000), max_size=3000), st.randoms(use_true_random=False))
def test_removal_in_any_order_leaves_the_rest(numbers: set[int], random) -> None:
    model = {f"{n:04}": n for n in numbers}
    names = NameMap.from_sorted(sorted(model.items()))
    before = names
    victims = random.sample(sorted(model), len(model) * 9 // 10)
    for name in victims:
        names = names.remove(name)
    left = sorted(set(model) - set(victims))
    assert list(names) == left
    assert len(names) == len(left)
    assert list(before.items()) == sorted(model.items()), "the map it came from is as it was"


@pytest.mark.parametrize("count", [0, 1, MAX_ITEMS, MAX_ITEMS + 1, MAX_ITEMS**2 + 1])
def test_from_sorted_holds_what_it_was_given(count: int) -> None:
    items = [(f"{n:06}", n) for n in range(count)]
    names = NameMap.from_sorted(items)
    assert list(names.items()) == items
    assert len(names) == count


def test_from_sorted_refuses_names_that_do_not_ascend() -> None:
    with pytest.raises(ValueError, match="do not ascend"):
        NameMap.from_sorted([("a", 1), ("a", 2)])


def test_names_that_come_in_order_fill_their_leaves() -> None:
    names: NameMap[int] = NameMap()
    for number in range(MAX_ITEMS * 10):
        names = names.set(f"{number:06}", number)
    assert [child.size for child in names._root.children] == [MAX_ITEMS] * 10
