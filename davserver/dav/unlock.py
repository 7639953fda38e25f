"""UNLOCK: the end of a write lock.

Owns: the verb.
Follows: RFC 4918 sections 9.11 and 10.5. A token without its angle brackets is understood: Windows XP sends that.
"""

from __future__ import annotations

from davserver.dav.faults import BadRequest, Conflict, Forbidden
from davserver.dav.guard import Guard, Need
from davserver.dav.lockpolicy import READ, covers
from davserver.dav.requests import Request
from davserver.dav.responses import Response, no_content
from davserver.dav.sites import locate, writable
from davserver.live.edit import Edit
from davserver.live.house import House


def handle(request: Request, house: House) -> Response:
    """Serve an UNLOCK: 204; 409 if the token is of no lock on this resource."""
    target = writable(request.target)
    header = request.headers.get("Lock-Token")
    if header is None:
        raise BadRequest("UNLOCK needs a Lock-Token")
    token = header.strip().removeprefix("<").removesuffix(">")
    guard = Guard.of(request)

    def change(edit: Edit) -> None:
        site = locate(edit, target)
        view, _ = site.require()
        guard.check(edit, Need(site, READ))
        for lock in edit.locks(view.info.id):
            if lock.token == token and covers(lock, site.path):
                if lock.principal not in {"", request.principal}:
                    raise Forbidden("the lock was made by another user")
                edit.remove_lock(lock)
                return
        raise Conflict("no lock here has this token", code="lock-token-matches-request-uri")

    house.edit(change)
    return no_content()
