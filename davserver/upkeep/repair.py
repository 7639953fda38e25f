"""Repair: doing about a report what is safe, and saying what was done.

Owns: the rounds: check, repair, check again, until nothing more can be done.
Never: does what a finding does not bring along as safe.
Invariants: a file that could be read can be read afterwards, with the same bytes; nothing is deleted. It may run beside
a server, be cut off at any moment, and be run again.
"""

from __future__ import annotations

from davserver.errors import DavserverError
from davserver.live.house import House
from davserver.upkeep.fsck import Progress, fsck, unwatched
from davserver.upkeep.report import Finding, Repair, Report

MAX_ROUNDS = 5


def repair(house: House, *, quick: bool = False, progress: Progress = unwatched) -> Report:
    """Check, and repair what can be; the report is of how things are afterwards. Errors: as ``fsck``."""
    done: list[Repair] = []
    for _ in range(MAX_ROUNDS):
        report = fsck(house, quick=quick, progress=progress)
        tried = [outcome for finding in report.findings if (outcome := _repair_one(house, finding)) is not None]
        done += [outcome for outcome in tried if outcome.done]
        if not any(outcome.done for outcome in tried):
            break
    report.repairs = [*done, *(outcome for outcome in tried if not outcome.done)]
    return report


def _repair_one(house: House, finding: Finding) -> Repair | None:
    if not finding.is_error:
        return None
    if finding.fix is None:
        return Repair(finding.kind, finding.subject, "there is no safe repair", done=False)
    try:
        message = finding.fix(house)
    except DavserverError as error:
        return Repair(finding.kind, finding.subject, error.message, done=False)
    if message is None:
        return Repair(finding.kind, finding.subject, "nothing is left to repair it from", done=False)
    return Repair(finding.kind, finding.subject, message, done=True)
