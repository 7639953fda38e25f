"""``X-OC-Mtime`` and ``X-OC-CTime``: the client says when the file it sends was last modified, and when it was made.

Owns: reading the headers, and the answers that say they were heeded.
Follows: ownCloud's extension, which rclone sends with PUT, COPY and MOVE, and Nextcloud's clients with uploads: seconds
since the epoch, fractions too.
"""

from __future__ import annotations

import re
from decimal import Decimal

from davserver.dav.conditional import HeaderLookup
from davserver.dav.faults import BadRequest

ACCEPTED = ("X-OC-Mtime", "accepted")
"""Without this answer rclone sets the time again, with a PROPPATCH."""

CTIME_ACCEPTED = ("X-OC-CTime", "accepted")

_FIRST_S = -62_135_596_800
_LAST_S = 253_402_300_799
"""What a date with a year of four digits can say."""
_SECONDS = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,18})?\Z", re.ASCII)


def wanted_mtime_ns(headers: HeaderLookup) -> int | None:
    """Return the time asked for in nanoseconds, None if none is; raises BadRequest."""
    text = headers.get("X-OC-Mtime")
    return None if text is None else seconds_to_ns(text.strip())


def wanted_ctime_ns(headers: HeaderLookup) -> int | None:
    """Return the creation time asked for in nanoseconds, None if none is; raises BadRequest."""
    text = headers.get("X-OC-CTime")
    return None if text is None else seconds_to_ns(text.strip())


def seconds_to_ns(text: str) -> int:
    """Read decimal seconds, exactly; raises BadRequest."""
    if not _SECONDS.match(text) or not _FIRST_S <= Decimal(text) <= _LAST_S:
        raise BadRequest(f"not a time in seconds since the epoch: {text!r}")
    return int(Decimal(text) * 1_000_000_000)
