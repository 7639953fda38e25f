"""Checking the block store against what is named in the catalog.

Owns: the state of every named block, and every file in the block directory that is no block in its place.
Never: changes anything; what a finding can be repaired by is handed out with it (``fix``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from davserver.blocks.rescue import CanBeRescued, Odd, Oddity, Rescue
from davserver.errors import BlockCorrupt, BlockError, BlockMissing, StoreUnavailable
from davserver.live.house import House
from davserver.upkeep.report import Finding, Kind, Report
from davserver.values import Locator

_HINTS = {
    Oddity.TEMPORARY: (Kind.TEMPORARY, "a block that was being written; davserver gc removes it a day later"),
    Oddity.ASIDE: (Kind.ASIDE, "damaged bytes that were set aside; nobody needs them but for another look"),
    Oddity.FOREIGN: (Kind.FOREIGN, "no name that davserver gives; it is left alone"),
}


class BlockCheck:
    """One look at the block store. ``bad`` gathers the named blocks that cannot be had."""

    def __init__(self, house: House, report: Report) -> None:
        self._house = house
        self._report = report
        self._rescue = rescue_of(house)
        self._elsewhere: dict[str, list[str]] = {}
        self.bad: set[Locator] = set()

    def check(self, named: Iterable[Locator], *, quick: bool, progress: Callable[[str, int, int], None]) -> None:
        """Check all named blocks; with ``quick`` no block is read, but for other copies of one that is missing."""
        self._survey()
        wanted = sorted((locator for locator in named if locator.size), key=str)
        for number, locator in enumerate(wanted):
            progress("blocks", number, len(wanted))
            self._report.blocks += 1
            self._report.block_bytes += locator.size
            self._check_one(locator, quick=quick)
        progress("blocks", len(wanted), len(wanted))
        self._count_orphans({locator.md5 for locator in wanted})

    def _check_one(self, locator: Locator, *, quick: bool) -> None:
        blocks = self._house.blocks
        damage = Kind.BLOCK_SIZE
        try:
            blocks.stat(locator)
            damage = Kind.BLOCK_CORRUPT
            if not quick:
                blocks.verify(locator)
        except BlockMissing as error:
            self._add_bad(Kind.BLOCK_MISSING, locator, error.reason)
        except BlockCorrupt as error:
            self._add_bad(damage, locator, error.reason)
        except BlockError as error:
            self._add_bad(Kind.BLOCK_UNREADABLE, locator, error.reason)
        except StoreUnavailable as error:
            self._add_bad(Kind.BLOCK_UNREADABLE, locator, error.message)

    def _add_bad(self, kind: Kind, locator: Locator, reason: str) -> None:
        self.bad.add(locator)
        fix = None
        if self._rescue is not None:
            candidates = self._elsewhere.get(locator.md5, [])
            copies = self._rescue.copies(locator)
            if copies and kind is Kind.BLOCK_MISSING and ".trash." in copies[-1]:
                kind, reason = Kind.BLOCK_TRASHED, f"it is in the trash, and needed: {copies[-1]}"
            elif copies:
                reason = f"{reason}; a good copy is {copies[-1]}"
            fix = partial(_heal, locator, candidates)
        self._report.findings.append(Finding(kind=kind, subject=str(locator), message=reason, fix=fix))

    def _survey(self) -> None:
        if self._rescue is None:
            return
        try:
            for odd in self._rescue.survey():
                self._add_odd(odd)
        except StoreUnavailable as error:
            self._add(Kind.INDEX, "blocks", f"not all can be looked at: {error.message}")

    def _add_odd(self, odd: Odd) -> None:
        match odd.oddity:
            case Oddity.TRASHED:
                return  # that is what a trash is for; one that is needed is told with its block
            case Oddity.MISPLACED:
                self._elsewhere.setdefault(odd.md5, []).append(odd.path)
                fix = partial(_put_in_place, Locator(odd.md5, odd.size), odd.path)
                self._add(Kind.MISPLACED, odd.path, "a block in a directory where nobody looks for it", fix)
            case Oddity.PERMISSIONS:
                fix = partial(_permit, odd.path)
                self._add(Kind.PERMISSIONS, odd.path, f"its mode is {odd.detail}: its owner alone may write it", fix)
            case Oddity.UNREADABLE:
                self._add(Kind.INDEX, odd.path, f"cannot be looked at: {odd.detail}")
            case _:
                kind, message = _HINTS[odd.oddity]
                self._add(kind, odd.path, message)

    def _add(self, kind: Kind, subject: str, message: str, fix: Callable[[House], str | None] | None = None) -> None:
        self._report.findings.append(Finding(kind=kind, subject=subject, message=message, fix=fix))

    def _count_orphans(self, named: set[str]) -> None:
        report = self._report
        try:
            for block in self._house.blocks.index():
                if block.md5 not in named:
                    report.orphan_blocks += 1
                    report.orphan_bytes += block.size
        except StoreUnavailable as error:
            if all(finding.kind is not Kind.INDEX for finding in report.findings):
                self._add(Kind.INDEX, "blocks", f"not all can be listed: {error.message}")
        if report.orphan_blocks:
            count, size = report.orphan_blocks, report.orphan_bytes
            self._add(Kind.ORPHANS, "blocks", f"{count} blocks, {size} bytes are named by no version and no head")


def rescue_of(house: House) -> Rescue | None:
    """Return what repairs a house's block store; None if it is of a kind that has no repairs."""
    return house.blocks.rescue() if isinstance(house.blocks, CanBeRescued) else None


def _heal(locator: Locator, candidates: list[str], house: House) -> str | None:
    rescue = rescue_of(house)
    if rescue is None:
        return None
    source = rescue.bring_back(locator, candidates)
    if source is not None:
        return f"brought back from {source}"
    aside = rescue.set_aside(locator)
    return None if aside is None else f"the damaged file is {aside} now: a PUT of the same content heals it"


def _put_in_place(locator: Locator, path: str, house: House) -> str | None:
    rescue = rescue_of(house)
    if rescue is None or rescue.bring_back(locator, [path]) is None:
        return None
    return "moved to its place"


def _permit(path: str, house: House) -> str | None:
    rescue = rescue_of(house)
    if rescue is None:
        return None
    rescue.permit(path)
    return "its owner alone may write it now"
