"""Numbers of days on the command line."""

from __future__ import annotations

import click

from davserver.access.tokens import MAX_DAYS


def read_days(_context: click.Context, _parameter: click.Parameter, days: float | None) -> float | None:
    """Return so many days, in parts of one, too; raises BadParameter for what no clock can count to."""
    if days is not None and not 0 < days <= MAX_DAYS:  # no comparison holds for what is no number
        raise click.BadParameter(f"{days} is not more than 0 and at most {MAX_DAYS} days")
    return days
