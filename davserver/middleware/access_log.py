"""One log line per request."""

from __future__ import annotations

import structlog

from davserver.middleware.exchange import Exchange

_log = structlog.get_logger("davserver.access")


def log_exchange(exchange: Exchange) -> None:
    """Log an exchange. The target is as it was sent: still encoded, so it cannot forge a line."""
    _log.info(
        "request",
        method=exchange.method,
        target=exchange.target,
        status=exchange.status,
        bytes=exchange.bytes_sent,
        ms=round(exchange.duration_s * 1000, 2),
        client=exchange.client,
        user=exchange.principal,
        agent=exchange.agent,
        **({"broken": True} if exchange.broken else {}),
    )
