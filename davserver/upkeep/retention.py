"""Which versions stay: a pure function from rules to reasons.

Owns: what the rules mean. Never: removes anything (``pruning``).
Follows: ``restic forget``: of each of the last n days (weeks, months) that have a version, the newest one stays. Days
are UTC, weeks begin on Monday.
Invariants: the newest version stays, and so does one that is tagged, or that a link leads to; without rules all stay. A
version that stays under some rules stays under the same rules when they are applied to what is left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from collections.abc import Collection as AnyOf
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from davserver.catalog.model import Version
from davserver.errors import Invalid

MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How many versions stay: the last ones, and one for each of so many days, weeks and months; all 0: every one."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    @property
    def keep_all(self) -> bool:
        """Whether nothing is ever removed."""
        return not (self.last or self.daily or self.weekly or self.monthly)

    def to_text(self) -> str:
        """Write the rules as the catalog keeps them."""
        return json.dumps({name: count for name, count in asdict(self).items() if count})

    @classmethod
    def from_text(cls, text: str) -> Rules:
        """Read what ``to_text`` wrote; raises Invalid."""
        try:
            return cls.of(json.loads(text))
        except ValueError as error:
            raise Invalid(f"no rules for versions: {text!r}") from error

    @classmethod
    def of(cls, counts: object) -> Rules:
        """Read counts by name; raises Invalid."""
        names = {one.name for one in fields(cls)}
        if (
            not isinstance(counts, dict)
            or not names.issuperset(counts)
            or not all(type(count) is int and 0 <= count <= MOST for count in counts.values())
        ):
            raise Invalid(
                f"no rules for versions: {counts!r} (what there is: {', '.join(sorted(names))}, each 0 to {MOST})"
            )
        return cls(**counts)

    def __str__(self) -> str:
        parts = [f"{name} {count}" for name, count in asdict(self).items() if count]
        return ", ".join(parts) if parts else "all"


@dataclass(frozen=True, slots=True)
class Fate:
    """A version and why it stays; without a reason it goes."""

    version: Version
    reasons: tuple[str, ...]


def fates(versions: Sequence[Version], rules: Rules, linked: AnyOf[int] = ()) -> list[Fate]:
    """Say for each version of one collection why it stays, or that it goes; in the order of their numbers.

    ``linked`` are the numbers of those that links lead to.
    """
    newest_first = sorted(versions, key=lambda version: -version.number)
    reasons: dict[int, list[str]] = {version.number: [] for version in newest_first}
    for version in newest_first[:1]:
        reasons[version.number].append("newest")
    for version in newest_first:
        if version.is_tagged:
            reasons[version.number].append("tagged")
        if version.number in linked:
            reasons[version.number].append("linked")
    if rules.keep_all:
        for version in newest_first:
            reasons[version.number].append("all")
    for version in newest_first[: rules.last]:
        reasons[version.number].append("last")
    for name, count, period in _PERIODS:
        for version in _newest_of_each(newest_first, getattr(rules, count), period):
            reasons[version.number].append(name)
    return [Fate(version, tuple(reasons[version.number])) for version in reversed(newest_first)]


def _day(version: Version) -> Hashable:
    return _date(version).date()


def _week(version: Version) -> Hashable:
    return _date(version).isocalendar()[:2]


def _month(version: Version) -> Hashable:
    date = _date(version)
    return date.year, date.month


_PERIODS: tuple[tuple[str, str, Callable[[Version], Hashable]], ...] = (
    ("day", "daily", _day),
    ("week", "weekly", _week),
    ("month", "monthly", _month),
)


def _date(version: Version) -> datetime:
    return datetime.fromtimestamp(version.created_ns // 1_000_000_000, UTC)


def _newest_of_each(
    newest_first: Sequence[Version], count: int, period: Callable[[Version], Hashable]
) -> list[Version]:
    found: dict[Hashable, Version] = {}
    for version in newest_first:
        if len(found) == count:
            break
        found.setdefault(period(version), version)
    return list(found.values())
