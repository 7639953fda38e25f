"""Rows of collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from davserver.catalog import schema
from davserver.catalog.model import Collection, Uncommitted
from davserver.catalog.statement import Statement
from davserver.errors import Exists

_table = schema.collections
_names = [column.name for column in _table.columns]
_by_id = Statement(select(_table).where(_table.c.id == bindparam("wanted")))
_by_name = Statement(select(_table).where(_table.c.name == bindparam("wanted"), _table.c.trashed_ns.is_(None)))
_by_uuid = Statement(select(_table).where(_table.c.uuid == bindparam("wanted")))
_live = select(_table).where(_table.c.trashed_ns.is_(None)).order_by(_table.c.name)
_number_live = select(func.count()).select_from(_table).where(_table.c.trashed_ns.is_(None))
_trashed = select(_table).where(_table.c.trashed_ns.is_not(None)).order_by(_table.c.trashed_ns)
_owned = select(_table).where(_table.c.owner == bindparam("wanted")).order_by(_table.c.name)
_sizes = select(_table.c.id, _table.c.bytes).where(_table.c.owner == bindparam("wanted"), _table.c.trashed_ns.is_(None))
_uncommitted = select(_table.c.id, _table.c.base_seq, _table.c.head_seq).where(_table.c.head_seq > _table.c.base_seq)
_advance = Statement(
    update(_table)
    .where(
        _table.c.id == bindparam("wanted"),
        _table.c.head_seq == bindparam("expected"),
        _table.c.lock_seq == bindparam("expected_lock"),
    )
    .values(head_seq=bindparam("head"), lock_seq=bindparam("lock"), bytes=bindparam("size"))
)


class Head(NamedTuple):
    """Where a collection's counters go to, and the bytes of its files then; ``expected`` is where they are."""

    collection_id: int
    expected: tuple[int, int]
    """The sequence of its newest change, and its ``lock_seq``."""
    seq: int
    lock_seq: int
    bytes: int


class Collections:
    """Reads and writes rows of collections on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_id(self, collection_id: int) -> Collection | None:
        """Find a collection, trashed or not."""
        return self._one(_by_id, collection_id)

    def by_name(self, name: str) -> Collection | None:
        """Find a collection that is not in the trash."""
        return self._one(_by_name, name)

    def by_uuid(self, uuid: str) -> Collection | None:
        """Find a collection, trashed or not."""
        return self._one(_by_uuid, uuid)

    def live(self) -> list[Collection]:
        """List the collections by name, without the trashed ones."""
        return [_row(row) for row in self._connection.execute(_live)]

    def number_live(self) -> int:
        """Count the collections, without the trashed ones."""
        return int(self._connection.execute(_number_live).scalar_one())

    def trashed(self) -> list[Collection]:
        """List the trashed collections, the oldest first."""
        return [_row(row) for row in self._connection.execute(_trashed)]

    def owned(self, owner: str) -> list[Collection]:
        """List the collections of an account by name, trashed ones too."""
        return [_row(row) for row in self._connection.execute(_owned, {"wanted": owner})]

    def sizes(self, owner: str) -> dict[int, int]:
        """Return the bytes of an account's collections by their number, without the trashed ones."""
        return {row.id: row.bytes for row in self._connection.execute(_sizes, {"wanted": owner})}

    def uncommitted(self) -> list[Uncommitted]:
        """List the collections, trashed ones too, that have entries which are in no version."""
        return [Uncommitted(*row) for row in self._connection.execute(_uncommitted)]

    def add(self, *, uuid: str, name: str, created_ns: int, owner: str | None = None) -> Collection:
        """Make a new, empty collection; raises Exists if a live one has the name."""
        values = {"uuid": uuid, "name": name, "created_ns": created_ns, "owner": owner}
        zeros = {
            "head_seq": 0,
            "lock_seq": 0,
            "version": 0,
            "base_seq": 0,
            "bytes": 0,
            "drops_litter": False,
            "repacks": 0,
        }
        if self.by_name(name) is not None:
            raise _taken(name)
        result = self._connection.execute(insert(_table).values(**values, **zeros))
        key = result.inserted_primary_key
        assert key is not None  # noqa: S101  (an INSERT of one row has one)
        return Collection(id=key[0], uuid=uuid, name=name, created_ns=created_ns, owner=owner)

    def advance(self, heads: Sequence[Head]) -> bool:
        """Move heads; False if one was not where it was expected."""
        for head in heads:
            seq, lock_seq = head.expected
            values = {"wanted": head.collection_id, "expected": seq, "expected_lock": lock_seq}
            values.update(head=head.seq, lock=head.lock_seq, size=head.bytes)
            if _advance.run(self._connection, values) != 1:
                return False
        return True

    def rename(self, collection_id: int, name: str) -> None:
        """Give a collection another name; raises Exists if a live one has it."""
        self._set_unique(collection_id, {"name": name})

    def trash(self, collection_id: int, at_ns: int) -> None:
        """Put a collection into the trash; its name is free at once."""
        self._set(collection_id, trashed_ns=at_ns)

    def restore(self, collection_id: int, name: str) -> None:
        """Take a collection out of the trash; raises Exists if a live one has the name."""
        self._set_unique(collection_id, {"name": name, "trashed_ns": None})

    def checkpoint(self, collection_id: int, *, version: int, seq: int, root: str, size: int) -> None:
        """Make a committed state the one that loading starts from; ``size`` is that of the newest state, in bytes."""
        self._set(collection_id, version=version, base_seq=seq, base_root=root, bytes=size)

    def count_repack(self, collection_id: int) -> None:
        """Tell every process that holds a tree of this collection to load it anew."""
        self._set(collection_id, repacks=_table.c.repacks + 1)

    def set_owner(self, collection_id: int, owner: str | None) -> None:
        """Let an account own a collection, or nobody."""
        self._set(collection_id, owner=owner)

    def set_quota(self, collection_id: int, limit_bytes: int | None) -> None:
        """Limit the bytes of all files of a collection together; None ends the limit."""
        self._set(collection_id, quota_bytes=limit_bytes)

    def set_litter(self, collection_id: int, *, drops: bool) -> None:
        """Keep litter out of the versions to come, or let it in again."""
        self._set(collection_id, drops_litter=drops)

    def set_retention(self, collection_id: int, rules: str | None) -> None:
        """Give a collection rules of its own for which versions stay; None: those of the configuration."""
        self._set(collection_id, retention=rules)

    def _set(self, collection_id: int, **values: Any) -> None:
        self._connection.execute(update(_table).where(_table.c.id == collection_id).values(**values))

    def _set_unique(self, collection_id: int, values: dict[str, Any]) -> None:
        try:
            self._set(collection_id, **values)
        except IntegrityError as error:
            raise _taken(values["name"]) from error

    def _one(self, query: Statement, wanted: object) -> Collection | None:
        rows = query.rows(self._connection, {"wanted": wanted})
        return _of(dict(zip(_names, rows[0], strict=True))) if rows else None


def _taken(name: str) -> Exists:
    return Exists(f"a collection named {name!r} exists already")


def _row(row: Row[Any]) -> Collection:
    return _of(row._asdict())


def _of(values: Mapping[str, Any]) -> Collection:
    return Collection(**{**values, "drops_litter": bool(values["drops_litter"])})
