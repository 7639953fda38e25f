"""SEARCH: the members of a folder that meet a condition.

Owns: the verb, the request's frame, order and limit.
Never: a condition (``searchwhere``); an index: it walks, but for what the scope's depth leaves out.
Follows: RFC 5323, the basicsearch grammar, without ``contains``, ``score`` and schema discovery.
Invariant: memory is bounded by ``MAX_SORTED`` members; an unsorted answer is streamed. What is too much to walk or to
sort ends in a 507 for the request's own URL, with the results so far (section 2.3.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cmp_to_key, partial
from heapq import nsmallest
from typing import NamedTuple

from davserver.dav import xml
from davserver.dav.destination import raw_path_of
from davserver.dav.faults import BadRequest, Conflict, MethodNotAllowed, OtherServer, Unprocessable
from davserver.dav.methods import allowed
from davserver.dav.multistatus import streamed
from davserver.dav.paths import href_of, parse_address
from davserver.dav.properties import Subject
from davserver.dav.propfind import Listed, walk
from davserver.dav.propquery import ALL, Query, query_of
from davserver.dav.requests import Depth, Request
from davserver.dav.resources import find
from davserver.dav.responses import Response
from davserver.dav.searchwhere import Predicate, Reader, Value, predicate, reader
from davserver.dav.surroundings import Surroundings
from davserver.dav.sync import limit_of
from davserver.errors import NotFound
from davserver.live.house import House

MAX_WALKED = 1_000_000
MAX_SORTED = 10_000
_TOO_MUCH = "number-of-matches-within-limits"


class Order(NamedTuple):
    """A property to sort by."""

    read: Reader
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched for."""

    href: str
    depth: Depth
    where: Predicate | None
    orders: tuple[Order, ...]
    limit: int | None
    query: Query


def handle(request: Request, house: House) -> Response:
    """Serve a SEARCH: 207; 422 for what is not understood, 409 for a scope that is none."""
    arbiter = find(house, request.target)
    if not arbiter.is_folder:
        raise MethodNotAllowed("SEARCH", allowed(arbiter))
    search = parse_search(request.body.read_all(xml.DEFAULT_LIMIT))
    listed = walk(house, _scope(request, house, search.href), search.depth)
    return streamed(_Results(request, house, search).responses(listed))


def parse_search(body: bytes) -> Search:
    """Read a ``searchrequest``; raises BadRequest or Unprocessable."""
    document = xml.parse(body, root="{DAV:}searchrequest")
    basic = document.find("{DAV:}basicsearch")
    if basic is None or len(document) != 1:
        raise Unprocessable("the only grammar is DAV:basicsearch")
    scopes = basic.findall("{DAV:}from/{DAV:}scope")
    if len(scopes) != 1:
        raise Unprocessable("a search has one scope")
    where = basic.find("{DAV:}where")
    if where is not None and len(where) != 1:
        raise Unprocessable("where takes one condition")
    return Search(
        href=(scopes[0].findtext("{DAV:}href") or "").strip(),
        depth=_depth(scopes[0]),
        where=None if where is None else predicate(where[0]),
        orders=tuple(_order(order) for order in basic.iterfind("{DAV:}orderby/{DAV:}order")),
        limit=limit_of(basic),
        query=_query(basic),
    )


def _query(basic: xml.Element) -> Query:
    prop = basic.find("{DAV:}select/{DAV:}prop")
    if prop is not None:
        return query_of(prop)
    if basic.find("{DAV:}select/{DAV:}allprop") is not None:
        return ALL
    raise Unprocessable("a search selects prop or allprop")


def _depth(scope: xml.Element) -> Depth:
    try:
        return Depth((scope.findtext("{DAV:}depth") or "").strip().lower())
    except ValueError:
        raise Unprocessable("the depth of a scope is 0, 1 or infinity") from None


def _order(order: xml.Element) -> Order:
    prop = order.find("{DAV:}prop")
    if prop is None or len(prop) != 1:
        raise Unprocessable("an order takes one property")
    return Order(reader(str(prop[0].tag)), order.find("{DAV:}descending") is not None)


def _scope(request: Request, house: House, href: str) -> Listed:
    """Find where to search: a URL, or a path relative to the request's own."""
    try:
        if href and not href.startswith("/") and "://" not in href:
            href = href_of(request.prefix, request.target.segments, folder=True) + href
        raw = raw_path_of(href or "/", request.authorities, prefix=request.prefix)
        resource = find(house, parse_address(raw).target)
    except (BadRequest, OtherServer, NotFound) as error:
        raise Conflict(f"the scope {href!r} is none: {error.message}", code="search-scope-valid") from error
    return Listed(href_of(request.prefix, resource.segments, folder=resource.is_folder), resource)


class _Results:
    """The results of one search."""

    def __init__(self, request: Request, house: House, search: Search) -> None:
        self._arbiter = href_of(request.prefix, request.target.segments, folder=True)
        self._around = Surroundings(request, house)
        self._search = search
        self._is_cut = False

    def responses(self, listed: Iterator[Listed]) -> Iterator[str]:
        """Write the responses, at the end that there are more."""
        found = self._found(listed)
        if self._search.orders:
            found = iter(self._sorted(found))
        elif self._search.limit is not None:
            found = self._first(found, self._search.limit)
        for one, subject in found:
            yield xml.response(one.href, self._search.query(subject))
        if self._is_cut:
            yield xml.status_response(self._arbiter, 507, _TOO_MUCH)

    def _found(self, listed: Iterator[Listed]) -> Iterator[tuple[Listed, Subject]]:
        where = self._search.where
        for number, one in enumerate(listed):
            if number == MAX_WALKED:
                self._is_cut = True
                return
            subject = Subject(one.resource, self._around)
            if where is None or where(subject) is True:
                yield one, subject

    def _first(self, found: Iterator[tuple[Listed, Subject]], limit: int) -> Iterator[tuple[Listed, Subject]]:
        # More than a client asked for is no failure: it is not told that there is more.
        for _, one in zip(range(limit), found, strict=False):
            yield one

    def _sorted(self, found: Iterator[tuple[Listed, Subject]]) -> list[tuple[Listed, Subject]]:
        """Sort in memory that holds the first ones only; equal ones keep the order of the walk."""
        limit = self._search.limit
        bound = MAX_SORTED if limit is None else min(limit, MAX_SORTED)
        orders = self._search.orders
        compare = partial(_compare, orders)
        some = nsmallest(bound + 1, found, key=cmp_to_key(compare))
        if len(some) > bound and (limit is None or limit > bound):
            self._is_cut = True
        return some[:bound]


def _compare(orders: tuple[Order, ...], one: tuple[Listed, Subject], other: tuple[Listed, Subject]) -> int:
    for read, descending in orders:
        order = _three_way(read(one[1]), read(other[1]))
        if order:
            return -order if descending else order
    return 0


def _three_way(one: Value, other: Value) -> int:
    """Compare two values of one property; what has none comes first."""
    if one is None or other is None:
        return (one is not None) - (other is not None)
    if isinstance(one, int) and isinstance(other, int):
        return (one > other) - (one < other)
    return (str(one) > str(other)) - (str(one) < str(other))
