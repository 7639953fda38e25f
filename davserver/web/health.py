"""Health: whether the process lives, and whether it can do its work."""

from __future__ import annotations

from davserver.errors import DavserverError
from davserver.live.house import House
from davserver.web.responses import Answer, as_json


def live() -> Answer:
    """Answer 200: a process that can is alive. Nothing else is looked at, so that a slow database restarts nobody."""
    return as_json(200, {"status": "ok"})


def ready(house: House) -> Answer:
    """Answer 200 if the catalog answers and commits go well, else 503 and why."""
    problems = [str(error) for error in house.failing()]
    try:
        with house.read_catalog() as tables:
            tables.settings.get("cluster_id")
    except DavserverError as error:
        problems.append(error.message)
    if problems:
        return as_json(503, {"status": "unavailable", "problems": problems})
    return as_json(200, {"status": "ok"})
