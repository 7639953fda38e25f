"""``davserver commit``, ``history``, ``label`` and ``restore``: the versions of a collection."""

from __future__ import annotations

import click

from davserver.access.stewarding import annotate
from davserver.catalog.model import Annotation, Version
from davserver.cli.options import Command, as_json, open_house, print_json
from davserver.cli.tables import iso_time, print_table, say
from davserver.collection.dirnode import DirNode
from davserver.errors import Invalid, NotFound
from davserver.live.house import House
from davserver.upkeep import restoring
from davserver.upkeep.comparing import number_of
from davserver.upkeep.pathhistory import deletions, turns
from davserver.upkeep.shapes import bytes_of, node_json, version_json
from davserver.values import TreePath, format_path, parse_path

_MOST = 100


@click.command(cls=Command)
@click.argument("name")
@click.option("--label", help="A name for the version, which keeps it for good.")
@click.option("-m", "--message", help="What to say of it.")
@as_json
@click.pass_context
def commit(context: click.Context, name: str, *, label: str | None, message: str | None, as_json: bool) -> None:
    """Make a version of a collection as it is now."""
    _require_label(label)
    with open_house(context) as house:
        version = house.commit(name)
        if label is not None or message is not None:
            version = annotate(house, name, version.number, Annotation(label=label, message=message))
    print_version(version, as_json=as_json)


@click.command(cls=Command)
@click.argument("name")
@click.option("--path", help="Only the versions in which this file or folder changed, the newest first.")
@click.option("--deleted", is_flag=True, help="What was deleted (below --path), with the last version that has it.")
@click.option("--before", type=click.IntRange(min=1), metavar="VERSION", help="Go on before this version.")
@click.option("--limit", type=click.IntRange(min=1), default=_MOST, show_default=True, help="Of --path and --deleted.")
@as_json
@click.pass_context
def history(
    context: click.Context,
    name: str,
    *,
    path: str | None,
    deleted: bool,
    before: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the versions of a collection, the oldest first."""
    place = parse_path((path or "").strip("/"))
    with open_house(context) as house:
        if deleted:
            _print_deleted(house, name, place, before, limit, as_json=as_json)
        elif place:
            _print_turns(house, name, place, before, limit, as_json=as_json)
        else:
            _print_versions(house.versions(name), before, as_json=as_json)


def _print_versions(versions: list[Version], before: int | None, *, as_json: bool) -> None:
    shown = [version for version in versions if before is None or version.number < before]
    if as_json:
        print_json([version_json(version) for version in shown])
        return
    print_table(
        ("VERSION", "CREATED", "FILES", "BYTES", "PORTABLE DATA HASH", "LABEL", "MESSAGE"),
        [
            (
                str(row.number),
                iso_time(row.created_ns),
                str(row.files),
                str(row.bytes),
                str(row.pdh),
                row.label or ("(kept)" if row.kept else ""),
                (row.message or "").partition("\n")[0],
            )
            for row in shown
        ],
    )


def _print_turns(house: House, name: str, path: TreePath, before: int | None, most: int, *, as_json: bool) -> None:
    page = turns(house, name, path, before=before, most=most)
    if not page.found and before is None:
        raise NotFound(f"no version has anything at {format_path(path)!r}")
    if as_json:
        print_json([version_json(turn.version) | node_json(turn.node) for turn in page.found])
        return
    print_table(
        ("VERSION", "CREATED", "BYTES"),
        [
            (
                str(turn.version.number),
                iso_time(turn.version.created_ns),
                "deleted" if turn.node is None else str(bytes_of(turn.node)),
            )
            for turn in page.found
        ],
    )
    _say_more(page.before)


def _print_deleted(house: House, name: str, path: TreePath, before: int | None, most: int, *, as_json: bool) -> None:
    page = deletions(house, name, path, before=before, most=most)
    if as_json:
        print_json(
            [
                {"path": format_path(gone.path), "version": gone.version.number} | node_json(gone.node)
                for gone in page.found
            ]
        )
        return
    print_table(
        ("VERSION", "CREATED", "BYTES", "PATH"),
        [
            (
                str(gone.version.number),
                iso_time(gone.version.created_ns),
                str(bytes_of(gone.node)),
                format_path(gone.path) + ("/" if isinstance(gone.node, DirNode) else ""),
            )
            for gone in page.found
        ],
    )
    _say_more(page.before)


def _say_more(before: int | None) -> None:
    if before is not None:
        say(f"there may be more: --before {before}", err=True)


@click.command(cls=Command)
@click.argument("name")
@click.argument("version")
@click.argument("text", required=False)
@click.option("-m", "--message", help="What to say of it; an empty text takes it away.")
@click.option("--keep/--no-keep", default=None, help="Let no rule remove it, also without a label.")
@click.option("--remove", is_flag=True, help="Take its label away.")
@as_json
@click.pass_context
def label(
    context: click.Context,
    name: str,
    version: str,
    text: str | None,
    *,
    message: str | None,
    keep: bool | None,
    remove: bool,
    as_json: bool,
) -> None:
    """Give VERSION (a number or its label) the label TEXT: it can be named by it, and no rule removes it any more."""
    if remove and text:
        raise Invalid("either a label or --remove")
    _require_label(text)
    note = Annotation(label="" if remove else text, message=message, kept=keep)
    if note == Annotation():
        raise Invalid("nothing to do", hint="give a label, --message, --keep or --remove")
    with open_house(context) as house:
        changed = annotate(house, name, number_of(house, name, version), note)
    if as_json:
        print_json(version_json(changed))


@click.command(cls=Command)
@click.argument("name")
@click.argument("version")
@click.option("--path", help="Only this file or folder.")
@click.option("--to", metavar="PATH", help="Where it goes; default where it was.")
@click.option("--force", is_flag=True, help="Also where clients hold locks, which end.")
@as_json
@click.pass_context
def restore(
    context: click.Context, name: str, version: str, *, path: str | None, to: str | None, force: bool, as_json: bool
) -> None:
    """Give a collection the content of VERSION (a number or a label) again, as a new version.

    With --path only a file or folder in it. What was there before stays in history.
    """
    if path == "":  # a variable of a script that is not set
        raise Invalid("--path names no file or folder", hint="without it, all of the version comes back")
    with open_house(context) as house:
        wish = restoring.Wish(
            number=number_of(house, name, version),
            path=parse_path((path or "").strip("/")),
            to=None if to is None else parse_path(to.strip("/")),
            breaks_locks=force,
        )
        restoring.put_back(house, name, wish)
        made = house.commit(name)
    print_version(made, as_json=as_json)


def _require_label(text: str | None) -> None:
    """Refuse the variable of a script that is not set: the version would lose, or never have, what keeps it."""
    if text == "":
        raise Invalid("an empty text is no label", hint="davserver label NAME VERSION --remove takes a label away")


def print_version(version: Version, *, as_json: bool) -> None:
    """Print one version."""
    if as_json:
        print_json(version_json(version))
    else:
        click.echo(f"version {version.number} {version.pdh}")
