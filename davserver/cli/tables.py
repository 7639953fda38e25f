"""Text for people: lines, columns under headings, UTC times.

Invariant: what is printed steers no terminal: names come from whoever may write, and from imported manifests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from davserver.printable import printable


def iso_time(time_ns: int) -> str:
    """Write a time as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def say(text: str, *, err: bool = False) -> None:
    """Print one line."""
    click.echo(printable(text), err=err)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns."""
    table = [headings, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headings))]
    for row in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
