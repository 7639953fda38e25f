"""``davserver export``: manifest text out."""

from __future__ import annotations

import sys

import click

from davserver.cli.options import Command, open_house


@click.command(cls=Command)
@click.argument("name")
@click.option("--version", "number", type=click.IntRange(min=1), metavar="N", help="A version; default the newest.")
@click.pass_context
def export(context: click.Context, name: str, number: int | None) -> None:
    """Print a collection's manifest text; what is not committed yet is committed first."""
    with open_house(context) as house:
        wanted = house.commit(name).number if number is None else number
        out = sys.stdout.buffer
        for line in house.manifest(house.view_version(name, wanted)):
            out.write(line.encode("utf-8", "surrogateescape"))
        out.flush()
