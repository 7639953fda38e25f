"""How a failure of ours is told: one line in the log with its reason, and its kind to be counted.

Never: a traceback of a failure that was foreseen (a full disk, a lost block): its reason says it all, and a broken disk
brings thousands. What nobody foresaw has one.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

from davserver.errors import DavserverError

FAULT_KEY = "davserver.fault"
"""Where the environ says what kind of failure of ours a request met; the name of an error type."""


REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that a thread serves, for its log lines (``server.logs``); "" for none."""


def note_fault(log: Any, environ: MutableMapping[str, Any], error: Exception) -> None:
    """Log why a request failed, and leave its kind for who counts."""
    environ[FAULT_KEY] = kind_of(error)
    log_fault(log, "request failed", error)


def log_fault(log: Any, event: str, error: BaseException, **about: object) -> None:
    """Log a failure in one line; ``log`` is a structlog logger, which adds the request's id."""
    if isinstance(error, DavserverError):
        hint = {"hint": error.hint} if error.hint else {}
        log.error(event, kind=kind_of(error), reason=error.message, **hint, **about)
    else:
        log.error(event, exc_info=error, **about)


def kind_of(error: BaseException) -> str:
    """Name a failure; all that were not foreseen share a name, so that their number stays small."""
    return type(error).__name__ if isinstance(error, DavserverError) else "Unforeseen"
