"""The JSON API."""

from __future__ import annotations

from davserver.live.house import House
from davserver.web.responses import Answer, as_json


def commit_collection(house: House, name: str) -> Answer:
    """Commit a collection; answer with the number and the portable data hash of its newest version."""
    version = house.commit(name)
    return as_json(200, {"version": version.number, "portable_data_hash": str(version.pdh)})
