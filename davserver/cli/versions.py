"""``davserver commit``, ``history`` and ``restore``: the versions of a collection."""

from __future__ import annotations

import click

from davserver.catalog.model import Version
from davserver.cli.options import Command, as_json, open_house, print_json
from davserver.cli.tables import iso_time, print_table
from davserver.upkeep import restoring


@click.command(cls=Command)
@click.argument("name")
@as_json
@click.pass_context
def commit(context: click.Context, name: str, *, as_json: bool) -> None:
    """Make a version of a collection as it is now."""
    with open_house(context) as house:
        version = house.commit(name)
    print_version(version, as_json=as_json)


@click.command(cls=Command)
@click.argument("name")
@as_json
@click.pass_context
def history(context: click.Context, name: str, *, as_json: bool) -> None:
    """List the versions of a collection, the oldest first."""
    with open_house(context) as house:
        versions = house.versions(name)
    if as_json:
        print_json([_described(version) for version in versions])
        return
    print_table(
        ("VERSION", "CREATED", "FILES", "BYTES", "PORTABLE DATA HASH"),
        [(str(row.number), iso_time(row.created_ns), str(row.files), str(row.bytes), str(row.pdh)) for row in versions],
    )


@click.command(cls=Command)
@click.argument("name")
@click.argument("version", type=click.IntRange(min=1))
@as_json
@click.pass_context
def restore(context: click.Context, name: str, version: int, *, as_json: bool) -> None:
    """Give a collection the content of one of its versions again, as a new version; what was there stays in history."""
    with open_house(context) as house:
        made = restoring.restore(house, name, version)
    print_version(made, as_json=as_json)


def _described(version: Version) -> dict[str, object]:
    return {
        "version": version.number,
        "created": iso_time(version.created_ns),
        "files": version.files,
        "bytes": version.bytes,
        "portable_data_hash": str(version.pdh),
    }


def print_version(version: Version, *, as_json: bool) -> None:
    """Print one version."""
    if as_json:
        print_json(_described(version))
    else:
        click.echo(f"version {version.number} {version.pdh}")
