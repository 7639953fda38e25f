"""``davserver gc``: takes away what nobody needs any more."""

from __future__ import annotations

import re

import click

from davserver.cli.options import Command, as_json, load_settings, print_json
from davserver.cli.progress import progress
from davserver.cli.tables import iso_time
from davserver.errors import Invalid
from davserver.upkeep.explain import Explanation
from davserver.upkeep.explain import explain as look_into
from davserver.upkeep.gc import collect
from davserver.upkeep.harvest import Harvest
from davserver.values import Locator

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> float:
    """Read a length of time such as ``90``, ``36h`` or ``14d``; raises Invalid."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", text)
    if match is None:
        raise Invalid(f"no length of time: {text!r}", hint="write seconds, or 90m, 36h, 14d")
    return float(match[1]) * _UNITS[match[2]]


@click.command(cls=Command)
@click.option("--dry-run", is_flag=True, help="Tell what would go; change nothing.")
@click.option("--explain", metavar="LOCATOR", help="Tell why this block stays or goes; change nothing.")
@click.option("--grace", metavar="TIME", help="What is younger is never garbage (seconds, or 36h, 14d).")
@click.option("--force", is_flag=True, help="Go on where the result is more likely an accident.")
@as_json
@click.pass_context
def gc(
    context: click.Context, *, dry_run: bool, explain: str | None, grace: str | None, force: bool, as_json: bool
) -> None:
    """Collect garbage: blocks go to the trash, and from there after a time; collections leave the trash for good."""
    from davserver.server.opening import gc_policy, open_yard  # noqa: PLC0415  # not for --help

    settings = load_settings(context, gc_grace_s=None if grace is None else seconds(grace)).settings
    yard = open_yard(settings)
    try:
        if explain is not None:
            explanation = look_into(yard, gc_policy(settings), Locator.parse(explain))
            _print_explanation(explanation, as_json=as_json)
            return
        with progress() as advance:
            harvest = collect(yard, gc_policy(settings), dry_run=dry_run, force=force, progress=advance)
    finally:
        yard.close()
    if as_json:
        print_json(harvest.to_json())
    else:
        _print_harvest(harvest)


def _print_harvest(harvest: Harvest) -> None:
    for text in harvest.doubts:
        click.echo(f"doubt: {text}")
    for text in harvest.purged:
        click.echo(f"{'to be purged' if harvest.dry_run else 'purged'}: {text}")
    click.echo(
        f"{harvest.blocks} blocks: {harvest.named} named, {harvest.young} young, "
        f"{harvest.garbage} garbage with {harvest.garbage_bytes} bytes"
    )
    if harvest.dry_run:
        for locator in harvest.going:
            click.echo(f"goes: {locator}")
        click.echo(f"would go too: {_beside(harvest)}")
        return
    click.echo(
        f"{harvest.trashed} blocks with {harvest.trashed_bytes} bytes to the trash, {harvest.emptied} out of it for "
        f"good, {harvest.restored} back; gone: {_beside(harvest)}"
    )


def _beside(harvest: Harvest) -> str:
    return f"{harvest.records} directory records, {harvest.texts} texts, {harvest.uploads} expired uploads"


def _print_explanation(explanation: Explanation, *, as_json: bool) -> None:
    if as_json:
        print_json(explanation.to_json())
        return
    click.echo(f"{explanation.locator} {explanation.verdict}")
    if explanation.stored_s is not None:
        click.echo(f"  young at {iso_time(int(explanation.stored_s * 1e9))}")
    if explanation.trashed_until_s is not None:
        click.echo(f"  in the trash until {iso_time(int(explanation.trashed_until_s * 1e9))}")
    for holder in explanation.holders:
        numbers = ", ".join(str(number) for number in holder.numbers)
        click.echo(f"  {holder.kind} {numbers} of {holder.collection or 'an open upload'}: {holder.path}")
