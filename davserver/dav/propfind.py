"""PROPFIND: properties of a resource and of what is below it, streamed.

Owns: the walk, which SEARCH takes too, and its bound.
Never: a query per child, a document in memory: a listing of any size takes one slice.
Follows: RFC 4918 section 9.1.
Invariant: what is listed belongs to one moment: it is one immutable tree per collection, and the locks that were on it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from davserver.catalog.model import Collection
from davserver.collection.dirnode import DirNode
from davserver.collection.filenode import FileNode
from davserver.dav import xml
from davserver.dav.faults import Forbidden
from davserver.dav.memberwriter import MemberWriter, common
from davserver.dav.multistatus import sliced, streamed, whole
from davserver.dav.paths import href_of, quote_name
from davserver.dav.properties import LOCKDISCOVERY, Subject
from davserver.dav.propquery import Query, parse_query
from davserver.dav.quirks import explorer
from davserver.dav.requests import Depth, Request
from davserver.dav.resources import Place, Resource, find, loaded, members
from davserver.dav.responses import Response
from davserver.dav.smallfiles import Shown
from davserver.dav.surroundings import Surroundings
from davserver.errors import CatalogBusy, CatalogCorrupt, NotFound
from davserver.live.house import House

_log = logging.getLogger(__name__)

MAX_INFINITE_FILES = 100_000
MAX_INFINITE_COLLECTIONS = 1_000
_ATTEMPTS = 20


class Listed(NamedTuple):
    """A resource to list, with its href: a walk joins hrefs instead of writing each from its names."""

    href: str
    resource: Resource


def handle(request: Request, house: House) -> Response:
    """Serve a PROPFIND: 207; a listing that fits a slice has a length, a longer one is chunked."""
    depth = request.depth(Depth.INFINITY)
    hidden: frozenset[str] = explorer.UNREAD if request.asking.has(explorer.SHORT_LISTING) else frozenset()
    query = parse_query(request.body.read_all(xml.DEFAULT_LIMIT), hidden)
    resource, around = _find(request, house, query)
    if isinstance(resource.node, FileNode):
        return _of_file(request, query, resource, around, resource.node)
    top = _listed(request, resource)
    if depth is Depth.ZERO:
        return whole([_response(query, top, around)])
    if depth is Depth.INFINITY:
        check_bound(house, resource)
    elif isinstance(resource.node, DirNode):
        alike = common(query, resource, around)
        if alike is not None:
            members = _written(
                request, resource.node, MemberWriter(query, top.href, resource, around, alike), resource.place
            )
            return sliced(chain((_response(query, top, around).encode(),), members))
    return streamed(_response(query, one, around) for one in walk(house, top, depth))


def _of_file(request: Request, query: Query, resource: Resource, around: Surroundings, file: FileNode) -> Response:
    """Answer with one file; clients ask for the same few properties of the same files again and again."""
    if query.from_around:
        return whole([_response(query, _listed(request, resource), around)])
    reached = (request.prefix, resource.segments, resource.place is Place.LIVE)
    shown = Shown(file, resource.segments[-1], resource.born_ns, (query, reached))
    response = request.memory.small_files.find(shown)
    if response is None:
        response = whole([_response(query, _listed(request, resource), around)])
        request.memory.small_files.remember(shown, response)
    return response


def _listed(request: Request, resource: Resource) -> Listed:
    return Listed(href_of(request.prefix, resource.segments, folder=resource.is_folder), resource)


def _written(request: Request, folder: DirNode, write: MemberWriter, place: Place) -> Iterator[bytes]:
    # A version's tree is loaded for each request, so nobody would meet its leaves again.
    return request.memory.written.pieces(folder, write) if place is Place.LIVE else map(write, folder.leaves())


def _response(query: Query, listed: Listed, around: Surroundings) -> str:
    return xml.response(listed.href, query(Subject(listed.resource, around)))


def _find(request: Request, house: House, query: Query) -> tuple[Resource, Surroundings]:
    """Find the resource, and the locks over it as of one moment if they are asked for.

    Raises NotFound, or CatalogBusy if the locks change all the time.
    """
    if LOCKDISCOVERY in query.from_around:
        return _find_with_locks(request, house)
    return find(house, request.target), Surroundings(request, house)


def _find_with_locks(request: Request, house: House) -> tuple[Resource, Surroundings]:
    """Nothing is shown without a lock that it had."""
    resource = find(house, request.target)
    for _ in range(_ATTEMPTS):
        around = Surroundings(request, house)
        if resource.place is not Place.LIVE or resource.collection is None:
            return resource, around
        around.lockdiscovery(resource)
        again = find(house, request.target)
        # Each change of locks counts: if there was none up to now, those that were read are those of the tree.
        if again.collection is not None and _lock_state(again.collection) == _lock_state(resource.collection):
            return resource, around
        resource = again
    raise CatalogBusy("the locks of this collection change all the time")


def _lock_state(info: Collection) -> tuple[int, int]:
    return info.id, info.lock_seq


def check_bound(house: House, resource: Resource) -> None:
    """Refuse what would list too much; the totals of trees are known without walking them."""
    if isinstance(resource.node, DirNode):
        files = resource.node.files
    elif resource.segments == ():
        collections = house.collections()
        if len(collections) > MAX_INFINITE_COLLECTIONS:
            raise _too_deep()
        files = sum(_files(house, info.uuid) for info in collections)
    elif resource.is_folder:
        raise _too_deep()
    else:
        files = 0
    if files > MAX_INFINITE_FILES:
        raise _too_deep()


def _files(house: House, uuid: str) -> int:
    try:
        return house.view_uuid(uuid).root.files
    except CatalogCorrupt:
        return 0  # it is listed without what is below it


def _too_deep() -> Forbidden:
    return Forbidden("Depth: infinity would list too much", code="propfind-finite-depth")


def walk(house: House, top: Listed, depth: Depth) -> Iterator[Listed]:
    """Iterate over a resource and what is below it, a folder before its members."""
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


def _members(house: House, folder: Listed) -> Iterator[Listed]:
    for member in members(house, folder.resource):
        href = folder.href + quote_name(member.segments[-1])
        try:
            whole = loaded(house, member)
        except NotFound:
            # A collection that was deleted while the root is being listed is not in the list.
            continue
        except CatalogCorrupt:
            # It stands in the list, so that the others can be had; whoever looks into it is told.
            _log.exception("a collection cannot be listed whole")
            whole = member
        yield Listed(href + "/" if member.is_folder else href, whole)
