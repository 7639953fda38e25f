"""``davserver user``: accounts, beside whatever server is running.

Invariant: a password is read from a terminal or from standard input, never from the command line, which others on the
machine can see.
"""

from __future__ import annotations

import os
import sys

import click

from davserver.access import managing
from davserver.access.passwords import Passwords
from davserver.catalog.model import Account
from davserver.cli.options import Group, as_json, open_house, print_json
from davserver.cli.sizes import limit_argument
from davserver.cli.tables import iso_time, print_table, say

_from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")


@click.group(cls=Group)
def user() -> None:
    """Make, list and remove accounts."""


@user.command()
@click.argument("name")
@_from_stdin
@click.option("--no-password", is_flag=True, help="Tokens, a proxy, an htpasswd file or a directory will open it.")
@click.pass_context
def add(context: click.Context, name: str, *, password_stdin: bool, no_password: bool) -> None:
    """Make an account. The first one ends what everybody may do without one."""
    if password_stdin and no_password:
        raise click.UsageError("--password-stdin and --no-password exclude each other")
    if not (password_stdin or no_password):  # nobody types a password twice to hear that the name is taken
        with open_house(context) as house:
            managing.require_new(house, name)
    password = None if no_password else _read_password(stdin=password_stdin)
    with open_house(context) as house:
        with house.read_catalog() as tables:
            is_first = not tables.access.any_account()
        managing.add_account(house, Passwords(), name, password)
        hidden = [info.name for info in house.collections()] if is_first else []
    if hidden:
        say(f"hint: nobody may see {hidden[0]!r} now; davserver grant {hidden[0]} {name} manage", err=True)


@user.command()
@click.argument("name")
@_from_stdin
@click.pass_context
def passwd(context: click.Context, name: str, *, password_stdin: bool) -> None:
    """Give an account another password; the old one ends at once."""
    if not password_stdin:
        with open_house(context) as house:
            managing.require_account(house, name)
    password = _read_password(stdin=password_stdin)
    with open_house(context) as house:
        managing.change_password(house, Passwords(), name, password)


@user.command(name="list")
@as_json
@click.pass_context
def list_accounts(context: click.Context, *, as_json: bool) -> None:
    """List the accounts."""
    with open_house(context) as house, house.read_catalog() as tables:
        found = [
            (account, sum(tables.collections.sizes(account.name).values())) for account in tables.access.accounts()
        ]
    if as_json:
        print_json([_described(account, used) for account, used in found])
        return
    rows = [
        (
            account.name,
            iso_time(account.created_ns),
            str(used),
            "" if (limit := account.quota_bytes) is None else str(limit),
        )
        for account, used in found
    ]
    print_table(("NAME", "CREATED", "BYTES", "QUOTA"), rows)


@user.command()
@click.argument("name")
@limit_argument
@click.pass_context
def quota(context: click.Context, name: str, limit_bytes: int | None) -> None:
    """Limit the bytes of all files in the collections that an account owns (1000000, 10GiB), or end the limit (none).

    The trash and history do not count. What is there stays, also if it is more.
    """
    with open_house(context) as house:
        managing.set_quota(house, name, limit_bytes)


@user.command()
@click.argument("name")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Remove an account, its tokens and its grants; its collections stay, and are nobody's."""
    with open_house(context) as house:
        managing.remove_account(house, name)


def _described(account: Account, used_bytes: int) -> dict[str, object]:
    return {
        "name": account.name,
        "created": iso_time(account.created_ns),
        "quota_bytes": account.quota_bytes,
        "used_bytes": used_bytes,
    }


def _read_password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not _has_terminal():
        raise click.UsageError("there is no terminal to ask for the password on; --password-stdin reads it")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _has_terminal() -> bool:
    """Tell whether somebody can be asked: the one of the session, whatever standard input is."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return sys.stdin.isatty()
    return True
