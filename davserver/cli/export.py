"""``davserver export``: manifest text out."""

from __future__ import annotations

import sys

import click

from davserver.cli.options import Command, open_house
from davserver.upkeep.exporting import export as lines_of


@click.command(cls=Command)
@click.argument("name")
@click.option("--version", "number", type=click.IntRange(min=1), metavar="N", help="A version; default the newest.")
@click.pass_context
def export(context: click.Context, name: str, number: int | None) -> None:
    """Print a collection's manifest text; what is not committed yet is committed first."""
    with open_house(context) as house:
        out = sys.stdout.buffer
        for line in lines_of(house, name, number):
            out.write(line.encode())
        out.flush()
