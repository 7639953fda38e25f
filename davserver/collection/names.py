"""NameMap: the names of one directory, as an immutable sorted map.

Owns: a persistent B-tree from name to value; an edit copies the nodes on one path and shares the rest.
Never: what the values are.
Follows: B+ trees (values in the leaves only) with path copying; ``firsts`` as separators.
Invariants: names ascend by code point in and across leaves; all leaves have the same depth; no node is empty except
the root of an empty map; a node is never changed after it was linked.

A node holds at most 64 items: of 32, 64 and 128 it gave the cheapest insertion into 50,000 names (about 5 us; a
lookup takes 0.6 us, or 1.3 us where the processor's caches are cold). Full leaves cost 19 bytes an entry beside the
name and the value themselves.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import lt
from typing import Generic, TypeVar

V = TypeVar("V")

MAX_ITEMS = 64
MIN_ITEMS = MAX_ITEMS // 4


class _Leaf(Generic[V]):
    """Names and their values, side by side."""

    __slots__ = ("names", "values")

    def __init__(self, names: list[str], values: list[V]) -> None:
        self.names = names
        self.values = values

    @property
    def size(self) -> int:
        return len(self.names)


class _Branch(Generic[V]):
    """Children and the least name that each may hold; ``size`` counts the names below."""

    __slots__ = ("children", "firsts", "size")

    def __init__(self, firsts: list[str], children: list[_Tree[V]], size: int) -> None:
        self.firsts = firsts
        self.children = children
        self.size = size

    def find(self, name: str) -> int:
        """Return the index of the only child that may hold the name."""
        return bisect_right(self.firsts, name, 1) - 1


_Tree = _Leaf[V] | _Branch[V]


class NameMap(Generic[V]):
    """An immutable sorted map from name to value; edits return a new map. Safe to share between threads."""

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root: _Tree[V] = _Leaf([], [])

    @classmethod
    def from_sorted(cls, items: Iterable[tuple[str, V]]) -> NameMap[V]:
        """Build from strictly ascending names in O(n), with full leaves; raises ValueError if they do not ascend."""
        pairs = list(items)
        names = [name for name, _ in pairs]
        values = [value for _, value in pairs]
        if not all(map(lt, names, names[1:])):
            raise ValueError("names do not ascend")
        starts = range(0, len(names) or 1, MAX_ITEMS)
        level: list[_Tree[V]] = [_Leaf(names[i : i + MAX_ITEMS], values[i : i + MAX_ITEMS]) for i in starts]
        while len(level) > 1:
            level = [_branch(level[i : i + MAX_ITEMS]) for i in range(0, len(level), MAX_ITEMS)]
        return cls._of(level[0])

    @classmethod
    def _of(cls, root: _Tree[V]) -> NameMap[V]:
        result: NameMap[V] = cls.__new__(cls)
        result._root = root
        return result

    def get(self, name: str) -> V | None:
        """Return the value of a name, or None."""
        node = self._root
        while isinstance(node, _Branch):
            node = node.children[bisect_right(node.firsts, name, 1) - 1]
        names = node.names
        index = bisect_left(names, name)
        if index < len(names) and names[index] == name:
            return node.values[index]
        return None

    def set(self, name: str, value: V) -> NameMap[V]:
        """Return a map in which the name has this value; O(log n)."""
        parts = _set(self._root, name, value)
        return self._of(parts[0] if len(parts) == 1 else _branch(parts))

    def remove(self, name: str) -> NameMap[V]:
        """Return a map without the name; raises KeyError if it is not there."""
        root = _remove(self._root, name)
        while isinstance(root, _Branch) and len(root.children) == 1:
            root = root.children[0]
        return self._of(root)

    def items(self, start_after: str | None = None) -> Iterator[tuple[str, V]]:
        """Iterate over (name, value) in order; with ``start_after``, only over later names, found in O(log n)."""
        stack: list[tuple[_Branch[V], int]] = []
        node = self._root
        start = 0
        if start_after is not None:
            while isinstance(node, _Branch):
                index = node.find(start_after)
                stack.append((node, index + 1))
                node = node.children[index]
            start = bisect_right(node.names, start_after)
        while True:
            while isinstance(node, _Branch):
                stack.append((node, 1))
                node = node.children[0]
            if start:
                yield from zip(node.names[start:], node.values[start:], strict=True)
                start = 0
            else:
                yield from zip(node.names, node.values, strict=True)
            while stack and stack[-1][1] == len(stack[-1][0].children):
                stack.pop()
            if not stack:
                return
            branch, index = stack.pop()
            stack.append((branch, index + 1))
            node = branch.children[index]

    def values(self) -> Iterator[V]:
        """Iterate over the values in the order of their names."""
        return (item[1] for item in self.items())

    def __iter__(self) -> Iterator[str]:
        return (item[0] for item in self.items())

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __len__(self) -> int:
        return self._root.size


def _first(node: _Tree[V]) -> str:
    return node.firsts[0] if isinstance(node, _Branch) else node.names[0]


def _branch(children: list[_Tree[V]]) -> _Branch[V]:
    return _Branch([_first(child) for child in children], children, sum(child.size for child in children))


def _set(node: _Tree[V], name: str, value: V) -> list[_Tree[V]]:
    """Return what stands in the node's place: one node, or two if it had to be split."""
    if isinstance(node, _Leaf):
        return _set_in_leaf(node, name, value)
    index = node.find(name)
    old = node.children[index]
    parts = _set(old, name, value)
    firsts = node.firsts.copy()
    children = node.children.copy()
    children[index : index + 1] = parts
    firsts[0] = min(firsts[0], name)
    grown = parts[0].size - old.size
    if len(parts) == 2:
        firsts.insert(index + 1, _first(parts[1]))
        grown += parts[1].size
    size = node.size + grown
    if len(children) <= MAX_ITEMS:
        return [_Branch(firsts, children, size)]
    cut = _cut(len(children), at_end=index + 2 == len(children))
    return [_branch(children[:cut]), _branch(children[cut:])]


