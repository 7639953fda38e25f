"""NameMap against a dict and sorted()."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davserver.collection.names import MAX_ITEMS, Leaf, NameMap, Packed, Recent

# Few letters and both orders of insertion, so that names meet and nodes split and merge.
NAMES = st.text("abé\udc80", min_size=1, max_size=5)
EDITS = st.lists(st.tuples(st.booleans(), NAMES), max_size=600)


def packed(items: list[tuple[str, int]], sizes: list[int], recent: Recent) -> NameMap[int]:
    """Cut items into packed leaves; the sizes repeat."""
    leaves = []
    while items:
        cut = sizes[len(leaves) % len(sizes)]
        here, items = items[:cut], items[cut:]
        form = [name for name, _ in here], [value for _, value in here]
        leaves.append(Packed(here[0][0], len(here), lambda form=form: form, recent))
    return NameMap.from_leaves(leaves)


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


@given(st.dictionaries(NAMES, st.integers(), max_size=300), st.lists(st.integers(1, MAX_ITEMS), min_size=1), EDITS)
def test_a_map_of_packed_leaves_is_what_the_plain_one_is(
    model: dict[str, int], sizes: list[int], edits: list[tuple[bool, str]]
) -> None:
    recent = Recent(2)
    plain = NameMap.from_sorted(sorted(model.items()))
    names = first = packed(sorted(model.items()), sizes, recent)
    assert len(names) == len(plain)
    for number, (adds, name) in enumerate(edits):
        assert names.get(name) == plain.get(name)
        if adds:
            names, plain = names.set(name, number), plain.set(name, number)
        elif name in plain:
            names, plain = names.remove(name), plain.remove(name)
    assert list(names.items()) == list(plain.items())
    assert len(names) == len(plain)
    assert list(first.items()) == sorted(model.items()), "the map it came from is as it was"
    assert all(list(names.items(name)) == list(plain.items(name)) for _, name in edits[:20])


def test_only_the_leaves_that_are_looked_into_are_unpacked_and_only_the_last_ones_stay() -> None:
    looked: list[int] = []

    def leaf(number: int) -> Packed[int]:
        def unpack() -> tuple[list[str], list[int]]:
            looked.append(number)
            return [f"{number}a", f"{number}b"], [number, number]

        return Packed(f"{number}a", 2, unpack, recent)

    recent = Recent(2)
    names = NameMap.from_leaves([leaf(number) for number in range(5)])
    assert (len(names), looked) == (10, [])
    assert (names.get("3b"), names.get("3a"), names.get("3c")) == (3, 3, None)
    assert looked == [3]
    assert [leaf.size for leaf in names.leaves()] == [2] * 5
    assert looked == [3]
    assert len(list(names)) == 10
    assert names.get("4a") == 4
    assert looked == [3, 0, 1, 2, 3, 4]
    assert names.get("0a") == 0
    assert looked == [3, 0, 1, 2, 3, 4, 0]


@pytest.mark.parametrize("names", [["a"], ["a", "c", "b"], ["b", "c", "d"], ["a", "b", "b"]])
def test_a_packed_leaf_that_holds_something_else_is_refused(names: list[str]) -> None:
    recent = Recent(1)
    broken = NameMap.from_leaves([Packed("a", 3, lambda: (names, [1] * len(names)), recent)])
    with pytest.raises(ValueError, match="what it should"):
        broken.get("a")
    with pytest.raises(ValueError, match="do not ascend"):
        NameMap.from_leaves(
            [Packed("b", 1, lambda: (["b"], [1]), recent), Packed("a", 1, lambda: (["a"], [1]), recent)]
        )


def test_an_edit_leaves_the_other_leaves_as_they_are() -> None:
    before = NameMap.from_sorted([(f"{number:05}", number) for number in range(MAX_ITEMS * 100)])
    after = before.set("00777", -1).remove("03333")
    kept = set(before.leaves())
    new = [leaf for leaf in after.leaves() if leaf not in kept]
    assert len(new) == 2
    assert all(isinstance(leaf, Leaf) for leaf in new)


@given(st.dictionaries(st.integers(0, 9999).map(str), st.integers(), max_size=1000), st.integers(0, 9999).map(str))
def test_iteration_starts_behind_any_name(model: dict[str, int], after: str) -> None:
    names = NameMap.from_sorted(sorted(model.items()))
    assert list(names.items(after)) == [item for item in sorted(model.items()) if item[0] > after]


@given(st.dictionaries(st.integers(0, 9999).map(str), st.integers(), max_size=1000), st.integers(0, 1100))
def test_iteration_starts_at_any_index(model: dict[str, int], index: int) -> None:
    names = NameMap.from_sorted(sorted(model.items()))
    assert list(names.items_from(index)) == sorted(model.items())[index:]


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
