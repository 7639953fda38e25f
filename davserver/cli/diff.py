"""``davserver diff``: what differs between two versions of a collection."""

from __future__ import annotations

import click

from davserver.cli.options import Command, as_json, open_house, print_json
from davserver.collection.compare import Comparison, Status
from davserver.collection.dirnode import DirNode
from davserver.printable import printable
from davserver.upkeep.comparing import difference
from davserver.upkeep.shapes import bytes_of, comparison_json
from davserver.values import format_path, parse_path

_LETTERS = {
    Status.ADDED: "A",
    Status.REMOVED: "D",
    Status.CHANGED: "M",
    Status.MOVED: "R",
    Status.REPLACED: "T",
    Status.PROPERTIES: "P",
}


@click.command(cls=Command)
@click.argument("name")
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="TO")
@click.argument("path", default="")
@click.option("--fold", is_flag=True, help="Of a folder that was added or removed tell only the folder.")
@as_json
@click.pass_context
def diff(context: click.Context, name: str, old: str, new: str, path: str, *, fold: bool, as_json: bool) -> None:
    """Tell what differs between two versions of a collection, below PATH if one is given.

    FROM and TO are a version's number or label, its portable data hash, or live: what clients see now. Each line is a
    letter as git has it (A added, D removed, M changed, R moved, T replaced by another kind, P times or properties
    only), the path, and the bytes before and after.
    """
    with open_house(context) as house:
        found = difference(house, name, (old, new), parse_path(path.strip("/")), fold=fold)
        if as_json:
            print_json([comparison_json(one) for one in found])
            return
        for one in found:
            click.echo("\t".join(map(printable, _columns(one))))


def _columns(one: Comparison) -> tuple[str, str, str]:
    shown = one.new if one.new is not None else one.old
    slash = "/" if isinstance(shown, DirNode) else ""
    path = format_path(one.path) + slash
    if one.source is not None:
        path = f"{format_path(one.source)}{slash} -> {path}"
    sizes = list(dict.fromkeys(str(bytes_of(node)) for node in (one.old, one.new) if node is not None))
    return _LETTERS[one.status], path, " -> ".join(sizes)
