"""``davserver retention`` and ``prune``: which versions stay, and removing the others."""

from __future__ import annotations

import time
from typing import Any

import click

from davserver.access.stewarding import set_retention
from davserver.cli.options import Command, as_json, load_settings, open_house, print_json
from davserver.cli.tables import iso_time, print_table, say
from davserver.errors import Invalid
from davserver.upkeep.pruning import Pruned, named, prune, rules_of
from davserver.upkeep.retention import MOST, Rules

_count = click.IntRange(0, MOST)


@click.command(cls=Command)
@click.argument("name")
@click.option("--last", type=_count, metavar="N", help="Keep the last N versions.")
@click.option("--daily", type=_count, metavar="N", help="Keep the newest version of each of the last N days.")
@click.option("--weekly", type=_count, metavar="N", help="The same for weeks, which begin on Monday.")
@click.option("--monthly", type=_count, metavar="N", help="The same for months.")
@click.option("--all", "keep_all", is_flag=True, help="Keep every version of this collection.")
@click.option("--default", "as_configured", is_flag=True, help="Go by the configuration again.")
@as_json
@click.pass_context
def retention(
    context: click.Context, /, name: str, *, keep_all: bool, as_configured: bool, as_json: bool, **counts: int | None
) -> None:
    """Show or set which versions of a collection stay; those of the configuration hold for all without their own.

    A version stays if any of the rules keeps it. The newest one, and those with a label, always stay.
    """
    given = {key: value for key, value in counts.items() if value is not None}
    if bool(given) + keep_all + as_configured > 1:
        raise Invalid("give counts, --all or --default, not several of them")
    from davserver.server.opening import retention_rules  # noqa: PLC0415  # not for --help

    default = retention_rules(load_settings(context).settings)
    with open_house(context) as house:
        if given or keep_all:
            text: str | None = Rules(**given).to_text()
            set_retention(house, name, text)
        elif as_configured:
            set_retention(house, name, None)
        row = house.info(name)
    rules = rules_of(row, default)
    origin = "configuration" if row.retention is None else "collection"
    if as_json:
        print_json({"keep": _counts(rules), "from": origin})
    else:
        say(f"keeps {rules} (from the {origin})")


@click.command(name="prune", cls=Command)
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Tell which would go; change nothing.")
@as_json
@click.pass_context
def prune_command(context: click.Context, name: str, *, dry_run: bool, as_json: bool) -> None:
    """Remove the versions that no rule keeps (see retention); what only they needed is garbage then (see gc)."""
    from davserver.server.opening import open_yard, retention_rules  # noqa: PLC0415  # not for --help

    settings = load_settings(context).settings
    yard = open_yard(settings)
    try:
        row = named(yard.catalog, name)
        pruned = prune(yard.catalog, row, retention_rules(settings), dry_run=dry_run, noted_ns=time.time_ns())
    finally:
        yard.close()
    if as_json:
        print_json(_described(pruned, dry_run=dry_run))
        return
    gone = set(pruned.gone)
    word = "would go" if dry_run else "went"
    print_table(
        ("VERSION", "CREATED", "WHY IT STAYS"),
        [
            (
                str(fate.version.number),
                iso_time(fate.version.created_ns),
                word if fate.version.number in gone else ", ".join(fate.reasons or ("tagged",)),
            )
            for fate in pruned.fates
        ],
    )
    say(f"{len(gone)} of {len(pruned.fates)} versions {word}; rules: {pruned.rules}")


def _described(pruned: Pruned, *, dry_run: bool) -> dict[str, Any]:
    return {
        "collection": pruned.collection.name,
        "keep": _counts(pruned.rules),
        "dry_run": dry_run,
        "removed": pruned.gone,
        "versions": [
            {
                "version": fate.version.number,
                "created": iso_time(fate.version.created_ns),
                "label": fate.version.label,
                "stays": fate.version.number not in set(pruned.gone),
                "reasons": list(fate.reasons),
            }
            for fate in pruned.fates
        ],
    }


def _counts(rules: Rules) -> dict[str, int]:
    return {"last": rules.last, "daily": rules.daily, "weekly": rules.weekly, "monthly": rules.monthly}
