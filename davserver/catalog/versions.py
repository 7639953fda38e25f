"""Versions, and the directory records and manifest texts they are made of."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Insert, Row, Table, bindparam, insert, select

from davserver.catalog import schema
from davserver.catalog.model import Version
from davserver.errors import CatalogCorrupt, LocatorError
from davserver.manifest.pdh import portable_data_hash
from davserver.values import PDH

_versions = schema.versions
_of = select(_versions).where(_versions.c.collection_id == bindparam("wanted")).order_by(_versions.c.number)
_one = select(_versions).where(
    _versions.c.collection_id == bindparam("wanted"), _versions.c.number == bindparam("number")
)
_as_of = (
    select(_versions)
    .where(_versions.c.collection_id == bindparam("wanted"), _versions.c.seq <= bindparam("seq"))
    .order_by(_versions.c.number.desc())
    .limit(1)
)
_by_pdh = select(_versions).where(_versions.c.pdh == bindparam("wanted"))
_record = select(schema.records.c.body).where(schema.records.c.hash == bindparam("wanted"))
_HINT = "run davserver fsck"
_text = select(schema.texts.c.body).where(schema.texts.c.pdh == bindparam("wanted"))


class Versions:
    """Reads and writes versions on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, version: Version) -> None:
        """Record a version."""
        values = {column.name: getattr(version, column.name) for column in _versions.columns}
        values["pdh"] = str(version.pdh)
        self._connection.execute(insert(_versions).values(**values))

    def of(self, collection_id: int) -> list[Version]:
        """List a collection's versions, the oldest first."""
        return [_row(row) for row in self._connection.execute(_of, {"wanted": collection_id})]

    def one(self, collection_id: int, number: int) -> Version | None:
        """Find a version by its number."""
        row = self._connection.execute(_one, {"wanted": collection_id, "number": number}).first()
        return None if row is None else _row(row)

    def as_of(self, collection_id: int, seq: int) -> Version | None:
        """Find the newest version that holds no change after ``seq``."""
        row = self._connection.execute(_as_of, {"wanted": collection_id, "seq": seq}).first()
        return None if row is None else _row(row)

    def by_pdh(self, pdh: PDH, allowed: Callable[[int], bool] = lambda _collection_id: True) -> Version | None:
        """Find any version with this content, in a collection that is allowed."""
        rows = self._connection.execute(_by_pdh, {"wanted": str(pdh)})
        return next((_row(row) for row in rows if allowed(row.collection_id)), None)


class Records:
    """Reads and writes directory records, each stored once under its hash."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, record_hash: str) -> bytes | None:
        """Read one record."""
        return self._connection.execute(_record, {"wanted": record_hash}).scalar()

    def add(self, records: Iterable[tuple[str, bytes]]) -> None:
        """Store records given as (hash, body); the ones that are there stay."""
        rows = [{"hash": record_hash, "body": body} for record_hash, body in records]
        if rows:
            self._connection.execute(_insert_or_ignore(schema.records), rows)

    def hashes(self) -> Iterator[str]:
        """List all records."""
        yield from self._connection.execute(select(schema.records.c.hash)).scalars()


class Texts:
    """Reads and writes manifest texts that are kept as they were imported, compressed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, pdh: PDH) -> str | None:
        """Read a text; raises CatalogCorrupt if it is not what was stored under this hash."""
        body = self._connection.execute(_text, {"wanted": str(pdh)}).scalar()
        if body is None:
            return None
        try:
            text = zlib.decompress(body).decode()
        except (zlib.error, UnicodeDecodeError) as error:
            raise _damaged_text(pdh) from error
        if portable_data_hash(text) != pdh:
            raise _damaged_text(pdh)
        return text

    def add(self, pdh: PDH, text: str) -> None:
        """Store a text under its portable data hash, once."""
        row = {"pdh": str(pdh), "body": zlib.compress(text.encode(), level=1)}
        self._connection.execute(_insert_or_ignore(schema.texts), [row])


def _insert_or_ignore(table: Table) -> Insert:
    # A prefix, because the dialects' own constructs cost every command half a second of imports.
    return insert(table).prefix_with("OR IGNORE", dialect="sqlite")


def _row(row: Row[Any]) -> Version:
    values = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)
    try:
        values["pdh"] = PDH.parse(values["pdh"])
    except LocatorError as error:
        where = f"version {row.number} of collection {row.collection_id}"
        raise CatalogCorrupt(f"{where}: its portable data hash is damaged: {error.message}", hint=_HINT) from error
    return Version(**values)


def _damaged_text(pdh: PDH) -> CatalogCorrupt:
    return CatalogCorrupt(f"the manifest text {pdh} is damaged", hint=_HINT)
