"""What write locks forbid, as pure functions over the live locks of one collection.

Owns: which lock covers which path, which tokens a change needs, which locks keep a new one out.
Never: a clock or the catalog; expired locks are left out by whoever lists them.
Follows: RFC 4918 sections 6.1, 6.2, 7.4, 7.5 and 9.10.
Invariant: a path is open to a holder of *any one* of the locks that cover it: an exclusive lock is the only one there
    anyway, and shared locks mean just that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Flag, auto

from davserver.catalog.model import Lock
from davserver.values import TreePath

MAX_TIMEOUT_S = 7 * 24 * 3600


class Touch(Flag):
    """What a change does to a path, as far as locks are concerned."""

    CONTENT = auto()
    """Its bytes, or the properties of the resource itself."""
    MEMBERSHIP = auto()
    """The path appears in, or disappears from, its parent: a lock of depth 0 on the parent stands for that."""
    SUBTREE = auto()
    """Everything below goes with it."""


READ = Touch(0)
"""Nothing changes: no lock is in the way of that."""


def covers(lock: Lock, path: TreePath) -> bool:
    """Tell whether the lock's scope includes the path, mapped or not."""
    return lock.path == path or (lock.infinite and is_below(path, lock.path))


def is_below(path: TreePath, ancestor: TreePath) -> bool:
    """Tell whether the path is the ancestor or lies under it."""
    return path[: len(ancestor)] == ancestor


def owned_tokens(locks: Iterable[Lock], submitted: Collection[str], principal: str) -> frozenset[str]:
    """Return the submitted tokens that count: of a live lock, and made by the same principal.

    A lock made without a principal belongs to whoever holds its token.
    """
    return frozenset(k.token for k in locks if k.token in submitted and k.principal in {"", principal})


def involved(locks: Collection[Lock], path: TreePath, touch: Touch) -> tuple[Lock, ...]:
    """Return all locks a change of this kind has to do with, ordered by token."""
    return standing_in_the_way(locks, path, touch, ())


def standing_in_the_way(
    locks: Collection[Lock], path: TreePath, touch: Touch, owned: Collection[str]
) -> tuple[Lock, ...]:
    """Return the locks that forbid the change to those who own only these tokens; empty: go ahead."""
    if not locks or touch is READ:
        return ()
    points = {path}
    if Touch.MEMBERSHIP in touch and path:
        points.add(path[:-1])
    if Touch.SUBTREE in touch:
        points.update(lock.path for lock in locks if is_below(lock.path, path))
    in_the_way: dict[str, Lock] = {}
    for point in points:
        covering = [lock for lock in locks if covers(lock, point)]
        if not any(lock.token in owned for lock in covering):
            in_the_way.update((lock.token, lock) for lock in covering)
    return tuple(in_the_way[token] for token in sorted(in_the_way))


def conflicting(locks: Iterable[Lock], path: TreePath, *, exclusive: bool, infinite: bool) -> tuple[Lock, ...]:
    """Return the locks that keep a new one out: scopes that overlap, unless both are shared."""
    return tuple(
        lock
        for lock in locks
        if (exclusive or lock.exclusive) and (covers(lock, path) or (infinite and is_below(lock.path, path)))
    )


def granted_timeout_s(wanted_s: int | None) -> int:
    """Return how long a lock lives: what was asked for (None: for ever), at most a week and at least a second.

    A lock whose client never comes back has to end some day, hence no promise of ``Infinite``.
    """
    return MAX_TIMEOUT_S if wanted_s is None else max(1, min(wanted_s, MAX_TIMEOUT_S))
