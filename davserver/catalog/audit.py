"""Rows of the audit log: who did what, when.

Owns: that the log is bounded: what is older than ``KEEP_NS`` goes when something new comes.
Never: a password, a token, a file's content. Values are kept as they are: whoever prints them makes them harmless.
Invariant: an event is stored in the transaction of what it tells of: it is there if, and only if, that was done.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from davserver.catalog import schema

_table = schema.audit
_add = insert(_table)
_drop = delete(_table).where(_table.c.at_ns < bindparam("before"))

COMMAND_LINE = "command line"
"""Where a change came from that no request made."""
KEEP_NS = 400 * 86_400 * 1_000_000_000
MOST_CHARS = 1000
"""Of each value; a path can be longer than anybody reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that was done. ``actor`` is an account, "" for a stranger or the command line (see ``address``).

    ``address`` is the client's, or ``command line``; ``subject`` what it was done to, ``detail`` how.
    """

    at_ns: int
    actor: str
    address: str
    action: str
    subject: str
    detail: str = ""


class Audit:
    """Reads and writes the log on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, event: Event) -> None:
        """Store an event."""
        self._connection.execute(_drop, {"before": event.at_ns - KEEP_NS})
        texts = {key: getattr(event, key)[:MOST_CHARS] for key in ("actor", "address", "action", "subject", "detail")}
        self._connection.execute(_add, {"at_ns": event.at_ns, **texts})

    def actions(self) -> list[str]:
        """List the kinds of events there are."""
        return list(self._connection.scalars(select(_table.c.action).distinct().order_by(_table.c.action)))

    def newest(self, limit: int, *, since_ns: int = 0, action: str = "") -> list[Event]:
        """List the newest events, the oldest of them first."""
        query = select(_table).where(_table.c.at_ns >= since_ns).order_by(_table.c.id.desc()).limit(limit)
        if action:
            query = query.where(_table.c.action == action)
        rows = self._connection.execute(query).all()
        return [
            Event(
                at_ns=row.at_ns,
                actor=row.actor,
                address=row.address,
                action=row.action,
                subject=row.subject,
                detail=row.detail,
            )
            for row in reversed(rows)
        ]
