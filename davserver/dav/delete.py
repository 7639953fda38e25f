"""DELETE: a file or a folder with all that is in it; a collection goes to the trash.

Owns: the verb.
Follows: RFC 4918 section 9.6. Deletion is all or nothing, which section 9.6.1 permits: one locked member refuses the
whole request with a plain 423 that names the locks, and nothing is half gone. A 207 with the part that could not be
deleted would leave the client with a tree nobody asked for, and our deletion is one change anyway.
"""

from __future__ import annotations

from davserver.collection.change import Remove
from davserver.collection.dirnode import DirNode
from davserver.dav.faults import BadRequest
from davserver.dav.guard import Guard, Need
from davserver.dav.lockpolicy import Touch
from davserver.dav.requests import Depth, Request
from davserver.dav.responses import Response, no_content
from davserver.dav.sites import locate, writable
from davserver.live.edit import Edit
from davserver.live.house import House

GOES_AWAY = Touch.CONTENT | Touch.MEMBERSHIP | Touch.SUBTREE


def handle(request: Request, house: House) -> Response:
    """Serve a DELETE: 204."""
    target = writable(request.target)
    depth = request.depth(Depth.INFINITY)
    guard = Guard.of(request)

    def change(edit: Edit) -> None:
        site = locate(edit, target)
        view, node = site.require()
        if isinstance(node, DirNode) and depth is not Depth.INFINITY:
            raise BadRequest("a folder is deleted with all that is in it", hint="leave Depth out")
        guard.check(edit, Need(site, GOES_AWAY))
        if site.is_collection_root:
            edit.trash_collection(view.info.id)
        else:
            edit.apply(view.info.id, Remove(site.path))
            edit.remove_locks_below(view.info.id, site.path)

    house.edit(change)
    return no_content()
