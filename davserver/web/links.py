"""The JSON API of links: making, listing and ending them.

Owns: the routes' parameters and answers, as docs/api.md describes them.
Never: rights: each handler is given the house as its visitor may use it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from davserver.access.passwords import Passwords
from davserver.access.sharing import Wish, as_values, end_link, make_link
from davserver.errors import Invalid
from davserver.live.house import House
from davserver.web.asking import Query, json_object, path_or_none, text_or_none
from davserver.web.responses import Answer, Environ, as_json

_KINDS = ("read", "drop")
_MEMBERS = frozenset(
    {"collection", "path", "version", "kind", "password", "expires_days", "downloads", "room_bytes", "label"}
)


class LinkRoutes:
    """Handlers of ``/_/api/links``. Threads: any."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    def make(self, house: House, environ: Environ) -> Answer:
        """Make a link: 201 with its URL's path, which is told this once."""
        wish = _wish(json_object(environ, _MEMBERS))
        link, path = make_link(house, self._passwords, wish)
        prefix = quote(environ.get("SCRIPT_NAME", "").rstrip("/").encode("latin-1"), safe="/-._~")
        return as_json(201, {"link": as_values(link, wish.collection), "url": prefix + path})

    def listed(self, house: House, environ: Environ) -> Answer:
        """List the links to a collection."""
        name = Query(environ, {"collection"}).text("collection")
        return as_json(200, {"links": [as_values(link, name) for link in house.links(name)]})

    def end(self, house: House, link_id: str) -> Answer:
        """End a link."""
        end_link(house, link_id)
        return Answer(204, b"")


def _wish(members: dict[str, Any]) -> Wish:
    collection = text_or_none(members, "collection")
    if not collection:
        raise Invalid("collection is needed")
    kind = members.get("kind", "read")
    if kind not in _KINDS:
        raise Invalid(f"kind is one of {', '.join(_KINDS)}")
    return Wish(
        collection=collection,
        path=path_or_none(members, "path") or (),
        version=_whole(members, "version"),
        is_drop=kind == "drop",
        password=text_or_none(members, "password"),
        days=_days(members),
        downloads=_whole(members, "downloads"),
        room_bytes=_whole(members, "room_bytes"),
        label=text_or_none(members, "label"),
        made_by="",  # of an account, its house writes the name
    )


def _whole(members: dict[str, Any], name: str) -> int | None:
    value = members.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise Invalid(f"{name} is a positive number")
    return value


def _days(members: dict[str, Any]) -> float | None:
    value = members.get("expires_days")
    if value is not None and (not isinstance(value, int | float) or isinstance(value, bool)):
        raise Invalid("expires_days is a number")
    return value
