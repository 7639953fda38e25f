"""LOCK: a new write lock, or more time for one.

Owns: the verb, the ``lockinfo`` it takes, how tokens are made, how many locks a collection bears.
Never: the rules (``lockpolicy``) or the XML of a lock (``lockxml``).
Follows: RFC 4918 sections 6, 7.3, 9.10, 10.7, 14.11; RFC 4122 for tokens, which come from the house's random source.
Invariant: a refused LOCK leaves nothing behind, no empty file either: file and lock are one edit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from davserver.catalog.model import Lock
from davserver.collection.attributes import Attributes
from davserver.collection.change import Put
from davserver.collection.etag import content_etag
from davserver.collection.filenode import FileNode
from davserver.dav import xml
from davserver.dav.faults import BadRequest, Forbidden
from davserver.dav.guard import Guard, Need, lock_root_href
from davserver.dav.lockpolicy import READ, Touch, conflicting, covers, granted_timeout_s
from davserver.dav.lockxml import lockdiscovery
from davserver.dav.paths import InCollection
from davserver.dav.requests import Depth, Request
from davserver.dav.responses import Response, xml_document
from davserver.dav.sites import FILE_AT_THE_ROOT, Reader, Site, locate, locks_of, writable
from davserver.errors import Locked, PreconditionFailed
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.live.views import View

MAX_OWNER_CHARS = 8 << 10
MAX_LOCKS = 2000
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class LockInfo:
    """What a LOCK asks for; ``owner_xml`` is the whole ``owner`` element, self-contained, "" for none."""

    exclusive: bool
    owner_xml: str


def handle(request: Request, house: House) -> Response:
    """Serve a LOCK: 201 if it made an empty file, else 200; without a body it refreshes."""
    target = writable(request.target)
    guard = Guard.of(request)
    timeout_s = granted_timeout_s(request.timeout_s())
    if request.expects_continue:
        _check_before_body(request, house, target, guard)
    body = request.body.read_all(xml.DEFAULT_LIMIT)
    if not body:
        return _refresh(request, house, target, guard, timeout_s)
    job = _NewLock(
        place=_Place(target, request.slash, guard, infinite=_is_infinite(request)),
        info=parse_lockinfo(body),
        token=UUID(bytes=house.random_bytes(16), version=4).urn,
        timeout_s=timeout_s,
    )
    locked = house.edit(job.run)
    return locked.response(request.prefix, [("Lock-Token", f"<{job.token}>")])


def parse_lockinfo(body: bytes) -> LockInfo:
    """Read a ``lockinfo``; raises BadRequest."""
    # A client sends the same one with each LOCK, and XML is the dearest part of serving it.
    return _remembered(body) if len(body) <= _SHORT_BODY else _read_lockinfo(body)


def _read_lockinfo(body: bytes) -> LockInfo:
    document = xml.parse(body, root="{DAV:}lockinfo")
    if document.find("{DAV:}locktype/{DAV:}write") is None:
        raise BadRequest("the only type of lock is write")
    exclusive = document.find("{DAV:}lockscope/{DAV:}exclusive") is not None
    if not exclusive and document.find("{DAV:}lockscope/{DAV:}shared") is None:
        raise BadRequest("the scope of a lock is exclusive or shared")
    owner = document.find("{DAV:}owner")
    owner_xml = "" if owner is None else xml.self_contained(owner)
    if len(owner_xml) > MAX_OWNER_CHARS:
        raise BadRequest(f"the owner of a lock is described in more than {MAX_OWNER_CHARS} characters")
    return LockInfo(exclusive, owner_xml)


_remembered = lru_cache(maxsize=64)(_read_lockinfo)
_SHORT_BODY = 1 << 10


@dataclass(frozen=True, slots=True)
class _Locked:
    """The locks on a site after the edit, for the answer."""

    site: Site
    locks: tuple[Lock, ...]
    now_ns: int
    is_new: bool = False

    def response(self, prefix: str, headers: list[tuple[str, str]]) -> Response:
        pairs = [(lock, lock_root_href(prefix, self.site, lock)) for lock in self.locks]
        body = f'{xml.DECLARATION}<D:prop xmlns:D="DAV:">{lockdiscovery(pairs, self.now_ns)}</D:prop>'
        return xml_document(201 if self.is_new else 200, body.encode(), headers)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a new lock is wanted, as far as the head of the request says."""

    target: InCollection
    slash: bool
    guard: Guard
    infinite: bool

    def check(self, reader: Reader, *, exclusive: bool) -> tuple[Site, View, list[Lock]]:
        """Refuse what conditions or locks do not allow; return what is there, and the locks of the collection.

        A lock that is not exclusive is kept out by less: what is refused to it is refused to any.
        """
        site = locate(reader, self.target)
        view = self._view(reader, site)
        locks = locks_of(reader, site)
        rivals = conflicting(locks, site.path, exclusive=exclusive, infinite=self.infinite)
        if rivals:
            hrefs = tuple(lock_root_href(self.guard.prefix, site, lock) for lock in rivals)
            raise Locked(hrefs, code="no-conflicting-lock")
        if len(locks) >= MAX_LOCKS:
            raise Forbidden(f"this collection bears {len(locks)} locks already", hint="UNLOCK what nobody uses")
        return site, view, locks

    def _view(self, reader: Reader, site: Site) -> View:
        """Refuse what conditions or, for a file to be made, the parent and its locks do not allow."""
        if site.node is not None:
            self.guard.check(reader, Need(site, READ))
            return site.require()[0]
        if site.is_collection_root:
            raise Forbidden("a LOCK would make a file at the root", hint=FILE_AT_THE_ROOT)
        view = site.require_parent()
        site.check_new_file(slash=self.slash)
        self.guard.check(reader, Need(site, Touch.CONTENT | Touch.MEMBERSHIP))
        return view


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewLock:
    """One LOCK with a body."""

    place: _Place
    info: LockInfo
    token: str
    timeout_s: int

    def run(self, edit: Edit) -> _Locked:
        """Check and lock inside the edit."""
        site, view, locks = self.place.check(edit, exclusive=self.info.exclusive)
        lock = self._lock(edit, view, site)
        if site.node is None:
            edit.apply(view.info.id, Put(site.path, _empty_file(edit.now_ns)))
        edit.add_lock(lock)
        around = (other for other in locks if covers(other, site.path))
        return _Locked(site, (lock, *around), edit.now_ns, is_new=site.node is None)

    def _lock(self, edit: Edit, view: View, site: Site) -> Lock:
        return Lock(
            token=self.token,
            collection_id=view.info.id,
            path=site.path,
            exclusive=self.info.exclusive,
            infinite=self.place.infinite,
            owner_xml=self.info.owner_xml,
            principal=self.place.guard.principal,
            timeout_s=self.timeout_s,
            expires_ns=edit.now_ns + self.timeout_s * _SECOND_NS,
        )


