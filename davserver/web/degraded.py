"""Health when something that is stored is damaged: the rest is served, so no load balancer should turn away.

Owns: what a stranger is told of it: how much, and nothing of names or hashes, which are in the log.
"""

from __future__ import annotations

from davserver.live.house import House
from davserver.upkeep.scrub import load_state
from davserver.web.health import ready
from davserver.web.responses import Answer, as_json

_HINT = "the log names them, and so does davserver fsck"


def ready_or_degraded(house: House) -> Answer:
    """Answer as ``ready`` does; where that is 200 and damage is known, with the status ``degraded`` and how much."""
    answer = ready(house)
    if answer.status != 200:
        return answer
    blocks, collections = len(load_state(house).damaged), house.troubles().damaged
    if not blocks and not collections:
        return answer
    known = {"damaged_blocks": blocks, "damaged_collections": collections}
    return as_json(200, {"status": "degraded", **known, "hint": _HINT})
