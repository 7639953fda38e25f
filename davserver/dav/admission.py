"""Admission: what can be refused for want of rights before a body is read or a verb begins.

Owns: which verbs read and which change; that a stranger is asked for a name before anything else.
Never: the last word. A verb works on the house of its principal (``access.guarded_house``), which refuses each single
look and change by itself, inside the transaction too; this is so that nobody sends a gigabyte to hear it afterwards.
"""

from __future__ import annotations

from davserver.access.guarded_house import GuardedHouse
from davserver.catalog.model import Right
from davserver.collection.spelling import settle
from davserver.dav.paths import HistoryOf, InCollection, InContent, InPreview, InVersion, InZip
from davserver.dav.requests import Request
from davserver.dav.spelling import view_of
from davserver.errors import DavserverError, NotFound
from davserver.live.house import House

_READING = frozenset({"GET", "HEAD", "PROPFIND", "REPORT", "SEARCH"})


def admit(request: Request, house: House) -> None:
    """Let a request begin, or raise NotAuthenticated, NotPermitted or InsecureChannel.

    OPTIONS is for everybody: clients ask before they have a name, and it tells nothing of what is there.
    """
    if not isinstance(house, GuardedHouse) or request.method == "OPTIONS":
        return
    target = request.target
    if isinstance(target, InZip | InPreview):
        return  # what they are of is looked up in the same house, and nothing changes
    if request.method in _READING:
        if not isinstance(target, InCollection | InContent | InVersion | HistoryOf) and not house.rights.sees_any():
            raise house.rights.unseen()
        return
    house.rights.require_account()
    if request.method == "COPY" or not isinstance(target, InCollection):
        return
    try:
        view = house.view_uuid(target.key) if target.by_uuid else view_of(house, target.key)
    except NotFound:
        return  # the verb knows what that means to it
    if house.rights.level(view.info.id) < Right.WRITE:
        house.rights.require(view.info.id, Right.WRITE, settle(view.root, target.path))


def of_what_is_missing(request: Request, house: House, error: NotFound) -> DavserverError:
    """Return what to say of something that is not there: a stranger who sees only parts is asked for a name.

    Somebody with a name might see it; where all is theirs to see, they hear that nothing is there.
    """
    target = request.target
    if not (isinstance(house, GuardedHouse) and house.rights.principal.is_anonymous):
        return error
    if not isinstance(target, InCollection):
        return error
    view = house.view_uuid(target.key) if target.by_uuid else view_of(house, target.key)
    at_least_read = house.rights.level_at(view.info.id, settle(view.root, target.path)) >= Right.READ
    return error if at_least_read else house.rights.unseen()
