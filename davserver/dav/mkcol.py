"""MKCOL: a folder; at the root, a collection.

Owns: the verb.
Follows: RFC 4918 section 9.3. A body is refused with 415: extended MKCOL (RFC 5689) is not offered.
"""

from __future__ import annotations

from davserver.collection.attributes import Attributes
from davserver.collection.change import Mkdir, SetAttributes
from davserver.dav.faults import Forbidden
from davserver.dav.guard import Guard, Need
from davserver.dav.lockpolicy import Touch
from davserver.dav.mtime import ACCEPTED, wanted_mtime_ns
from davserver.dav.requests import Request
from davserver.dav.responses import Response, created
from davserver.dav.sites import locate, writable
from davserver.errors import Exists
from davserver.live.edit import Edit
from davserver.live.house import House


def handle(request: Request, house: House) -> Response:
    """Serve a MKCOL: 201; 405 if something is there, 409 if the parent is not."""
    target = writable(request.target)
    request.body.refuse()
    guard = Guard.of(request)
    mtime_ns = wanted_mtime_ns(request.headers)

    def change(edit: Edit) -> None:
        site = locate(edit, target)
        if site.node is not None:
            raise Exists("something is there already")
        attributes = Attributes(mtime_ns=edit.now_ns if mtime_ns is None else mtime_ns, created_ns=edit.now_ns)
        if site.is_collection_root:
            if target.by_uuid:
                raise Forbidden("the server gives out the uuids", hint="MKCOL /NAME/ makes a collection")
            guard.check(edit, Need(site, Touch.CONTENT))
            info = edit.create_collection(target.key)
            edit.apply(info.id, SetAttributes((), attributes))
            return
        view = site.require_parent()
        site.check_new()
        guard.check(edit, Need(site, Touch.CONTENT | Touch.MEMBERSHIP))
        edit.apply(view.info.id, Mkdir(site.path, attributes))

    house.edit(change)
    return created([] if mtime_ns is None else [ACCEPTED])