def _set_in_leaf(leaf: _Leaf[V], name: str, value: V) -> list[_Tree[V]]:
    names = leaf.names
    index = bisect_left(names, name)
    values = leaf.values.copy()
    if index < len(names) and names[index] == name:
        values[index] = value
        return [_Leaf(names, values)]
    names = names.copy()
    names.insert(index, name)
    values.insert(index, value)
    if len(names) <= MAX_ITEMS:
        return [_Leaf(names, values)]
    cut = _cut(len(names), at_end=index + 1 == len(names))
    return [_Leaf(names[:cut], values[:cut]), _Leaf(names[cut:], values[cut:])]


def _cut(count: int, *, at_end: bool) -> int:
    """Say where to split: names that come in order leave full nodes behind them, others halves."""
    return count - 1 if at_end else count // 2


def _remove(node: _Tree[V], name: str) -> _Tree[V]:
    if isinstance(node, _Leaf):
        index = bisect_left(node.names, name)
        if index == len(node.names) or node.names[index] != name:
            raise KeyError(name)
        return _Leaf(node.names[:index] + node.names[index + 1 :], node.values[:index] + node.values[index + 1 :])
    index = node.find(name)
    child = _remove(node.children[index], name)
    children = node.children.copy()
    children[index] = child
    if _width(child) < MIN_ITEMS and len(children) > 1:
        left = max(index - 1, 0)
        children[left : left + 2] = _merge(children[left], children[left + 1])
        return _branch(children)
    firsts = node.firsts
    if _width(child) and firsts[index] != _first(child):
        firsts = firsts.copy()
        firsts[index] = _first(child)
    return _Branch(firsts, children, node.size - 1)


def _width(node: _Tree[V]) -> int:
    return len(node.children) if isinstance(node, _Branch) else len(node.names)


def _merge(left: _Tree[V], right: _Tree[V]) -> list[_Tree[V]]:
    """Join two neighbours of the same depth into one node, or into two halves where one cannot hold them."""
    if isinstance(left, _Leaf) and isinstance(right, _Leaf):
        names = left.names + right.names
        values = left.values + right.values
        if len(names) <= MAX_ITEMS:
            return [_Leaf(names, values)]
        cut = len(names) // 2
        return [_Leaf(names[:cut], values[:cut]), _Leaf(names[cut:], values[cut:])]
    assert isinstance(left, _Branch)  # noqa: S101 - neighbours have the same depth
    assert isinstance(right, _Branch)  # noqa: S101
    children = left.children + right.children
    if len(children) <= MAX_ITEMS:
        return [_branch(children)]
    cut = len(children) // 2
    return [_branch(children[:cut]), _branch(children[cut:])]
