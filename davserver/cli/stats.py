"""``davserver stats``: how much is there, and how much room it takes."""

from __future__ import annotations

import click

from davserver.catalog.tallies import Tallies, Tally
from davserver.cli.options import Command, as_json, load_settings, open_house, print_json
from davserver.cli.progress import progress
from davserver.cli.tables import iso_time, print_table, say
from davserver.upkeep.stats import CollectionStats, StoreStats, collection_stats, store_stats


@click.command(cls=Command)
@click.argument("name", required=False)
@as_json
@click.pass_context
def stats(context: click.Context, name: str | None, *, as_json: bool) -> None:
    """Count the whole store, or one collection with the growth of each of its versions."""
    if name is None:
        found = _of_store(context)
        print_json(found.to_json()) if as_json else _print_store(found)
        return
    counted = _of_collection(context, name)
    print_json(counted.to_json()) if as_json else _print_collection(counted)


def _of_store(context: click.Context) -> StoreStats:
    from davserver.server.opening import open_yard  # noqa: PLC0415  # not for --help

    yard = open_yard(load_settings(context).settings)
    try:
        with progress() as advance, yard.catalog.read() as tables:
            return store_stats(tables, yard.blocks, advance)
    finally:
        yard.close()


def _of_collection(context: click.Context, name: str) -> CollectionStats:
    with open_house(context) as house, progress() as advance:
        view = house.view(name)
        versions = house.versions(name)
        with house.read_catalog() as tables:
            tally = Tallies(tables.connection).of_collections(view.info.id).get(view.info.id, Tally())
        now = view.root
        fetch = house.directories.fetch
        return collection_stats(view.info, versions, tally, fetch, files=now.files, size=now.bytes, progress=advance)


def _print_store(found: StoreStats) -> None:
    print_table(
        ("NAME", "BYTES", "VERSIONS", "PENDING"),
        [(row.name, str(row.bytes), str(tally.versions), str(tally.pending)) for row, tally in found.collections],
    )
    say(f"files now: {found.bytes} bytes; in all versions: {found.version_bytes} bytes")
    say(f"stored: {found.blocks} blocks with {found.stored_bytes} bytes{_ratio(found.ratio)}")
    say(f"directory records: {found.records} with {found.record_bytes} bytes")
    say(f"trash: {len(found.trashed)} collections; {found.trash_blocks} blocks with {found.trash_bytes} bytes")


def _print_collection(found: CollectionStats) -> None:
    say(f"now: {found.files} files in {found.folders} folders, {found.bytes} bytes")
    say(f"stored: {found.blocks} blocks with {found.stored_bytes} bytes")
    say(f"in no version yet: {found.pending} changes with {found.pending_bytes} bytes")
    say(
        f"{found.versions} versions with {found.version_bytes} bytes, stored in {found.history_blocks} blocks with "
        f"{found.history_bytes} bytes{_ratio(found.ratio)}"
    )
    print_table(
        ("VERSION", "CREATED", "FILES", "BYTES", "NEW BLOCKS", "NEW BYTES"),
        [
            tuple(
                map(str, (one.version, iso_time(one.created_ns), one.files, one.bytes, one.new_blocks, one.new_bytes))
            )
            for one in found.growth
        ],
    )


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f", {ratio:.2f} times"
