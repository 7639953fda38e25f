"""``davserver config``."""

from __future__ import annotations

from pathlib import Path

import click

from davserver.cli.options import Group, as_json, load_settings, print_json
from davserver.cli.tables import say
from davserver.config import Loaded, Settings, spelled
from davserver.printable import printable_url


@click.group(cls=Group)
def config() -> None:
    """Look at the settings."""


@config.command()
@as_json
@click.pass_context
def show(context: click.Context, *, as_json: bool) -> None:
    """Print the effective settings, and where each came from."""
    rows = _rows(load_settings(context))
    if as_json:
        print_json({key: {"value": value, "origin": origin} for key, value, origin in rows})
        return
    width = max(len(key) for key, _, _ in rows)
    for key, value, origin in rows:
        say(f"{key:{width}} = {value!s:40} # {origin}")


def _rows(loaded: Loaded) -> list[tuple[str, object, str]]:
    """Return key, value and origin of each setting; empty URLs are shown as what they stand for, none with a secret."""
    settings = loaded.settings
    effective = {"catalog": printable_url(settings.catalog_url), "blocks": printable_url(settings.blocks_url)}
    return [
        (spelled(field), _plain(effective.get(field, getattr(settings, field))), loaded.origins[field])
        for field in Settings.model_fields
    ]


def _plain(value: object) -> object:
    """Reduce a value to what JSON has."""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
