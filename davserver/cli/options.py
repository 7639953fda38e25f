"""What every command has in common: ``--data`` and ``--config`` anywhere on the line, settings, JSON output.

Owns: the classes commands and groups are made with.
Invariants: an option given twice on one line, before and after a subcommand, means what it says last.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from davserver.config import Loaded, load
from davserver.printable import printable_lines

if TYPE_CHECKING:
    from davserver.live.house import House


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> object:
    if value is not None and parameter.name is not None:
        context.find_root().ensure_object(dict)[parameter.name] = value
    return value


def _common() -> list[click.Parameter]:
    """Return the two options; they go to the root's object, and never to the command's function."""
    path = click.Path(path_type=Path)
    data = click.Option(
        ["--data"],
        type=path,
        metavar="DIR",
        help="Data directory.",
        expose_value=False,
        callback=_remember,
    )
    config = click.Option(
        ["--config"],
        type=path,
        metavar="FILE",
        help="Settings file (TOML).",
        expose_value=False,
        callback=_remember,
    )
    return [data, config]


class Command(click.Command):
    """A command that also takes the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_common())


class Group(click.Group):
    """A group that also takes the common options, as do the commands made with it."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_common())


Group.group_class = Group

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def load_settings(context: click.Context, **flags: object) -> Loaded:
    """Put the settings together for this command line; flags that are None were not given. Errors: ConfigError."""
    common: dict[str, Any] = context.find_root().ensure_object(dict)
    given = {name: value for name, value in flags.items() if value is not None}
    if "data" in common:
        given["data"] = common["data"]
    return load(given, os.environ, common.get("config"))


@contextmanager
def open_house(context: click.Context) -> Iterator[House]:
    """Open the collections as one more process beside a server. Errors: ConfigError, StoreUnavailable."""
    from davserver.server.opening import open_house as open_collections  # noqa: PLC0415  # not for --help

    house = open_collections(load_settings(context).settings)
    try:
        yield house
    finally:
        house.close()


def print_json(value: object) -> None:
    """Print one JSON document."""
    click.echo(printable_lines(json.dumps(value, indent=2, ensure_ascii=False)))
