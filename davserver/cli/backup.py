"""``davserver backup``: a second data directory, from the first one and beside its server."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from davserver.cli.options import Command, as_json, load_settings, print_json
from davserver.cli.progress import Advance, progress
from davserver.cli.tables import say
from davserver.config import Settings, load
from davserver.errors import ConfigError
from davserver.upkeep.backup import CATALOG, Backup, back_up, check_destination
from davserver.upkeep.report import Report


@click.command(cls=Command)
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--check/--no-check", default=True, help="Look afterwards whether all that is named is there.")
@as_json
@click.pass_context
def backup(context: click.Context, directory: Path, *, check: bool, as_json: bool) -> int:
    """Bring DIRECTORY to the state of now; exit 1 if something in it is damaged.

    It becomes a data directory: serve it, or back it up to where you want to have it. The next run copies what is new.
    """
    settings = load_settings(context).settings
    with progress() as advance:
        done = _run(settings, directory, advance)
        report = _check(directory, advance) if check else None
    errors = [] if report is None else report.errors
    if as_json:
        print_json(done.to_json() | {"checked": report is not None, "errors": [error.message for error in errors]})
    else:
        say(f"{done.copied} blocks with {done.copied_bytes} bytes copied, {done.present} were there")
        for text in [*done.damaged, *(f"{error.subject}: {error.message}" for error in errors)]:
            say(f"error: {text}", err=True)
    return 1 if done.damaged or errors else 0


def _run(settings: Settings, directory: Path, advance: Advance) -> Backup:
    from davserver.blocks.fs import RealFs  # noqa: PLC0415  # not for --help
    from davserver.blocks.open import open_store  # noqa: PLC0415
    from davserver.catalog.alone import alone  # noqa: PLC0415
    from davserver.catalog.database import open_catalog  # noqa: PLC0415
    from davserver.server.opening import ensure_data  # noqa: PLC0415

    fs = RealFs()
    check_destination(directory, settings.data, fs)
    if not settings.catalog and not (settings.data / CATALOG).exists():  # a disk that is not mounted is no source
        raise ConfigError("data", f"nothing is in {settings.data}", hint="choose the data directory with --data")
    with (
        closing(open_catalog(settings.catalog_url, busy_s=settings.limits_busy_s)) as catalog,
        closing(open_store(settings.blocks_url, cache_bytes=0)) as blocks,
    ):
        ensure_data(directory, fs)
        with (
            alone(directory / CATALOG, "backup"),
            closing(open_store(directory / "blocks", cache_bytes=0)) as stored,
        ):
            return back_up(catalog, blocks, directory, stored, fs, progress=advance)


def _check(directory: Path, advance: Advance) -> Report:
    """Look at the copy as the server would that is started on it."""
    from davserver.server.opening import open_house  # noqa: PLC0415  # not for --help
    from davserver.upkeep.fsck import fsck  # noqa: PLC0415

    with closing(open_house(load({"data": directory}, {}).settings)) as house:
        return fsck(house, quick=True, progress=advance)
