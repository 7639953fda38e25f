"""Rows of links: parts of collections that are handed to whoever has a URL.

Owns: the counting down of what a link still gives.
Never: a link's text or its password: what is stored is a SHA-256 and an argon2 hash. Whether a link still holds is its
reader's to judge.
Invariant: what a link gives is taken by one statement, which finds that there is some: of any number at once, no more
get it than there is.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update

from davserver.catalog import schema
from davserver.catalog.model import Link
from davserver.values import format_path, parse_path

_links = schema.links
_by_digest = select(_links).where(_links.c.digest == bindparam("wanted"))
_by_id = select(_links).where(_links.c.id == bindparam("wanted"))
_in_order = (_links.c.collection_id, _links.c.path, _links.c.created_ns, _links.c.id)


class Links:
    """Reads and writes links on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_text(self, digest: str) -> Link | None:
        """Find a link by the SHA-256 of its text, whether or not it still holds."""
        return self._one(_by_digest, digest)

    def one(self, link_id: str) -> Link | None:
        """Find a link by its id, whether or not it still holds."""
        return self._one(_by_id, link_id)

    def of(self, collection_id: int | None = None) -> list[Link]:
        """List the links to a collection, or to all of them, by path and age."""
        query = select(_links).order_by(*_in_order)
        if collection_id is not None:
            query = query.where(_links.c.collection_id == collection_id)
        return [_link(row) for row in self._connection.execute(query)]

    def add(self, link: Link) -> None:
        """Store a link."""
        values = {column.name: getattr(link, column.name) for column in _links.columns}
        self._connection.execute(insert(_links).values(**{**values, "path": format_path(link.path)}))

    def remove(self, link_id: str) -> bool:
        """Remove a link; False if there is none of this id."""
        return bool(self._connection.execute(delete(_links).where(_links.c.id == link_id)).rowcount)

    def use(self, link_id: str, at_ns: int) -> None:
        """Note when a link was used."""
        self._connection.execute(update(_links).where(_links.c.id == link_id).values(used_ns=at_ns))

    def take_download(self, link_id: str, at_ns: int) -> bool:
        """Take one of the downloads that are left; False if none is, or the link is gone."""
        here = (_links.c.id == link_id) & (_links.c.downloads_left > 0)
        taken = update(_links).where(here).values(downloads_left=_links.c.downloads_left - 1, used_ns=at_ns)
        return bool(self._connection.execute(taken).rowcount)

    def take_room(self, link_id: str, size: int) -> bool:
        """Take so many bytes of the room that is left; False if less is left, or the link is gone."""
        here = (_links.c.id == link_id) & (_links.c.room_bytes >= size)
        return bool(
            self._connection.execute(update(_links).where(here).values(room_bytes=_links.c.room_bytes - size)).rowcount
        )

    def _one(self, query: Select[Any], wanted: str) -> Link | None:
        row = self._connection.execute(query, {"wanted": wanted}).first()
        return None if row is None else _link(row)


def _link(row: Row[Any]) -> Link:
    values = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)
    return Link(**{**values, "path": parse_path(values["path"])})
