"""``davserver fsck``: tells whether everything is still there that was promised, and repairs what it safely can."""

from __future__ import annotations

import click

from davserver.cli.options import Command, as_json, open_house, print_json
from davserver.cli.progress import progress
from davserver.cli.tables import say
from davserver.upkeep.fsck import fsck as check
from davserver.upkeep.repair import repair as check_and_repair
from davserver.upkeep.report import Finding, Place, Report


@click.command(cls=Command)
@as_json
@click.option("--quick", is_flag=True, help="Look at the sizes of blocks only, and do not read them.")
@click.option("--repair", is_flag=True, help="Do what is safe, and say what was done; nothing is ever deleted.")
@click.option("--lost-files", is_flag=True, help="Print only the files that cannot be had whole, one a line.")
@click.pass_context
def fsck(context: click.Context, *, as_json: bool, quick: bool, repair: bool, lost_files: bool) -> int:
    """Check every collection, version and block; exit 1 if anything is wrong (after the repair, if there was one)."""
    run = check_and_repair if repair else check
    with open_house(context) as house, progress() as advance:
        report = run(house, quick=quick, progress=advance)
    if as_json:
        print_json(report.to_json())
    elif lost_files:
        for place in report.lost:
            say(f"{place.collection}/{place.path}")
    else:
        _print_report(report)
    return report.exit_status


def _print_report(report: Report) -> None:
    for repair in report.repairs:
        say(f"{'repaired' if repair.done else 'left'}: {repair.kind}: {repair.subject}: {repair.message}")
    for finding in report.findings:
        _print_finding(finding)
    say(
        f"{report.collections} collections, {report.versions} versions, {report.records} directory records, "
        f"{report.blocks} blocks with {report.block_bytes} bytes: {len(report.errors)} errors"
    )


def _print_finding(finding: Finding) -> None:
    say(f"{'error' if finding.is_error else 'note'}: {finding.kind}: {finding.subject}: {finding.message}")
    for place in finding.places:
        say(f"  in {place.collection}/{place.path} {_when(place)}")
    if finding.more_places:
        say(f"  and in {finding.more_places} more places")


def _when(place: Place) -> str:
    versions = ", ".join(str(number) for number in place.versions)
    return " and ".join(
        part for part in ("(now)" if place.head else "", f"(version {versions})" if versions else "") if part
    )
