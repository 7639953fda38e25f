"""``davserver group``: accounts under one name, for grants."""

from __future__ import annotations

import click

from davserver.access import managing
from davserver.cli.options import Group, as_json, open_house, print_json
from davserver.cli.tables import iso_time, print_table


@click.group(cls=Group)
def group() -> None:
    """Make, fill, list and remove groups; `davserver grant NAME @GROUP read` is to all who are in one."""


@group.command()
@click.argument("name")
@click.pass_context
def add(context: click.Context, name: str) -> None:
    """Make a group, with nobody in it."""
    with open_house(context) as house:
        managing.add_group(house, name)


@group.command()
@click.argument("name")
@click.argument("users", metavar="USER...", nargs=-1, required=True)
@click.pass_context
def join(context: click.Context, name: str, users: tuple[str, ...]) -> None:
    """Put accounts into a group."""
    with open_house(context) as house:
        for user in users:
            managing.join(house, name, user)


@group.command()
@click.argument("name")
@click.argument("users", metavar="USER...", nargs=-1, required=True)
@click.pass_context
def leave(context: click.Context, name: str, users: tuple[str, ...]) -> None:
    """Take accounts out of a group; what they had by it ends with their next request."""
    with open_house(context) as house:
        for user in users:
            managing.leave(house, name, user)


@group.command(name="list")
@as_json
@click.pass_context
def list_groups(context: click.Context, *, as_json: bool) -> None:
    """List the groups and who is in them."""
    with open_house(context) as house, house.read_catalog() as tables:
        found = tables.access.groups()
    if as_json:
        print_json(
            [{"name": each.name, "created": iso_time(each.created_ns), "members": list(each.members)} for each in found]
        )
        return
    rows = [(each.name, iso_time(each.created_ns), ", ".join(each.members)) for each in found]
    print_table(("NAME", "CREATED", "MEMBERS"), rows)


@group.command()
@click.argument("name")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Remove a group and what was granted to it; its members stay."""
    with open_house(context) as house:
        managing.remove_group(house, name)
