"""``davserver import``: manifest text in."""

from __future__ import annotations

from typing import BinaryIO

import click

from davserver.cli.options import Command, as_json, open_house
from davserver.cli.versions import print_version
from davserver.upkeep.importing import decode_lines, import_manifest


@click.command(name="import", cls=Command)
@click.argument("name")
@click.argument("file", type=click.File("rb"))
@click.option("--unchecked", is_flag=True, help="Do not look whether the blocks are in the store.")
@as_json
@click.pass_context
def import_text(context: click.Context, name: str, file: BinaryIO, *, unchecked: bool, as_json: bool) -> None:
    """Make a collection of a manifest text whose blocks are in the store; FILE may be - for standard input."""
    with open_house(context) as house:
        version = import_manifest(house, name, decode_lines(file), check_blocks=not unchecked)
    print_version(version, as_json=as_json)
