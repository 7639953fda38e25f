"""Plans and sums of zips, kept for who goes on with a download.

Owns: a bounded memory: at most ``MAX_PLANS`` plans, and no more than ``MAX_MEMBERS`` members in all of them, but always
the last one. With sums and marks that is some 6 MiB, and 20 MiB where the last one is as large as any may be.
Never: goes stale. A plan is found by what it is of: a stored directory, by the hash of its record; or it is made anew,
and then its sums are found by its entity tag. So who may see another part of a folder never meets this one's plan.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from davserver.archive.crc import Sums
from davserver.archive.members import Packing
from davserver.archive.plan import Plan, plan_of

MAX_PLANS = 64
MAX_MEMBERS = 1 << 20


class Known(NamedTuple):
    """What is known of one zip."""

    plan: Plan
    sums: Sums


_Key = tuple[str, str, int, str, bool]


class KnownPlans:
    """Plans by their entity tag, and by what they were made of. Threads: any; two may make one plan at once."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._tags: dict[_Key, str] = {}
        self._members = 0
        self._lock = Lock()

    def find(self, packing: Packing) -> Known:
        """Return the plan of a zip, made now if it is not known (some 5 us a member). Errors: Unpackable."""
        key = _key(packing)
        if key is not None:
            with self._lock:
                tag = self._tags.get(key)
                if tag is not None:
                    self._known.move_to_end(tag)
                    return self._known[tag]
        return self._keep(key, plan_of(packing))

    def _keep(self, key: _Key | None, plan: Plan) -> Known:
        with self._lock:
            known = self._known.get(plan.etag)
            if known is None:
                known = self._known[plan.etag] = Known(plan, Sums(plan.members))
                self._members += plan.members
            self._known.move_to_end(plan.etag)
            if key is not None:
                self._tags[key] = plan.etag
            while len(self._known) > MAX_PLANS or (self._members > MAX_MEMBERS and len(self._known) > 1):
                self._forget()
            return known

    def _forget(self) -> None:
        tag, oldest = self._known.popitem(last=False)
        self._members -= oldest.plan.members
        for key in [key for key, value in self._tags.items() if value == tag]:
            del self._tags[key]


def _key(packing: Packing) -> _Key | None:
    """Name what a zip is made of, if that is stored; a directory with changes in memory has no name."""
    record = packing.root.record
    if record is None:
        return None
    return (record, packing.top, packing.born_ns, str(packing.zone), packing.hides_litter)
