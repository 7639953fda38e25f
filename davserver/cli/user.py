"""``davserver user``: accounts, beside whatever server is running.

Invariant: a password is read from a terminal or from standard input, never from the command line, which others on the
machine can see.
"""

from __future__ import annotations

import sys

import click

from davserver.access import managing
from davserver.access.passwords import Passwords
from davserver.cli.options import Group, as_json, open_house, print_json
from davserver.cli.tables import iso_time, print_table

_from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")


@click.group(cls=Group)
def user() -> None:
    """Make, list and remove accounts."""


@user.command()
@click.argument("name")
@_from_stdin
@click.pass_context
def add(context: click.Context, name: str, *, password_stdin: bool) -> None:
    """Make an account. The first one ends what everybody may do without one."""
    password = _read_password(stdin=password_stdin)
    with open_house(context) as house:
        with house.read_catalog() as tables:
            is_first = not tables.access.any_account()
        managing.add_account(house, Passwords(), name, password)
        hidden = [info.name for info in house.collections()] if is_first else []
    if hidden:
        click.echo(f"hint: nobody may see {hidden[0]!r} now; davserver grant {hidden[0]} {name} manage", err=True)


@user.command()
@click.argument("name")
@_from_stdin
@click.pass_context
def passwd(context: click.Context, name: str, *, password_stdin: bool) -> None:
    """Give an account another password; the old one ends at once."""
    password = _read_password(stdin=password_stdin)
    with open_house(context) as house:
        managing.change_password(house, Passwords(), name, password)


@user.command(name="list")
@as_json
@click.pass_context
def list_accounts(context: click.Context, *, as_json: bool) -> None:
    """List the accounts."""
    with open_house(context) as house, house.read_catalog() as tables:
        found = tables.access.accounts()
    if as_json:
        print_json([{"name": account.name, "created": iso_time(account.created_ns)} for account in found])
        return
    print_table(("NAME", "CREATED"), [(account.name, iso_time(account.created_ns)) for account in found])


@user.command()
@click.argument("name")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Remove an account, its tokens and its grants; what it stored stays."""
    with open_house(context) as house:
        managing.remove_account(house, name)


def _read_password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