def _refresh(request: Request, house: House, target: InCollection, guard: Guard, timeout_s: int) -> Response:
    """Give more time to the locks on this resource whose tokens are submitted."""
    if not guard.submitted:
        raise BadRequest("a LOCK without a body refreshes a lock, which needs its token in an If header")

    def change(edit: Edit) -> _Locked:
        site = locate(edit, target)
        view, _ = site.require()
        guard.check(edit, Need(site, READ))
        locks = [lock for lock in edit.locks(view.info.id) if covers(lock, site.path)]
        owned = guard.owned(locks)
        if not owned:
            raise PreconditionFailed("no submitted token is of a lock here", code="lock-token-matches-request-uri")
        fresh = (edit.refresh_lock(lock, timeout_s=timeout_s) if lock.token in owned else lock for lock in locks)
        return _Locked(site, tuple(fresh), edit.now_ns)

    return house.edit(change).response(request.prefix, [])


def _check_before_body(request: Request, house: House, target: InCollection, guard: Guard) -> None:
    """Refuse what is refused whatever the body asks for: a shared lock, or more time if there is a token for that."""
    length = request.body.length
    may_refresh = bool(guard.submitted) if length is None else length == 0
    site = locate(house, target)
    if may_refresh and site.node is not None:
        guard.check(house, Need(site, READ))
    else:
        _Place(target, request.slash, guard, infinite=_is_infinite(request)).check(house, exclusive=False)


def _is_infinite(request: Request) -> bool:
    depth = request.depth(Depth.INFINITY)
    if depth is Depth.ONE:
        raise BadRequest("a lock has Depth 0 or infinity")
    return depth is Depth.INFINITY


def _empty_file(now_ns: int) -> FileNode:
    return FileNode((), Attributes(etag=content_etag(()), mtime_ns=now_ns, created_ns=now_ns)).freeze()
