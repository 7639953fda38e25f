"""The rehearsal: what the first request after a start would wait for is done before there is one.

Owns: running each statement of a change once, in a transaction that is taken back.
Why: SQLAlchemy compiles a statement when it is first run, and a connection is made when it is first needed: together
some 5 ms of a first COPY, which takes 1 ms afterwards.
Invariant: afterwards all is as it was, and nobody saw anything of it.
"""

from __future__ import annotations

from contextlib import suppress

from davserver.catalog.collections import Head
from davserver.catalog.model import Entry, Lock
from davserver.collection.attributes import EMPTY
from davserver.collection.change import Copy, Mkdir, Move, Remove
from davserver.live.edit import Edit
from davserver.live.house import House


class _Over(Exception):
    """The rehearsal is over: take all of it back."""


def rehearse(house: House) -> None:
    """Make every kind of change once and take it back; raises what ``House.edit`` raises."""
    with suppress(_Over):
        house.edit(_play)
    with house.read_catalog() as tables:
        tables.collections.by_name("")
        tables.journal.after(0, 0)
        tables.records.get("")
        tables.locks.of(0)


def _play(edit: Edit) -> None:
    tables = edit.tables()
    name = f"rehearsal-{edit.now_ns}"
    tables.collections.by_name(name)
    row = edit.create_collection(name)
    for change in (Mkdir(("a",), EMPTY), Copy(("a",), ("b",)), Move(("b",), ("c",)), Remove(("a",))):
        edit.apply(row.id, change)
    lock = Lock(
        token=name,
        collection_id=row.id,
        path=(),
        exclusive=True,
        infinite=True,
        owner_xml="",
        principal="",
        timeout_s=1,
        expires_ns=edit.now_ns,
    )
    edit.locks(row.id)
    edit.refuse_growth()
    tables.collections.advance([Head(row.id, (0, 0), 1, 0, 0)])
    tables.journal.append([(row.id, Entry(1, b"", b""))])
    tables.locks.add([lock])
    tables.locks.remove([lock.token])
    raise _Over
