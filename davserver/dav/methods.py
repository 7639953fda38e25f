"""Which verbs a resource answers: for ``Allow``.

Owns: the table of verbs by kind of resource.
Never: enforces it; each handler refuses for its own reason and names this list.
"""

from __future__ import annotations

from davserver.dav.paths import InCollection, Target
from davserver.dav.resources import Place, Resource

READING = ("OPTIONS", "GET", "HEAD", "PROPFIND")
SPACE_FOLDER = (*READING, "SEARCH")
COPYABLE = (*READING, "COPY")
FOLDER = (*READING, "COPY", "MOVE", "DELETE", "PROPPATCH", "REPORT", "SEARCH", "LOCK", "UNLOCK")
FILE = (*READING, "PUT", "POST", "PATCH", "COPY", "MOVE", "DELETE", "PROPPATCH", "LOCK", "UNLOCK")
UNMAPPED = ("OPTIONS", "PUT", "POST", "MKCOL", "LOCK")
UNMAPPED_COLLECTION = ("OPTIONS", "MKCOL")


def allowed(resource: Resource) -> tuple[str, ...]:
    """List the verbs of something that exists."""
    if resource.place is Place.SPACE:
        return SPACE_FOLDER
    if resource.place is Place.FROZEN:
        return (*COPYABLE, "SEARCH") if resource.is_folder else COPYABLE
    return FOLDER if resource.is_folder else FILE


def allowed_unmapped(target: Target) -> tuple[str, ...]:
    """List the verbs where nothing exists."""
    if not isinstance(target, InCollection):
        return ("OPTIONS",)
    return UNMAPPED if target.path else UNMAPPED_COLLECTION
