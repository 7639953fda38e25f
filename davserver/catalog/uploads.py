"""Rows of uploads that are not linked yet, and of the parts that have come.

Owns: the rows. Extents are kept in the journal's form (``collection.codec``), which the caller reads and writes.
Never: which part follows which, or when an upload ends (``live.uploads``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from davserver.catalog import schema

_uploads = schema.uploads
_parts = schema.upload_parts
_BODY = [_parts.c.chunk, _parts.c.position, _parts.c.size, _parts.c.ranged, _parts.c.header, _parts.c.inline]
_ROWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """An upload: who sends it, what the request that began it said, how far it is.

    ``length`` is the announced one, ``received`` the bytes that are stored for good, ``parts`` how many rows they take.
    ``turn`` grows with every request that takes the upload over, so that one which was given up can be told.
    ``complete``: the file is linked, and this row only remembers it.
    """

    token: str
    principal: str
    request: str
    length: int | None
    received: int = 0
    parts: int = 0
    turn: int = 0
    complete: bool = False
    expires_ns: int


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of an upload: ``size`` of them at ``position`` of a chunk. ``ranged``: the chunk's number is its offset."""

    chunk: int
    position: int
    size: int
    ranged: bool
    header: bytes
    inline: bytes


class Chunk(NamedTuple):
    """One chunk of an upload. ``ranged``: its number is its offset in the file."""

    number: int
    ranged: bool
    size: int


class Held(NamedTuple):
    """What somebody has in uploads that are not complete: how many, with how many bytes."""

    uploads: int
    bytes: int


class Uploads:
    """Reads and writes uploads on one connection; expiry is the caller's to judge."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, token: str) -> OpenUpload | None:
        """Find an upload."""
        row = self._connection.execute(select(_uploads).where(_uploads.c.token == token)).mappings().first()
        return None if row is None else OpenUpload(**row)

    def held(self, principal: str, now_ns: int) -> Held:
        """Count what somebody has in uploads whose time is not over; reads their rows only."""
        open_ = (~_uploads.c.complete) & (_uploads.c.expires_ns > now_ns)
        query = select(func.count(), func.coalesce(func.sum(_uploads.c.received), 0))
        count, size = self._connection.execute(query.where(_uploads.c.principal == principal, open_)).one()
        return Held(count, int(size))

    def add(self, upload: OpenUpload) -> None:
        """Store a new upload."""
        self._connection.execute(insert(_uploads).values(**asdict(upload)))

    def change(self, upload: OpenUpload) -> None:
        """Store what an upload is now."""
        self._connection.execute(update(_uploads).where(_uploads.c.token == upload.token).values(**asdict(upload)))

    def remove(self, token: str) -> None:
        """Forget an upload and its parts; an unknown token is no error."""
        self.remove_parts(token)
        self._connection.execute(delete(_uploads).where(_uploads.c.token == token))

    def expired(self, now_ns: int) -> list[str]:
        """List the uploads whose time is over."""
        over = select(_uploads.c.token).where(_uploads.c.expires_ns <= now_ns)
        return list(self._connection.execute(over).scalars())

    def expire(self, now_ns: int) -> int:
        """Forget the uploads whose time is over; returns how many they were."""
        over = self.expired(now_ns)
        for token in over:
            self.remove(token)
        return len(over)

    def add_part(self, token: str, part: Part) -> None:
        """Store a part; raises an error of the database if there is one at its place."""
        self._connection.execute(insert(_parts).values(token=token, **asdict(part)))

    def remove_parts(self, token: str) -> None:
        """Forget all parts of an upload."""
        self._connection.execute(delete(_parts).where(_parts.c.token == token))

    def remove_chunk(self, token: str, chunk: int) -> list[int]:
        """Forget the parts of one chunk; returns their sizes."""
        sizes = self.sizes(token, chunk)
        if sizes:
            self._connection.execute(delete(_parts).where(_parts.c.token == token, _parts.c.chunk == chunk))
        return sizes

    def sizes(self, token: str, chunk: int) -> list[int]:
        """List the sizes of the parts of one chunk."""
        query = select(_parts.c.size).where(_parts.c.token == token, _parts.c.chunk == chunk)
        return list(self._connection.execute(query).scalars())

    def chunks(self, token: str) -> list[Chunk]:
        """List what there is of an upload by its chunks, in the order of the file."""
        query = select(_parts.c.chunk, _parts.c.ranged, func.sum(_parts.c.size)).where(_parts.c.token == token)
        rows = self._connection.execute(query.group_by(_parts.c.chunk, _parts.c.ranged).order_by(_parts.c.chunk))
        return [Chunk(number, ranged, int(size)) for number, ranged, size in rows]

    def parts(self, token: str) -> Iterator[Part]:
        """Iterate over the parts of an upload in the order of the file, a few in memory at a time."""
        after = (-1, -1)
        while True:
            later = (_parts.c.chunk > after[0]) | ((_parts.c.chunk == after[0]) & (_parts.c.position > after[1]))
            query = select(*_BODY).where(_parts.c.token == token, later)
            rows = self._connection.execute(query.order_by(_parts.c.chunk, _parts.c.position).limit(_ROWS_AT_ONCE))
            parts = [Part(*row) for row in rows]
            yield from parts
            if len(parts) < _ROWS_AT_ONCE:
                return
            after = (parts[-1].chunk, parts[-1].position)

    def all_parts(self, after_ns: int | None = None) -> Iterator[Part]:
        """Iterate over the parts of all uploads, or of those that end after a time: they name blocks, too."""
        tokens = select(_uploads.c.token)
        if after_ns is not None:
            tokens = tokens.where(_uploads.c.expires_ns > after_ns)
        for token in list(self._connection.execute(tokens).scalars()):
            yield from self.parts(token)
