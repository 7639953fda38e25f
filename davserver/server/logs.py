"""Where log lines go: one JSON object or one readable line each, on standard error.

Owns: the set-up of structlog and of the standard library's logging, which wsgidav and SQLAlchemy use.
Never: a secret: headers and bodies are not logged anywhere, and a traceback shows no variables, where they would stand.
Invariant: a line is one line, and steers no terminal, whatever names and headers say.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import structlog

from davserver.config import Settings
from davserver.printable import printable, printable_lines
from davserver.trouble import REQUEST_ID

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logs(settings: Settings) -> None:
    """Set logging up for this process and those it forks."""
    level = _LEVELS[settings.log_level]
    shared: list[Any] = [
        _with_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = _renderer(settings)
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    formatter = structlog.stdlib.ProcessorFormatter(processors=[remove, *renderer], foreign_pre_chain=shared)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def logs_are_json(settings: Settings) -> bool:
    """Tell whether log lines are JSON objects; else they are for a person."""
    return settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())


def _renderer(settings: Settings) -> list[Any]:
    if not logs_are_json(settings):
        # Rich would be taken for tracebacks, as it is installed, and it shows the variables of every frame.
        plain = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        return [structlog.processors.format_exc_info, _made_printable, plain]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_as_json)]


def _with_request_id(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    request_id = REQUEST_ID.get()
    return {"request_id": request_id, **event} if request_id else event


def _made_printable(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Make every text of an event printable; a traceback keeps its lines."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = printable_lines(value) if key == "exception" else printable(value)
    return event


def _as_json(event: object, **options: Any) -> str:
    return printable(json.dumps(event, ensure_ascii=False, **options))
