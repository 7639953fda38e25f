"""``davserver token``: random texts that stand for an account, for scripts and for clients that keep passwords."""

from __future__ import annotations

import click

from davserver.access import managing
from davserver.catalog.model import Token
from davserver.cli.days import read_days
from davserver.cli.options import Group, as_json, open_house, print_json
from davserver.cli.tables import iso_time, print_table, say


@click.group(cls=Group)
def token() -> None:
    """Make, list and revoke access tokens."""


@token.command()
@click.argument("user")
@click.option("--scope", type=click.Choice(["read", "write"]), default="write", help="What it may be used for.")
@click.option("--expires", type=float, callback=read_days, metavar="DAYS", help="Default: never.")
@click.pass_context
def create(context: click.Context, user: str, scope: str, expires: float | None) -> None:
    """Make a token for an account and print it, in the last line and never again.

    It is sent as Bearer, or as the password of any user name.
    """
    with open_house(context) as house:
        made, text = managing.add_token(house, user, may_write=scope == "write", days=expires)
    say(f"id {made.id}, account {made.account}, scope {scope}, expires {_time(made.expires_ns)}", err=True)
    click.echo(text)


@token.command(name="list")
@click.argument("user", required=False)
@as_json
@click.pass_context
def list_tokens(context: click.Context, user: str | None, *, as_json: bool) -> None:
    """List the tokens of an account, or all."""
    with open_house(context) as house, house.read_catalog() as tables:
        if user is not None:
            user = managing.require_account(house, user)
        found = tables.access.tokens(user)
    if as_json:
        print_json([_described(row) for row in found])
        return
    rows = [
        (row.id, row.account, _scope(row), iso_time(row.created_ns), _time(row.expires_ns), _time(row.used_ns))
        for row in found
    ]
    print_table(("ID", "ACCOUNT", "SCOPE", "CREATED", "EXPIRES", "USED"), rows)


@token.command()
@click.argument("token_id", metavar="ID")
@click.pass_context
def revoke(context: click.Context, token_id: str) -> None:
    """End a token at once."""
    with open_house(context) as house:
        managing.revoke_token(house, token_id)


def _described(row: Token) -> dict[str, object]:
    return {
        "id": row.id,
        "account": row.account,
        "scope": _scope(row),
        "created": iso_time(row.created_ns),
        "expires": None if row.expires_ns is None else iso_time(row.expires_ns),
        "used": None if row.used_ns is None else iso_time(row.used_ns),
    }


def _scope(row: Token) -> str:
    return "write" if row.may_write else "read"


def _time(time_ns: int | None) -> str:
    return "never" if time_ns is None else iso_time(time_ns)
