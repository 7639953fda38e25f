"""Restoring: a collection gets the content of one of its versions again.

Owns: which content is replaced.
Invariant: what was there is a version, too, also what a client wrote in the meantime.
"""

from __future__ import annotations

from davserver.catalog.model import Version
from davserver.collection.change import Splice
from davserver.errors import StoreUnavailable
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.live.views import VersionView

_ATTEMPTS = 100


def restore(house: House, name: str, number: int) -> Version:
    """Make the content of a version the newest one and return the version that records it.

    Errors: NotFound; UnknownVersion; StoreUnavailable if clients keep writing between the commit of what is there and
    its replacement.
    """
    for _ in range(_ATTEMPTS):
        before = house.commit(name)
        wanted = house.view_version(name, number)
        if house.edit(lambda edit, before=before, wanted=wanted: _replace(edit, name, before, wanted)):  # type: ignore[misc]
            return house.commit(name)
    raise StoreUnavailable(f"{name!r} is being written all the time", hint="stop what writes to it, then try again")


def _replace(edit: Edit, name: str, before: Version, wanted: VersionView) -> bool:
    """Replace the content, unless it is newer than the version ``before``."""
    view = edit.view(name)
    if view.seq != before.seq:
        return False
    edit.require_version(wanted.version)
    edit.apply(view.info.id, Splice((), wanted.root))
    return True
