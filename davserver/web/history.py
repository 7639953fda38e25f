"""The JSON API of history: versions, what differs, what a path was, what was deleted, restoring.

Owns: the routes' parameters and answers, as docs/api.md describes them.
Never: rights: each handler is given the house as its visitor may use it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from davserver.access import stewarding
from davserver.catalog.model import Annotation
from davserver.collection import tree
from davserver.collection.dirnode import DirNode, Node
from davserver.errors import Exists, Invalid, IsADirectory, NotFound
from davserver.live.house import House
from davserver.printable import printable
from davserver.upkeep.comparing import difference, number_of, tree_of
from davserver.upkeep.pathhistory import deletions, turns
from davserver.upkeep.pruning import rules_of
from davserver.upkeep.restoring import Wish, put_back
from davserver.upkeep.retention import Rules, fates
from davserver.upkeep.shapes import comparison_json, node_json, version_json
from davserver.upkeep.textdiff import MOST_BYTES, NoText, text_diff
from davserver.values import format_path
from davserver.web.asking import Query, has_body, json_object, path_or_none, text_or_none
from davserver.web.responses import Answer, Environ, as_json, failure


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the configuration says of how long things are kept: versions, and collections in the trash."""

    rules: Rules = Rules()  # noqa: RUF009  (a frozen value)
    purge_s: float = 1_209_600.0


def commit(house: House, environ: Environ, name: str) -> Answer:
    """Commit a collection, with a label and a message if any are sent."""
    members = json_object(environ, {"label", "message"}) if has_body(environ) else {}
    note = _annotation(members)
    version = house.commit(name)
    if note != Annotation():
        version = house.edit(lambda edit: edit.annotate(version.collection_id, version.number, note))
    return as_json(200, {"version": version.number, "portable_data_hash": str(version.pdh)})


def versions(house: House, environ: Environ, name: str) -> Answer:
    """List versions, the newest first; ``before`` is where to go on."""
    query = Query(environ, {"before", "limit"})
    before, most = query.number("before"), query.limit()
    found = [one for one in reversed(house.versions(name)) if before is None or one.number < before]
    more = found[most - 1].number if len(found) > most else None
    return as_json(200, {"versions": [version_json(one) for one in found[:most]], "before": more})


def annotate(house: House, environ: Environ, name: str, which: str) -> Answer:
    """Change what is said of a version."""
    note = _annotation(json_object(environ, {"label", "message", "kept"}))
    number = number_of(house, name, which)
    try:
        changed = stewarding.annotate(house, name, number, note)
    except Exists as taken:
        return failure(409, taken.message)
    return as_json(200, version_json(changed))


def differing(house: House, environ: Environ, name: str) -> Answer:
    """Tell what differs between two states, a page of it; ``after`` is where to go on."""
    query = Query(environ, {"from", "to", "path", "fold", "after", "limit"})
    most = query.limit()
    states = query.text("from"), query.text("to", "live")
    found = difference(house, name, states, query.path("path"), fold=query.flag("fold"), after=query.path("after"))
    page = list(islice(found, most + 1))
    after = format_path(page[most - 1].path) if len(page) > most else None
    return as_json(200, {"changes": [comparison_json(one) for one in page[:most]], "after": after})


def differing_text(house: House, environ: Environ, name: str) -> Answer:
    """Compare the text of a file in two states; ``diff`` is None with a ``reason`` where that is not possible."""
    query = Query(environ, {"from", "to", "path"})
    path = query.path("path")
    old, new = (tree.lookup(tree_of(house, name, query.text(key, "live")), path) for key in ("from", "to"))
    if old is None and new is None:
        raise NotFound(f"neither has anything at {format_path(path)!r}")
    result: dict[str, Any] = {"path": format_path(path), "diff": None}
    try:
        result["diff"] = text_diff(_content(house, old), _content(house, new), printable(format_path(path)))
    except NoText as reason:
        result["reason"] = str(reason)
    return as_json(200, result)


def path_history(house: House, environ: Environ, name: str) -> Answer:
    """List the versions in which a path changed, the newest first."""
    query = Query(environ, {"path", "before", "limit"})
    page = turns(house, name, query.path("path"), before=query.number("before"), most=query.limit())
    found = [version_json(turn.version) | node_json(turn.node) for turn in page.found]
    return as_json(200, {"versions": found, "before": page.before})


def deleted(house: House, environ: Environ, name: str) -> Answer:
    """List what was deleted, with the last version that has it."""
    query = Query(environ, {"path", "before", "limit"})
    page = deletions(house, name, query.path("path"), before=query.number("before"), most=query.limit())
    found = [
        {"path": format_path(gone.path), "version": gone.version.number} | node_json(gone.node) for gone in page.found
    ]
    return as_json(200, {"deleted": found, "before": page.before})


def restore(house: House, environ: Environ, name: str) -> Answer:
    """Put what a version holds in the place of what is there."""
    members = json_object(environ, {"version", "path", "to", "lock_tokens"})
    which, tokens = members.get("version"), members.get("lock_tokens", [])
    if type(which) not in {int, str}:
        raise Invalid("version has to be a number or a label")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise Invalid("lock_tokens is a list of texts")
    wish = Wish(
        number=number_of(house, name, str(which)),
        path=path_or_none(members, "path") or (),
        to=path_or_none(members, "to"),
        lock_tokens=frozenset(tokens),
        principal=environ.get("davserver.principal", ""),
    )
    is_changed = put_back(house, name, wish)
    return as_json(200, {"path": format_path(wish.target), "changed": is_changed})


class Retention:
    """Shows and sets which versions of a collection stay."""

    def __init__(self, house: House, default: Rules) -> None:
        """``default`` are the rules of the configuration; ``house``, which knows no rights, is asked for links."""
        self._house = house
        self._default = default

    def show(self, house: House, _environ: Environ, name: str) -> Answer:
        """Tell the rules, and which versions go when they are applied next."""
        row = house.info(name)
        rules = rules_of(row, self._default)
        versions = house.versions(name)
        with self._house.read_catalog() as tables:
            linked = tables.versions.linked(row.id)
        going = [fate.version.number for fate in fates(versions, rules, linked) if not fate.reasons]
        origin = "configuration" if row.retention is None else "collection"
        return as_json(200, {"keep": asdict(rules), "from": origin, "going": going})

    def change(self, house: House, environ: Environ, name: str) -> Answer:
        """Give the collection rules of its own, or those of the configuration again."""
        members = json_object(environ, {"keep"})
        if "keep" not in members:
            raise Invalid("keep has to be counts, or null for those of the configuration")
        text = None if members["keep"] is None else Rules.of(members["keep"]).to_text()
        stewarding.set_retention(house, name, text)
        return self.show(house, environ, name)


def _annotation(members: dict[str, Any]) -> Annotation:
    kept = members.get("kept")
    if kept is not None and not isinstance(kept, bool):
        raise Invalid("kept is true or false")
    return Annotation(label=text_or_none(members, "label"), message=text_or_none(members, "message"), kept=kept)


def _content(house: House, node: Node | None) -> bytes:
    if isinstance(node, DirNode):
        raise IsADirectory("this is a folder")
    if node is not None and node.size > MOST_BYTES:
        raise NoText(f"more than {MOST_BYTES} bytes")
    return b"" if node is None else node.read_at(0, node.size, house.blocks)
