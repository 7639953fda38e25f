"""OPTIONS: what the server and a resource can do.

Owns: the ``DAV`` header and its neighbours.
Follows: RFC 9110 section 9.3.7; RFC 4918 sections 9.1 and 18 (classes 1, 2, 3); ``MS-Author-Via`` makes Office and
old Windows clients speak DAV at all.
An unmapped URL answers too, with what could make something there.
"""

from __future__ import annotations

from davserver.dav.methods import FILE, allowed, allowed_unmapped
from davserver.dav.patch import PARTIAL_UPDATE
from davserver.dav.requests import Request
from davserver.dav.resources import find
from davserver.dav.responses import HeaderList, Response
from davserver.dav.resumable import PARTIAL_UPLOAD, limits
from davserver.errors import InsecureChannel, NotAuthenticated, NotFound
from davserver.live.house import House

COMPLIANCE: HeaderList = [
    ("DAV", "1, 2, 3, extended-mkcol, sabredav-partialupdate"),
    ("DASL", "<DAV:basicsearch>"),
    ("MS-Author-Via", "DAV"),
]
PATCHES: HeaderList = [("Accept-Patch", f"{PARTIAL_UPDATE}, {PARTIAL_UPLOAD}")]


def handle(request: Request, house: House) -> Response:
    """Serve OPTIONS: 200 with an empty body."""
    allow = ("Allow", ", ".join(verbs_at(request, house)))
    return Response(200, [*COMPLIANCE, *PATCHES, limits(house), allow, ("Accept-Ranges", "bytes")])


def verbs_at(request: Request, house: House) -> tuple[str, ...]:
    """List the verbs of the request's target, mapped or not.

    Every verb there is for ``OPTIONS *``, and for a stranger who may not know what is there.
    """
    if request.whole_server:
        return (*FILE, "MKCOL")
    try:
        return allowed(find(house, request.target))
    except NotFound:
        return allowed_unmapped(request.target)
    except (NotAuthenticated, InsecureChannel):
        return (*FILE, "MKCOL")
