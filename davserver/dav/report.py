"""REPORT: the reports there are.

Owns: telling them apart.
Follows: RFC 3253 section 3.6; RFC 6578 section 3.2 (sync-collection, the only one).
"""

from __future__ import annotations

from davserver.dav import sync, xml
from davserver.dav.faults import Forbidden
from davserver.dav.requests import Request
from davserver.dav.resources import find
from davserver.dav.responses import Response
from davserver.live.house import House


def handle(request: Request, house: House) -> Response:
    """Serve a REPORT."""
    document = xml.parse(request.body.read_all(xml.DEFAULT_LIMIT))
    resource = find(house, request.target)
    if document.tag != "{DAV:}sync-collection" or not sync.is_possible(resource):
        raise Forbidden("no such report here", code="supported-report")
    return sync.respond(request, house, resource, document)
