"""PROPFIND: properties of a resource and of what is below it, streamed.

Owns: the walk, its bound, and the slices in which the multistatus leaves.
Never: a query per child, a document in memory: a listing of any size takes one slice.
Follows: RFC 4918 section 9.1.
Invariant: what is listed belongs to one moment: it is one immutable tree per collection.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from davserver.collection.dirnode import DirNode
from davserver.dav import xml
from davserver.dav.faults import Forbidden
from davserver.dav.paths import href_of, quote_name
from davserver.dav.properties import Subject
from davserver.dav.propquery import parse_query
from davserver.dav.quirks import explorer
from davserver.dav.requests import Depth, Request
from davserver.dav.resources import Resource, find, loaded, members
from davserver.dav.responses import Response, started, xml_document
from davserver.dav.surroundings import Surroundings
from davserver.errors import NotFound
from davserver.live.house import House

MAX_INFINITE_FILES = 100_000
MAX_INFINITE_COLLECTIONS = 1_000
SLICE_CHARS = 64 << 10


class _Listed(NamedTuple):
    """A resource to list, with its href: a walk joins hrefs instead of writing each from its names."""

    href: str
    resource: Resource


def handle(request: Request, house: House) -> Response:
    """Serve a PROPFIND: 207; a listing that fits a slice has a length, a longer one is chunked."""
    depth = request.depth(Depth.INFINITY)
    hidden: frozenset[str] = explorer.UNREAD if request.asking.has(explorer.SHORT_LISTING) else frozenset()
    query = parse_query(request.body.read_all(xml.DEFAULT_LIMIT), hidden)
    resource = find(house, request.target)
    if depth is Depth.INFINITY:
        _check_bound(house, resource)
    top = _Listed(href_of(request.prefix, resource.segments, folder=resource.is_folder), resource)
    listed = _walk(house, top, depth)
    around = Surroundings(request, house)
    responses = (xml.response(one.href, query(Subject(one.resource, around))) for one in listed)
    return xml_document(207, started(_slices(responses)), [("Cache-Control", "no-store")])


def _check_bound(house: House, resource: Resource) -> None:
    """Refuse what would list too much; the totals of trees are known without walking them."""
    if isinstance(resource.node, DirNode):
        files = resource.node.files
    elif resource.segments == ():
        collections = house.collections()
        if len(collections) > MAX_INFINITE_COLLECTIONS:
            raise _too_deep()
        files = sum(house.view_uuid(info.uuid).root.files for info in collections)
    elif resource.is_folder:
        raise _too_deep()
    else:
        files = 0
    if files > MAX_INFINITE_FILES:
        raise _too_deep()


def _too_deep() -> Forbidden:
    return Forbidden("Depth: infinity would list too much", code="propfind-finite-depth")


def _walk(house: House, top: _Listed, depth: Depth) -> Iterator[_Listed]:
    yield top
    if depth is Depth.ZERO or not top.resource.is_folder:
        return
    pending = [_members(house, top)]
    while pending:
        listed = next(pending[-1], None)
        if listed is None:
            pending.pop()
            continue
        yield listed
        if depth is Depth.INFINITY and listed.resource.is_folder:
            pending.append(_members(house, listed))


def _members(house: House, folder: _Listed) -> Iterator[_Listed]:
    for member in members(house, folder.resource):
        href = folder.href + quote_name(member.segments[-1])
        try:
            whole = loaded(house, member)
        except NotFound:
            # A collection that was deleted while the root is being listed is not in the list.
            continue
        yield _Listed(href + "/" if member.is_folder else href, whole)


def _slices(responses: Iterator[str]) -> Iterator[bytes]:
    pieces = [xml.MULTISTATUS_OPEN]
    length = 0
    for response in responses:
        pieces.append(response)
        length += len(response)
        if length >= SLICE_CHARS:
            yield "".join(pieces).encode()
            pieces, length = [], 0
    pieces.append(xml.MULTISTATUS_CLOSE)
    yield "".join(pieces).encode()
