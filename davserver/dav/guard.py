"""The guard of a write: the request's conditions and lock tokens, held against the state that is about to change.

Owns: If-Match and its kin, the If header with its resource tags, and the tokens each kind of change needs.
Never: changes anything, so it may be asked as often as needed: before the body as a courtesy, and inside the edit.
Follows: RFC 4918 sections 7, 10.4; RFC 9110 section 13.
Deviation: a token in an *untagged* list also matches if its lock is one the request needs, on a member or on the
parent; by the letter it would have to be a lock on the request's own resource. Finder moves and deletes folders with
the bare tokens of everything in them, and PUTs into a folder with the bare token of that folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from davserver.catalog.model import Lock
from davserver.collection.dirnode import DirNode
from davserver.collection.tree import lookup
from davserver.dav.conditional import NO_CONDITIONS, Conditions, Validators, check_write
from davserver.dav.destination import raw_path_of
from davserver.dav.faults import BadRequest, OtherServer
from davserver.dav.ifheader import ResourceState, StateList, holds, parse_if, submitted_tokens
from davserver.dav.lockpolicy import Touch, covers, involved, owned_tokens, standing_in_the_way
from davserver.dav.paths import InCollection, href_of, parse_address
from davserver.dav.requests import Request
from davserver.dav.sites import Reader, Site, locate, locks_of
from davserver.dav.synctoken import SyncToken
from davserver.errors import Locked, NotFound, PreconditionFailed


@dataclass(frozen=True, slots=True)
class Need:
    """One site a request touches, and how."""

    site: Site
    touch: Touch


@dataclass(frozen=True, slots=True)
class _State:
    """A resource as the If header sees it; the default is one that has no locks and no entity tag."""

    tokens: frozenset[str] = frozenset()
    etag: str | None = None

    def has_token(self, token: str) -> bool:
        return token in self.tokens

    def has_etag(self, etag: str) -> bool:
        return self.etag is not None and etag == f'"{self.etag}"'


_NOTHING = _State()


@dataclass(frozen=True, slots=True)
class Guard:
    """What one request demands to hold and which lock tokens it brings."""

    prefix: str
    authorities: tuple[str, ...]
    principal: str
    conditions: Conditions = NO_CONDITIONS
    lists: tuple[StateList, ...] = ()
    submitted: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, request: Request) -> Guard:
        """Read the headers; raises BadRequest for a condition that cannot be understood."""
        header = request.headers.get("If")
        lists = () if header is None else parse_if(header)
        conditions = Conditions.of(request.headers)
        return cls(request.prefix, request.authorities, request.principal, conditions, lists, submitted_tokens(lists))

    def check(self, reader: Reader, *needs: Need, frozen: Validators | None = None) -> None:
        """Let the request pass or raise PreconditionFailed (412) or Locked (423).

        The first need is about the request's own resource, which If-Match and untagged lists are about; if that one
        is immutable, ``frozen`` are its validators. Conditions come before locks, so that a stale token is told from a
        missing one.
        """
        validators = needs[0].site.validators() if frozen is None else frozen
        check_write(self.conditions, validators)
        if self.lists:
            own = self._own_state(reader, needs, validators)
            if not holds(self.lists, lambda tag: own if tag is None else self._tagged_state(reader, tag)):
                raise PreconditionFailed("If: no list of conditions holds")
        hrefs: dict[str, None] = {}
        for need in needs:
            locks = locks_of(reader, need.site)
            for lock in standing_in_the_way(locks, need.site.path, need.touch, self.owned(locks)):
                hrefs[lock_root_href(self.prefix, need.site, lock)] = None
        if hrefs:
            raise Locked(tuple(hrefs))

    def owned(self, locks: list[Lock]) -> frozenset[str]:
        """Return the tokens of these locks that the request brings and its principal may use."""
        return owned_tokens(locks, self.submitted, self.principal) if self.submitted else frozenset()

    def _own_state(self, reader: Reader, needs: tuple[Need, ...], validators: Validators | None) -> ResourceState:
        tokens: set[str] = set()
        for need in needs:
            locks = locks_of(reader, need.site)
            tokens.update(lock.token for lock in involved(locks, need.site.path, need.touch))
            tokens.update(lock.token for lock in locks if covers(lock, need.site.path))
        return _State(frozenset(tokens) | _sync_token(needs[0].site), None if validators is None else validators.etag)

    def _tagged_state(self, reader: Reader, tag: str) -> ResourceState:
        try:
            target = parse_address(raw_path_of(tag, self.authorities, prefix=self.prefix)).target
        except (BadRequest, OtherServer, NotFound):
            # Such a tag is about a resource that is not here: no lock of ours is on it, no entity tag is its own.
            return _NOTHING
        if not isinstance(target, InCollection):
            return _NOTHING
        site = locate(reader, target)
        tokens = frozenset(lock.token for lock in locks_of(reader, site) if covers(lock, site.path))
        validators = site.validators()
        return _State(tokens | _sync_token(site), None if validators is None else validators.etag)


def check_before_body(request: Request, reader: Reader, target: InCollection, guard: Guard, touch: Touch) -> None:
    """Refuse a change of what exists without its body, if the client holds that back until it is asked for.

    ``touch`` is the least that the request does, whatever its body says.
    """
    if not request.expects_continue:
        return
    site = locate(reader, target)
    site.require()
    guard.check(reader, Need(site, touch))


def _sync_token(site: Site) -> frozenset[str]:
    """Return the state token that stands for a folder with all that is in it (RFC 6578 section 5)."""
    if site.view is None or site.view.seq is None or not isinstance(site.node, DirNode):
        return frozenset()
    return frozenset({str(SyncToken.of(site.view))})


def lock_root_href(prefix: str, site: Site, lock: Lock) -> str:
    """Write the lock's root as this request names the collection."""
    segments = InCollection(site.target.key, lock.path, site.target.by_uuid).segments
    node = None if site.view is None else lookup(site.view.root, lock.path)
    return href_of(prefix, segments, folder=isinstance(node, DirNode))
