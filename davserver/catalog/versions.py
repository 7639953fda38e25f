"""Versions, and the directory records and manifest texts they are made of."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, Table, bindparam, delete, func, insert, select, update
from sqlalchemy import text as in_words

from davserver.catalog import schema
from davserver.catalog.model import Annotation, Version
from davserver.errors import CatalogCorrupt, Exists, LocatorError
from davserver.manifest.pdh import portable_data_hash
from davserver.values import PDH

_collections = schema.collections
_versions = schema.versions
_REMOVED_AT_ONCE = 200
_LARGEST = (1 << 63) - 1
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
_ASIDE = ".damaged"
_HINT = "run davserver fsck"
_add_record = in_words(
    "INSERT INTO records (hash, added_ns, body) VALUES (:hash, :added_ns, :body) "
    "ON CONFLICT (hash) DO UPDATE SET added_ns = excluded.added_ns"
)
_text = select(schema.texts.c.body).where(schema.texts.c.pdh == bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class Damaged:
    """What is left of a version whose row cannot be read: that its portable data hash is none, ``error`` says why."""

    collection_id: int
    number: int
    root: str
    text: bool
    without_litter: bool
    error: CatalogCorrupt


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

    def survey(self, collection_id: int) -> tuple[list[Version], list[Damaged]]:
        """List a collection's versions as ``of`` does, those apart whose rows cannot be read."""
        sound: list[Version] = []
        damaged: list[Damaged] = []
        for row in self._connection.execute(_of, {"wanted": collection_id}):
            try:
                sound.append(_row(row))
            except CatalogCorrupt as error:
                damaged.append(Damaged(row.collection_id, row.number, row.root, row.text, row.without_litter, error))
        return sound, damaged

    def set_totals(self, version: Version, files: int, size: int) -> None:
        """Correct what a version's row says of its tree."""
        self._set(version.collection_id, version.number, files=files, bytes=size)

    def set_pdh(self, collection_id: int, number: int, pdh: PDH) -> None:
        """Correct the portable data hash in a version's row."""
        self._set(collection_id, number, pdh=str(pdh))

    def annotate(self, collection_id: int, number: int, note: Annotation) -> Version | None:
        """Change what is said of a version; raises Exists if another one of its collection has the label.

        Returns it as it is now, None if there is none.
        """
        if self.one(collection_id, number) is None:
            return None
        other = self.labelled(collection_id, note.label) if note.label else None
        if other is not None and other.number != number:
            raise Exists(f"version {other.number} has the label {note.label!r}")
        texts = {name: getattr(note, name) or None for name in ("label", "message") if getattr(note, name) is not None}
        values = texts if note.kept is None else {**texts, "kept": note.kept}
        if values:
            self._set(collection_id, number, **values)
        return self.one(collection_id, number)

    def labelled(self, collection_id: int, label: str) -> Version | None:
        """Find a version by its label."""
        query = select(_versions).where(_versions.c.collection_id == collection_id, _versions.c.label == label)
        row = self._connection.execute(query).first()
        return None if row is None else _row(row)

    def remove(self, collection_id: int, numbers: Sequence[int]) -> list[int]:
        """Remove versions, with the trails that begin or end at one; returns the numbers of those that went.

        The newest version, tagged ones and those that a link leads to stay, whatever was asked for.
        """
        linked = self._linked(collection_id)
        newest = select(_collections.c.version).where(_collections.c.id == collection_id).scalar_subquery()
        gone: list[int] = []
        in_order = sorted(numbers)
        for start in range(0, len(in_order), _REMOVED_AT_ONCE):
            may_go = (
                _versions.c.collection_id == collection_id,
                _versions.c.number.in_(in_order[start : start + _REMOVED_AT_ONCE]),
                _versions.c.number < newest,
                _versions.c.label.is_(None),
                ~_versions.c.kept,
                _versions.c.number.not_in(linked),
            )
            rows = self._connection.execute(select(_versions.c.number, _versions.c.seq).where(*may_go)).all()
            self._forget_trails(collection_id, sorted(row.seq for row in rows))
            self._connection.execute(delete(_versions).where(*may_go))
            gone += [row.number for row in rows]
        return gone

    def _forget_trails(self, collection_id: int, seqs: Sequence[int]) -> None:
        """Remove the trails that end at some sequences, given in ascending order, or begin where these are the newest.

        Such a one may begin later: a commit that finds nothing changed makes neither a version nor a trail. They lie
        one behind the other: those between, and the next one, are looked at, not all.
        """
        if not seqs:
            return
        trails = schema.trails.c
        behind = select(func.min(trails.seq)).where(trails.collection_id == collection_id, trails.seq > seqs[-1])
        last = func.coalesce(behind.scalar_subquery(), seqs[-1])
        nearby = (trails.collection_id == collection_id, trails.seq >= seqs[0], trails.seq <= last)
        rows = self._connection.execute(select(trails.seq, trails.after_seq).where(*nearby).order_by(trails.seq)).all()
        begins = [row.after_seq for row in rows]
        gone = {row.seq for row in rows}.intersection(seqs)
        for seq in seqs:
            behind_it = bisect_left(begins, seq)
            gone.update(row.seq for row in rows[behind_it : behind_it + 1])
        self._connection.execute(delete(schema.trails).where(*nearby, trails.seq.in_(gone)))

    def linked(self, collection_id: int) -> set[int]:
        """Return the numbers of the versions that links lead to."""
        return {row.version for row in self._connection.execute(self._linked(collection_id))}

    def _linked(self, collection_id: int) -> Select[tuple[int]]:
        number = schema.links.c.version
        return select(number).where(schema.links.c.collection_id == collection_id, number.is_not(None))

    def _set(self, collection_id: int, number: int, **values: Any) -> None:
        where = (_versions.c.collection_id == collection_id, _versions.c.number == number)
        self._connection.execute(update(_versions).where(*where).values(**values))

    def one(self, collection_id: int, number: int) -> Version | None:
        """Find a version by its number; one that is larger than a column holds is nobody's."""
        if number > _LARGEST:
            return None
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

    def bodies(self, hashes: Sequence[str]) -> dict[str, bytes]:
        """Read some records, those that are there, by hash."""
        columns = (schema.records.c.hash, schema.records.c.body)
        rows = self._connection.execute(select(*columns).where(schema.records.c.hash.in_(hashes)))
        return {row.hash: row.body for row in rows}

    def add(self, records: Iterable[tuple[str, bytes]], now_ns: int) -> None:
        """Store records given as (hash, body); the ones that are there become young, so that no gc takes them now."""
        rows = [{"hash": record_hash, "added_ns": now_ns, "body": body} for record_hash, body in records]
        if rows:
            self._connection.execute(_add_record, rows)

    def replace(self, record_hash: str, body: bytes, now_ns: int) -> None:
        """Store the right bytes of a record that is missing or damaged."""
        self.set_aside(record_hash)
        self.add([(record_hash, body)], now_ns)

    def set_aside(self, record_hash: str) -> None:
        """Give a damaged record another key, so that the right one can be stored when it is made again."""
        table = schema.records
        aside = record_hash + _ASIDE
        self._connection.execute(delete(table).where(table.c.hash == aside))
        self._connection.execute(update(table).where(table.c.hash == record_hash).values(hash=aside))

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

    def hashes(self) -> list[str]:
        """List the texts by their portable data hashes, as these stand there."""
        return list(self._connection.execute(select(schema.texts.c.pdh)).scalars())

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
