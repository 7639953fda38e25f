"""``GET /_/api/me``: who asks, and what they may do.

Owns: the answer, as docs/api.md describes it.
Never: anything of a collection that they may not see.
"""

from __future__ import annotations

from davserver.access.guarded_house import GuardedHouse
from davserver.access.rights import Rights
from davserver.catalog.model import Collection, Right
from davserver.errors import InsecureChannel, NotAuthenticated
from davserver.live.house import House
from davserver.values import format_path
from davserver.web.responses import Answer, as_json


def me(house: House) -> Answer:
    """Answer; a stranger is told that they are one, and is not asked for a name."""
    if not isinstance(house, GuardedHouse):
        everything = [_shown(info, Right.MANAGE) for info in house.collections()]
        return as_json(200, {"name": None, "groups": [], "may_create": True, "open": True, "rights": everything})
    rights = house.rights
    principal = rights.principal
    return as_json(
        200,
        {
            "name": principal.name or None,
            "groups": sorted(rights.groups()),
            "may_create": not principal.is_anonymous and principal.may_write,
            "open": False,
            "rights": [_held(info, rights) for info in _seen(house)],
        },
    )


def _seen(house: House) -> list[Collection]:
    try:
        return house.collections()
    except (NotAuthenticated, InsecureChannel):
        return []


def _held(info: Collection, rights: Rights) -> dict[str, object]:
    parts = [
        {"path": format_path(part.path), "right": part.right.name.lower()}
        for part in rights.parts(info.id)
        if part.right > rights.level(info.id)
    ]
    return _shown(info, rights.level(info.id)) | {"below": parts}


def _shown(info: Collection, right: Right) -> dict[str, object]:
    return {"collection": info.name, "right": right.name.lower(), "below": []}
