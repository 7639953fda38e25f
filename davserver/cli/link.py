"""``davserver link``: parts of collections that are handed to whoever has a URL."""

from __future__ import annotations

import sys

import click

from davserver.access.passwords import Passwords
from davserver.access.sharing import Wish, as_values, end_link, make_link
from davserver.cli.days import read_days
from davserver.cli.options import Group, as_json, load_settings, open_house, print_json
from davserver.cli.sizes import read_limit
from davserver.cli.tables import iso_time, print_table, say
from davserver.values import parse_path


@click.group(cls=Group)
def link() -> None:
    """Share a file, a folder or a version by a link; make, list and revoke links."""


@link.command()
@click.argument("what", metavar="NAME[/PATH]")
@click.option("--version", type=click.IntRange(min=1), metavar="N", help="As it was in this version, for good.")
@click.option("--drop", is_flag=True, help="Files can be put into the folder; nothing of it is seen.")
@click.option("--expires", type=float, callback=read_days, metavar="DAYS", help="Default: never.")
@click.option("--password-stdin", is_flag=True, help="Read a password for it from standard input, one line.")
@click.option("--downloads", type=click.IntRange(min=1), metavar="N", help="So many downloads, and it ends.")
@click.option(
    "--room",
    metavar="BYTES",
    callback=lambda c, p, text: read_limit(c, p, text or "none"),
    help="A drop folder takes so much, all files together.",
)
@click.option("--label", metavar="TEXT", help="What it is for, for the list.")
@as_json
@click.pass_context
def create(
    context: click.Context,
    what: str,
    *,
    version: int | None,
    expires: float | None,
    downloads: int | None,
    room: int | None,
    label: str | None,
    drop: bool,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Make a link and print the path of its URL, in the last line and never again.

    Whoever has the URL sees what stands at the path, as it is when they look, and nothing else. It is made in the name
    of whoever runs the server, so no account's rights end it.
    """
    name, _, path = what.strip("/").partition("/")
    wish = Wish(
        collection=name,
        path=parse_path(path.strip("/")),
        version=version,
        is_drop=drop,
        password=sys.stdin.readline().rstrip("\r\n") if password_stdin else None,
        days=expires,
        downloads=downloads,
        room_bytes=room,
        label=label,
    )
    with open_house(context) as house:
        made, below = make_link(house, Passwords(), wish)
    url = load_settings(context).settings.proxy_prefix + below
    if as_json:
        print_json({"link": as_values(made, name), "url": url})
        return
    ends = "never" if made.expires_ns is None else iso_time(made.expires_ns)
    say(f"id {made.id}, {_kind(drop=drop)}, expires {ends}", err=True)
    click.echo(url)


@link.command(name="list")
@click.argument("name", required=False)
@as_json
@click.pass_context
def list_links(context: click.Context, name: str | None, *, as_json: bool) -> None:
    """List the links to a collection, or all."""
    with open_house(context) as house:
        named = {info.id: info.name for info in house.collections()}
        chosen = None if name is None else house.info(name).id
        with house.read_catalog() as tables:
            found = [(named[row.collection_id], row) for row in tables.links.of(chosen) if row.collection_id in named]
    if as_json:
        print_json([as_values(row, collection) for collection, row in found])
        return
    rows = [
        (
            row.id,
            "/".join((collection, *row.path)),
            "" if row.version is None else str(row.version),
            _kind(drop=row.is_drop),
            "never" if row.expires_ns is None else iso_time(row.expires_ns),
            "" if row.downloads_left is None else str(row.downloads_left),
            "yes" if row.password_hash else "",
            "never" if row.used_ns is None else iso_time(row.used_ns),
            row.label or "",
        )
        for collection, row in found
    ]
    print_table(("ID", "TO", "VERSION", "KIND", "EXPIRES", "DOWNLOADS", "PASSWORD", "USED", "LABEL"), rows)


@link.command()
@click.argument("link_id", metavar="ID")
@click.pass_context
def revoke(context: click.Context, link_id: str) -> None:
    """End a link at once."""
    with open_house(context) as house:
        end_link(house, link_id)


def _kind(*, drop: bool) -> str:
    return "drop" if drop else "read"
