"""The JSON API of the trash of collections.

Never: rights: each handler is given the house as its visitor may use it, which shows those they may manage.
"""

from __future__ import annotations

from davserver.catalog.model import Collection
from davserver.errors import NotFound, StoreUnavailable
from davserver.live.house import House
from davserver.upkeep.shapes import utc
from davserver.web.asking import has_body, json_object, text_or_none
from davserver.web.responses import Answer, Environ, as_json, failure


def listed(house: House, purge_s: float) -> Answer:
    """List what is in the trash, the oldest first, with when it goes for good."""
    return as_json(200, {"collections": [_described(row, purge_s) for row in house.trashed()]})


def restore(house: House, environ: Environ, uuid: str) -> Answer:
    """Take a collection out of the trash, under another name if one is sent."""
    members = json_object(environ, {"name"}) if has_body(environ) else {}
    row = _find(house, uuid)
    name = text_or_none(members, "name") or row.name
    if any(info.name == name for info in house.collections()):
        return failure(409, f"a collection named {name!r} exists already")
    house.edit(lambda edit: edit.restore_collection(row.id, name))
    return as_json(200, {"name": name, "uuid": uuid})


def purge(house: House, uuid: str) -> Answer:
    """Delete a collection for good, with all its versions."""
    row = _find(house, uuid)
    if not house.edit(lambda edit: edit.purge(row.id)):
        raise StoreUnavailable("another collection still needs its changes, until that is committed")
    return as_json(200, {"purged": uuid})


def _find(house: House, uuid: str) -> Collection:
    for row in house.trashed():
        if row.uuid == uuid:
            return row
    raise NotFound("no such collection in the trash")


def _described(row: Collection, purge_s: float) -> dict[str, object]:
    trashed_ns = row.trashed_ns or 0
    return {
        "name": row.name,
        "uuid": row.uuid,
        "bytes": row.bytes,
        "versions": row.version,
        "trashed": utc(trashed_ns),
        "purged_after": utc(trashed_ns + int(purge_s * 1e9)),
    }
