"""What the measurements of one promise share: a table and a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.machine import machine


def print_machine() -> None:
    """Say where the figures come from: without that they mean nothing."""
    found = machine()
    print(f"{found['processor']}, {found['cores']} cores, {found['system']}, Python {found['python']}\n")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as what is in them."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, ["-" * width for width in widths], *rows):
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    print()


def verdict(broken: Sequence[str]) -> int:
    """Print which promises are broken; return the exit status."""
    for promise in broken:
        print(f"BROKEN: {promise}")
    if not broken:
        print("every promise is kept")
    return 1 if broken else 0
