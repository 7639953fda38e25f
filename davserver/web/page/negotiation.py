"""Whether a request wants the page: ``Accept`` prefers HTML.

Browsers say ``text/html`` first when somebody goes to an address. WebDAV clients, curl and scripts say ``*/*`` or
nothing, and get what they always got.
Follows: RFC 9110 section 12.5.1; of several ranges that fit, the most specific counts.
"""

from __future__ import annotations

import re
from functools import lru_cache

_RANGE = re.compile(r"[ \t]*([^\s;,]+/[^\s;,]+)[ \t]*((?:;[^,]*)?)\Z")
_WEIGHT = re.compile(r";[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*(?:;|\Z)", re.IGNORECASE | re.ASCII)


@lru_cache(maxsize=256)
def prefers_html(accept: str) -> bool:
    """Tell whether HTML is named, and nothing else is wanted more."""
    weights: dict[str, float] = {}
    for element in accept.lower().split(","):
        match = _RANGE.match(element)
        if match is not None:
            weight = _WEIGHT.search(match[2])
            weights[match[1]] = 1.0 if weight is None else float(weight[1])
    html = max(weights.get("text/html", 0.0), weights.get("application/xhtml+xml", 0.0))
    return html > 0 and html >= max(weights.values())
