"""``davserver grant``: who may do what with a collection, or with a folder of it."""

from __future__ import annotations

import click

from davserver.access import managing
from davserver.catalog.model import Right
from davserver.cli.options import Command, as_json, open_house, print_json
from davserver.cli.tables import print_table, say
from davserver.collection import tree
from davserver.errors import Invalid
from davserver.live.house import House
from davserver.values import TreePath, format_path, parse_path

_RIGHTS = [right.name.lower() for right in Right]


@click.command(cls=Command, options_metavar="[--path PREFIX] [--json]")
@click.argument("words", metavar="NAME[/PATH] USER|@GROUP|anonymous RIGHT | list [NAME]", nargs=-1, required=True)
@click.option("--path", metavar="PREFIX", help="Of the collection only what is at this path and below it.")
@as_json
@click.pass_context
def grant(context: click.Context, words: tuple[str, ...], path: str | None, *, as_json: bool) -> None:
    """Say what somebody may do with a collection, in place of what was granted to them before; or list all grants.

    RIGHT is read: look; write: change what is in it; manage: rename and remove it, too; none: not even see it. With a
    path, it is about what stands there: who may see no more than that sees the folders on the way to it, and nothing
    else in them. Of several grants to an account, to its groups and to everybody the most counts. `anonymous` is
    whoever gives no name, and may read at most.
    """
    if words[0] == "list" and len(words) <= 2:
        _list(context, words[1] if len(words) == 2 else None, as_json=as_json)
        return
    if len(words) != 3 or words[2] not in _RIGHTS:
        raise click.UsageError(f"davserver grant NAME USER {'|'.join(_RIGHTS)}, or davserver grant list [NAME]")
    if path == "":  # a variable of a script that is not set: nobody is to have all of a collection by that
        raise Invalid("--path names no path", hint="without it, the grant is on all of the collection")
    name, _, below = words[0].strip("/").partition("/")
    prefix = tuple(name for text in (below, path or "") for name in parse_path(text.strip("/")))
    with open_house(context) as house:
        managing.grant(house, name, words[1], Right[words[2].upper()], prefix)
        _hint(house, name, prefix, words[2])


def _hint(house: House, name: str, path: TreePath, right: str) -> None:
    if right != "none" and path and tree.lookup(house.view(name).root, path) is None:
        say(f"hint: nothing is at {format_path(path)!r} yet; it is shown when it is there", err=True)


def _list(context: click.Context, name: str | None, *, as_json: bool) -> None:
    with open_house(context) as house:
        named = {info.id: info.name for info in house.collections()}
        chosen = None if name is None else house.info(name).id
        with house.read_catalog() as tables:
            found = [grant for grant in tables.access.grants(chosen) if grant.collection_id in named]
    rows = [
        (named[grant.collection_id], format_path(grant.path), grant.grantee, grant.right.name.lower())
        for grant in found
    ]
    if as_json:
        print_json([dict(zip(("collection", "path", "to", "right"), row, strict=True)) for row in rows])
        return
    print_table(("COLLECTION", "PATH", "TO", "RIGHT"), rows)
