"""What davserver has to reach, and whether it does.

A target compares medians over the rounds of one run: with a peer's, with the fastest of some, with a bound, with
another figure of the same samples. Of one worker and two, the better one counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.peers.everyone import BY_NAME, DAVSERVER, DAVSERVER_2
from benchmarks.units import digits, spell

Medians = Mapping[str, Mapping[str, float]]
"""For each peer, each of its figures; of one workload."""

C_SERVERS = ("apache", "nginx", "lighttpd")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was asked for, what was reached (both as text), and whether that is enough."""

    must: str
    did: str
    reached: bool


class Target(Protocol):
    """One condition. ``more`` tells whether more of the workload's value is better."""

    def judge(self, medians: Medians, *, more: bool) -> Verdict | None:
        """Judge; None if a figure that it takes is missing."""
        ...


@dataclass(frozen=True, slots=True)
class Times:
    """At least ``ratio`` times as fast as the fastest of some peers that were measured."""

    ratio: float
    peers: tuple[str, ...]

    def judge(self, medians: Medians, *, more: bool) -> Verdict | None:
        theirs = {peer: medians[peer]["value"] for peer in self.peers if "value" in medians.get(peer, {})}
        own = _best(medians, "value", more=more)
        if own is None or not theirs:
            return None
        fastest = (max if more else min)(theirs, key=lambda peer: theirs[peer])
        reached = own / theirs[fastest] if more else theirs[fastest] / own
        whom = BY_NAME[fastest].title + (" (the fastest)" if len(self.peers) > 1 else "")
        return Verdict(f"≥ {self.ratio:g} × {whom}", f"{digits(reached)} ×", reached >= self.ratio)


@dataclass(frozen=True, slots=True)
class AtMost:
    """A figure stays below a bound; ``what`` names it, if it is not the value."""

    bound: float
    unit: str
    figure: str = "value"
    what: str = ""

    def judge(self, medians: Medians, *, more: bool) -> Verdict | None:
        del more
        found = _best(medians, self.figure, more=False)
        if found is None:
            return None
        named = f"{self.what} " if self.what else ""
        return Verdict(f"{named}< {spell(self.bound, self.unit)}", spell(found, self.unit), found < self.bound)


@dataclass(frozen=True, slots=True)
class TimesOwn:
    """The value is at least ``ratio`` times another figure of the same samples."""

    ratio: float
    figure: str
    what: str

    def judge(self, medians: Medians, *, more: bool) -> Verdict | None:
        assert more, "only rates are compared with figures of their own samples"
        ratios = [
            figures["value"] / figures[self.figure] for figures in _own(medians) if {"value", self.figure} <= {*figures}
        ]
        if not ratios:
            return None
        return Verdict(f"≥ {self.ratio:g} × {self.what}", f"{digits(max(ratios))} ×", max(ratios) >= self.ratio)


@dataclass(frozen=True, slots=True)
class TwoWorkers:
    """Two workers do at least ``ratio`` times what one does."""

    ratio: float

    def judge(self, medians: Medians, *, more: bool) -> Verdict | None:
        assert more, "only rates are compared"
        one, two = (medians.get(peer.name, {}).get("value") for peer in (DAVSERVER, DAVSERVER_2))
        if one is None or two is None:
            return None
        return Verdict(f"2 workers ≥ {self.ratio:g} × 1 worker", f"{digits(two / one)} ×", two / one >= self.ratio)


def _own(medians: Medians) -> Sequence[Mapping[str, float]]:
    return [medians[peer.name] for peer in (DAVSERVER, DAVSERVER_2) if peer.name in medians]


def _best(medians: Medians, figure: str, *, more: bool) -> float | None:
    """Return the better one of one worker and two."""
    found = [figures[figure] for figures in _own(medians) if figure in figures]
    return (max if more else min)(found, default=None)
