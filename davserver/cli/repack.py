"""``davserver repack``: equal content in fewer and fuller blocks."""

from __future__ import annotations

import click

from davserver.cli.options import Command, as_json, open_house, print_json
from davserver.cli.progress import progress
from davserver.collection.repack import Use
from davserver.upkeep.repacking import Repacked
from davserver.upkeep.repacking import repack as repack_collection


@click.command(cls=Command)
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Tell what is worth it; change nothing.")
@as_json
@click.pass_context
def repack(context: click.Context, name: str, *, dry_run: bool, as_json: bool) -> None:
    """Put a collection's bytes into fewer and fuller blocks: a new version of equal content.

    Small blocks, those of which little is used, and files in many small pieces are rewritten. What older versions need
    stays until those are removed (see prune); then gc takes it.
    """
    with open_house(context) as house, progress() as advance:
        done = repack_collection(house, name, dry_run=dry_run, progress=advance)
    if as_json:
        print_json(_described(done))
        return
    if done.version is None:
        what = f"{done.leaving} blocks and {done.scattered} folders with scattered files" if dry_run else "nothing"
        click.echo(f"{what} to repack; {_size(done.before)}")
        return
    click.echo(f"version {done.version.number} {done.version.pdh}")
    click.echo(f"{_size(done.before)} before, {_size(done.after)} after; {done.moved_bytes} bytes moved")


def _size(use: Use) -> str:
    return f"{len(use.blocks)} blocks with {use.stored_bytes} bytes"


def _described(done: Repacked) -> dict[str, object]:
    return {
        "version": None if done.version is None else done.version.number,
        "portable_data_hash": None if done.version is None else str(done.version.pdh),
        "blocks_before": len(done.before.blocks),
        "bytes_before": done.before.stored_bytes,
        "blocks_after": len(done.after.blocks),
        "bytes_after": done.after.stored_bytes,
        "blocks_left": done.leaving,
        "folders_with_scattered_files": done.scattered,
        "bytes_moved": done.moved_bytes,
    }
