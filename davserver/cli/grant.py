"""``davserver grant``: who may do what with a collection."""

from __future__ import annotations

import click

from davserver.access import managing
from davserver.catalog.model import Right
from davserver.cli.options import Command, open_house


@click.command(cls=Command)
@click.argument("name")
@click.argument("user")
@click.argument("right", type=click.Choice([right.name.lower() for right in Right]))
@click.pass_context
def grant(context: click.Context, name: str, user: str, right: str) -> None:
    """Say what USER may do with the collection NAME, in place of what was granted before.

    read: look; write: change what is in it; manage: rename and remove it, too; none: not even see it. The USER
    `anonymous` is whoever gives no name, and may read at most.
    """
    with open_house(context) as house:
        managing.grant(house, name, user, Right[right.upper()])
