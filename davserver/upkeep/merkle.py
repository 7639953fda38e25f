"""Judging a tree of records by its parts, each record once.

Owns: the walk; it does not recurse, as a tree may be deeper than Python's stack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


def settle(start: str, known: dict[str, bool], look: Callable[[str], Sequence[str] | None]) -> bool:
    """Tell whether a record and all below it are good, and remember that for each of them in ``known``.

    ``look`` returns the records right below one that is itself good, None for one that is not; it is called once for
    each record that is not known.
    """
    waiting: list[tuple[str, Sequence[str] | None]] = [(start, None)]
    while waiting:
        record, below = waiting.pop()
        if below is not None:
            known[record] = all(known[child] for child in below)
        elif record not in known:
            below = look(record)
            if below is None:
                known[record] = False
            else:
                waiting.append((record, below))
                waiting += [(child, None) for child in below]
    return known[start]
