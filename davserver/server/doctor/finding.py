"""What the doctor says: how bad it is, what it is about, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from davserver.errors import DavserverError

Level = Literal["ok", "warning", "error"]


class Finding(NamedTuple):
    """One thing that was looked at. ``error``: it does not work, or loses data; ``warning``: somebody should know."""

    level: Level
    about: str
    message: str
    hint: str = ""


def guarded(about: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Pass findings on; where looking fails, that is the last of them."""
    try:
        yield from findings
    except DavserverError as error:
        yield Finding("error", about, error.message, error.hint)
    except OSError as error:
        yield Finding("error", about, str(error))
