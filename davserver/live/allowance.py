"""What an account may store, and what it stores: the bytes of all files in the collections it owns.

Owns: what counts, and the refusal of an edit that lets it grow beyond the limit.
Never: a walk: each collection's row has the bytes of its tree, written with its head in one transaction.
What counts: live collections, as they are now. History and the trash do not count, as deleted files of a collection do
not count for its own limit: who deletes has room at once, and ``gc`` decides when the disk has. So what comes back from
the trash or from history has to fit. An upload counts from the moment that its file is linked.
Follows: RFC 4331.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from davserver.catalog.database import Tables
from davserver.errors import QuotaExceeded
from davserver.live.state import State

_ALL_WRITTEN: Mapping[int, State] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Allowance:
    """An account's limit, and how much it stores, which may be more: a limit can be set below what is there."""

    limit_bytes: int
    used_bytes: int

    @property
    def left_bytes(self) -> int:
        """How many more bytes fit."""
        return max(0, self.limit_bytes - self.used_bytes)


def allowance(tables: Tables, owner: str, unwritten: Mapping[int, State] = _ALL_WRITTEN) -> Allowance | None:
    """Return an account's allowance, None if it has no limit. Cost: two queries, one of them over what it owns.

    ``unwritten`` are the states by collection that are newer than the tables in this transaction.
    """
    limit_bytes = tables.access.quota_of(owner)
    if limit_bytes is None:
        return None
    sizes = tables.collections.sizes(owner)
    used = (unwritten[key].root.bytes if key in unwritten else size for key, size in sizes.items())
    return Allowance(limit_bytes, sum(used))


def refuse_growth(tables: Tables, changed: Iterable[tuple[State | None, State]], newest: Mapping[int, State]) -> None:
    """Raise QuotaExceeded if an edit lets an account grow beyond its limit.

    ``changed`` are the collections of the edit before (None: it made them) and after it. What moves within the
    collections of one account is no growth, and an account that is over its limit may shrink. A collection that gets
    another owner does not grow: who sets owners and limits is the operator.
    """
    grown: dict[str, int] = {}
    for before, after in changed:
        if after.row.owner is not None:
            growth = _counted(after) - (0 if before is None else _counted(before))
            grown[after.row.owner] = grown.get(after.row.owner, 0) + growth
    for owner, growth in grown.items():
        if growth <= 0:
            continue
        now = allowance(tables, owner, newest)
        if now is not None and now.used_bytes > now.limit_bytes:
            raise QuotaExceeded(growth, max(0, now.limit_bytes - (now.used_bytes - growth)))


def _counted(state: State) -> int:
    return 0 if state.row.trashed_ns is not None else state.root.bytes
