"""All targets by name. Importing it imports the whole of davserver, so the engine does not."""

from __future__ import annotations

from fuzz.target import Target
from fuzz.targets import application, bodies, conditions, heads, manifest, stored, values

TARGETS: dict[str, Target] = {
    target.name: target
    for module in (manifest, stored, heads, conditions, values, bodies, application)
    for target in module.TARGETS
}
