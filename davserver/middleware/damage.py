"""Damage that a request met: one log line that names what is damaged and what was asked for, and one count.

Owns: which failures are damage of what is stored, and not of the request or of a busy disk.
Never: changes what the client is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from davserver.errors import BlockCorrupt, BlockMissing, CatalogCorrupt
from davserver.middleware.exchange import Exchange

KINDS: dict[type[BaseException], str] = {
    BlockMissing: "block-missing",
    BlockCorrupt: "block-corrupt",
    CatalogCorrupt: "catalog",
}


class Log(Protocol):
    """What a log line is written with."""

    def error(self, event: str, **fields: Any) -> object:
        """Write a line."""


class DamageWatch:
    """Observes exchanges. ``count`` is told the kind of each damage that was met."""

    def __init__(self, log: Log, count: Callable[[str], None]) -> None:
        self._log = log
        self._count = count

    def observe(self, exchange: Exchange) -> None:
        """Tell of an exchange that failed because of what is stored."""
        error = exchange.failure
        if error is None:
            return
        kind = next((name for of, name in KINDS.items() if isinstance(error, of)), None)
        if kind is None:
            return
        self._count(kind)
        self._log.error(
            "stored data is damaged",
            kind=kind,
            reason=str(error),
            method=exchange.method,
            target=exchange.target,
            was_cut=exchange.broken,
            request_id=exchange.request_id,
        )
