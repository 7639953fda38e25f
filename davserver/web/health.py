"""Health: whether the process lives, and whether it can do its work."""

from __future__ import annotations

from davserver.live.house import House
from davserver.web.responses import Answer, as_json


def live() -> Answer:
    """Answer 200: a process that can is alive. Nothing else is looked at, so that a slow database restarts nobody."""
    return as_json(200, {"status": "ok"})


def ready(house: House) -> Answer:
    """Answer 200 if catalog and blocks take writes, space is left and commits go well; else 503, and which part why."""
    parts = house.trouble()
    if parts:
        return as_json(503, {"status": "unavailable", "problems": list(parts.values()), "parts": parts})
    return as_json(200, {"status": "ok"})
