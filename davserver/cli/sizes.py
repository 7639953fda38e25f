"""Numbers of bytes on the command line, and the limits that are made of them."""

from __future__ import annotations

import click
from pydantic import ByteSize, TypeAdapter, ValidationError


def read_limit(_context: click.Context, _parameter: click.Parameter, text: str) -> int | None:
    """Return a limit in bytes (from 1000000 or 10GiB), or None for ``none``; raises BadParameter."""
    if text == "none":
        return None
    try:
        size = int(TypeAdapter(ByteSize).validate_python(text))
    except ValidationError:
        size = -1
    if not 0 <= size < 1 << 63:
        raise click.BadParameter(f"{text!r} is no number of bytes")
    return size


limit_argument = click.argument("limit_bytes", metavar="BYTES|none", callback=read_limit)
