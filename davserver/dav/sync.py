"""The sync-collection report: what changed in a folder since a token.

Owns: the report's request and answer, and where an answer is cut.
Never: finds differences (``live.past``).
Follows: RFC 6578 sections 3.2 to 3.8. Any folder of a collection can be asked, to level 1 or infinite.
Where only parts of a collection are shown, the answer lists all of them each time: what changed since would take the
sequence, which tells of changes elsewhere. So no token is taken there.
Invariant: a client that does what the answers say, in order, has what the server has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from davserver.collection.diff import Difference
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.dav import xml
from davserver.dav.faults import BadRequest, Forbidden
from davserver.dav.multistatus import streamed
from davserver.dav.paths import href_of
from davserver.dav.properties import Subject
from davserver.dav.propquery import Query, query_of
from davserver.dav.requests import Depth, Request
from davserver.dav.resources import Place, Resource
from davserver.dav.responses import Response
from davserver.dav.surroundings import Surroundings
from davserver.dav.synctoken import MAX_PIECES, UNSEEN, Piece, SyncToken
from davserver.live.house import House
from davserver.live.past import Forgotten, Past
from davserver.live.views import View
from davserver.values import TreePath

_DIGITS = 9


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What a report asks for; ``token`` is "" the first time, ``limit`` the most members of one answer."""

    token: str
    deep: bool
    limit: int | None
    query: Query


def is_possible(resource: Resource) -> bool:
    """Tell whether a resource has this report: the folders of a collection do."""
    return resource.place is Place.LIVE and isinstance(resource.node, DirNode)


def parse_request(document: xml.Element) -> SyncRequest:
    """Read a ``sync-collection``; raises BadRequest."""
    level = (document.findtext("{DAV:}sync-level") or "").strip()
    if level not in {"1", "infinite"}:
        raise BadRequest("sync-level is 1 or infinite")
    prop = document.find("{DAV:}prop")
    if prop is None:
        raise BadRequest("a sync-collection names the properties it wants")
    token = (document.findtext("{DAV:}sync-token") or "").strip()
    return SyncRequest(token, level == "infinite", limit_of(document), query_of(prop))


def limit_of(document: xml.Element) -> int | None:
    """Read the ``limit`` of a request; raises BadRequest for one that is no positive number."""
    text = document.findtext("{DAV:}limit/{DAV:}nresults")
    if text is None:
        return None
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0):
        raise BadRequest("nresults is a positive number")
    return int(text)


def respond(request: Request, house: House, resource: Resource, document: xml.Element) -> Response:
    """Answer the report with a 207; raises Forbidden (valid-sync-token) for a token nobody can tell from."""
    if request.depth(Depth.ZERO) is not Depth.ZERO:
        raise BadRequest("the Depth of a sync-collection is 0; sync-level says how deep")
    asked = parse_request(document)
    collection = resource.collection
    if collection is None:
        raise Forbidden("no such report here", code="supported-report")
    view = house.view_uuid(collection.uuid)
    if view.seq is None and asked.limit is not None:
        raise Forbidden("of parts of a collection all is listed at once", code="number-of-matches-within-limits")
    report = _Report(request, house, resource, view, asked)
    return streamed(report.responses())


class _Found(NamedTuple):
    """A difference, and in which piece of the token it lies."""

    piece: int
    difference: Difference


class _Report:
    """One report. Differences are looked for before the first response, so that a bad token has its status."""

    def __init__(self, request: Request, house: House, resource: Resource, view: View, asked: SyncRequest) -> None:
        self._prefix = request.prefix
        self._around = Surroundings(request, house)
        self._resource = resource
        self._view = view
        self._asked = asked
        self._seen = self._valid(asked.token) if asked.token else SyncToken.of_nothing(view)
        try:
            self._found = self._differences(house)
        except Forgotten:
            raise _invalid() from None

    def responses(self) -> Iterator[str]:
        """Write the responses, and the token at the end."""
        last: _Found | None = None
        for number, found in enumerate(self._found):
            if number == self._asked.limit and last is not None:
                yield xml.status_response(self._href((), folder=True), 507, "number-of-matches-within-limits")
                yield _token(self._cut_behind(last))
                return
            yield self._response(found.difference)
            last = found
        yield _token(SyncToken.of(self._view))

    def _valid(self, text: str) -> SyncToken:
        token = SyncToken.parse(text)
        if (
            token is None
            or self._view.seq is None
            or token.uuid != self._view.info.uuid
            or len(token.pieces) > MAX_PIECES
        ):
            raise _invalid()
        return token

    def _differences(self, house: House) -> Iterator[_Found]:
        pieces: list[tuple[Piece, Iterator[Difference]]] = []
        after: TreePath = ()
        for piece in self._seen.pieces:
            past = Past(EMPTY_DIR) if piece.seq == UNSEEN else house.recall(self._view, piece.seq)
            found = past.differences(self._view.root, self._resource.path, deep=self._asked.deep, after=after)
            pieces.append((piece, found))
            after = piece.upto or ()
        return _in_order(pieces)

    def _cut_behind(self, last: _Found) -> SyncToken:
        path, node, _ = last.difference
        seq = UNSEEN if self._view.seq is None else self._view.seq
        return self._seen.cut(path, is_folder=isinstance(node, DirNode), piece=last.piece, seq=seq)

    def _response(self, difference: Difference) -> str:
        path, node, was_folder = difference
        if node is None:
            return xml.status_response(self._href(path, folder=was_folder), 404)
        here = self._resource
        member = here._replace(segments=(*here.segments, *path), node=node, path=(*here.path, *path))
        return xml.response(self._href(path, folder=member.is_folder), self._asked.query(Subject(member, self._around)))

    def _href(self, path: TreePath, *, folder: bool) -> str:
        return href_of(self._prefix, (*self._resource.segments, *path), folder=folder)


def _in_order(pieces: list[tuple[Piece, Iterator[Difference]]]) -> Iterator[_Found]:
    for number, (piece, found) in enumerate(pieces):
        for difference in found:
            if piece.upto is not None and difference.path > piece.upto:
                break
            yield _Found(number, difference)


def _token(token: SyncToken) -> str:
    return f"<D:sync-token>{xml.escape(str(token))}</D:sync-token>"


def _invalid() -> Forbidden:
    return Forbidden("nobody knows what changed since this token: begin anew without one", code="valid-sync-token")
