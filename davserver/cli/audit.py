"""``davserver audit``: who did what, when."""

from __future__ import annotations

import time

import click

from davserver.catalog.audit import Event
from davserver.cli.days import read_days
from davserver.cli.options import Command, as_json, open_house, print_json
from davserver.cli.tables import iso_time, print_table, say

_DAY_S = 86_400


@click.command(cls=Command)
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="The newest so many.")
@click.option("--days", type=float, callback=read_days, metavar="DAYS", help="Of the last so many days.")
@click.option("--action", default="", help="Of one kind alone, such as grant or refused.")
@as_json
@click.pass_context
def audit(context: click.Context, limit: int, days: float | None, action: str, *, as_json: bool) -> None:
    """Tell who did what, the newest last: accounts, groups, tokens, grants, collections, refused passwords.

    Every request is in the log of the server; this is what changes who may do what, kept for 400 days.
    """
    since_ns = 0 if days is None else int((time.time() - days * _DAY_S) * 1e9)
    with open_house(context) as house, house.read_catalog() as tables:
        found = tables.audit.newest(limit, since_ns=since_ns, action=action)
        kinds = tables.audit.actions() if action and not found else []
    if kinds and action not in kinds:
        say(f"no event is of this kind; there are: {', '.join(kinds)}", err=True)
    if as_json:
        print_json([_described(event) for event in found])
        return
    rows = [
        (iso_time(event.at_ns), event.actor, event.address, event.action, event.subject, event.detail)
        for event in found
    ]
    print_table(("TIME", "ACTOR", "FROM", "ACTION", "SUBJECT", "DETAIL"), rows)


def _described(event: Event) -> dict[str, object]:
    return {
        "time": iso_time(event.at_ns),
        "actor": event.actor,
        "from": event.address,
        "action": event.action,
        "subject": event.subject,
        "detail": event.detail,
    }
