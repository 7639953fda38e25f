"""``X-OC-Mtime``: the client says when the file it sends was last modified.

Owns: reading the header and the answer that says it was heeded.
Follows: ownCloud's extension, which rclone sends with PUT, COPY and MOVE: seconds since the epoch, fractions too.
"""

from __future__ import annotations

import re
from decimal import Decimal

from davserver.dav.conditional import HeaderLookup
from davserver.dav.faults import BadRequest

ACCEPTED = ("X-OC-Mtime", "accepted")
"""Without this answer rclone sets the time again, with a PROPPATCH."""

_SECONDS = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,18})?\Z", re.ASCII)


def wanted_mtime_ns(headers: HeaderLookup) -> int | None:
    """Return the time asked for in nanoseconds, None if none is; raises BadRequest."""
    text = headers.get("X-OC-Mtime")
    return None if text is None else seconds_to_ns(text.strip())


def seconds_to_ns(text: str) -> int:
    """Read decimal seconds, exactly; raises BadRequest."""
    if not _SECONDS.match(text):
        raise BadRequest(f"not a time in seconds since the epoch: {text!r}")
    return int(Decimal(text) * 1_000_000_000)
