"""What a WebDAV server of collections is, as plainly as it can be said: a dict of paths, and a set of locks.

Owns: which status each request gets, and what stands afterwards. Written from RFC 4918 and the project's promises, not
from its code: no trees, no journal, no versions, no caches.
A path is a tuple of names from the root down; one name is a collection. A state is a value: it is compared and hashed.
Entity tags and lock tokens are the server's to choose: they are taken from its answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

Path = tuple[str, ...]
UNKNOWN = "?"
"""The entity tag of a file whose PUT was not answered; the next answer that tells it is believed."""

NEVER = 0


@dataclass(frozen=True)
class Node:
    """A file, or a folder (``content`` is None); ``properties`` are the dead ones, sorted by name."""

    content: bytes | None = field(default=None, repr=False)
    etag: str | None = None
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Lock:
    token: str
    path: Path
    exclusive: bool
    infinite: bool

    def covers(self, path: Path) -> bool:
        return self.path == path or (self.infinite and is_within(path, self.path))


class Nodes(dict[Path, Node]):
    """Everything that is there, by path. Never changed once it is part of a state."""

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))


@dataclass(frozen=True)
class State:
    nodes: Nodes = field(default_factory=Nodes)
    locks: frozenset[Lock] = frozenset()

    def is_folder(self, path: Path) -> bool:
        return not path or (path in self.nodes and self.nodes[path].content is None)


@dataclass(frozen=True)
class Request:
    """One request. ``at`` is where PATCH (-1: append) and PUT with Content-Range write; ``tokens`` are submitted, so
    that they open locks but are no condition; ``scope`` is that of a LOCK, "" refreshes ``tokens``."""

    method: str
    path: Path
    to: Path = ()
    body: bytes = field(default=b"", repr=False)
    if_match: str | None = None
    if_none_match: str | None = None
    overwrite: bool = True
    infinite: bool = True
    at: int | None = None
    tokens: tuple[str, ...] = ()
    scope: str = ""
    properties: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class Member:
    """A resource in a listing."""

    is_folder: bool
    size: int | None
    etag: str | None
    properties: tuple[tuple[str, str], ...]
    tokens: frozenset[str]


@dataclass(frozen=True)
class Reply:
    """What an answer says: to GET the body, to PROPFIND the ``listing``, to LOCK the ``token``."""

    status: int
    etag: str | None = None
    body: bytes | None = field(default=None, repr=False)
    token: str = ""
    listing: tuple[tuple[Path, Member], ...] | None = None


class Refused(Exception):
    """The status of a request that changes nothing; NEVER for what no answer can be."""

    def __init__(self, status: int) -> None:
        self.status = status


def step(state: State, request: Request, reply: Reply | None) -> State | None:
    """Return the state after a request that was answered so (None: not at all); None if it cannot be answered so."""
    status, changed = outcome(state, request, reply)
    if reply is None:
        return changed
    if reply.status != status:
        return None
    if request.method in {"GET", "HEAD"} and status == 200:
        return _read(state, request, reply)
    if reply.listing is not None:
        return _listed(state, request, dict(reply.listing))
    return changed


def outcome(state: State, request: Request, reply: Reply | None) -> tuple[int, State]:
    """Return the status that a request gets, and the state after it."""
    try:
        return VERBS[request.method](state, request, reply)
    except Refused as refused:
        return refused.status, state


def listing(state: State, request: Request) -> Iterator[tuple[Path, Member]]:
    """Iterate over what a PROPFIND of Depth 0 (not ``infinite``) or infinity shows."""
    for path, node in state.nodes.items():
        if path == request.path or (request.infinite and is_within(path, request.path)):
            size = None if node.content is None else len(node.content)
            tokens = frozenset(lock.token for lock in state.locks if lock.covers(path))
            yield path, Member(node.content is None, size, node.etag, node.properties, tokens)


def _listed(state: State, request: Request, shown: dict[Path, Member]) -> State | None:
    learnt = {}
    expected = dict(listing(state, request))
    for path, member in expected.items():
        if member.etag == UNKNOWN and path in shown:
            expected[path] = replace(member, etag=shown[path].etag)
            learnt[path] = replace(state.nodes[path], etag=shown[path].etag)
    return _with(state, learnt) if shown == expected else None


def is_within(path: Path, folder: Path) -> bool:
    return path[: len(folder)] == folder


# -- what is in the way -----------------------------------------------------------------------------------------------


def _check_conditions(request: Request, node: Node | None) -> None:
    if request.if_match is not None and (node is None or request.if_match not in {"*", node.etag}):
        raise Refused(412)
    if request.if_none_match is not None and node is not None and request.if_none_match in {"*", node.etag}:
        raise Refused(412)


def _check_locks(state: State, request: Request, points: Iterable[Path]) -> None:
    """Refuse the change of any point that is locked, unless the token of one of its locks is submitted."""
    for point in points:
        covering = [lock for lock in state.locks if lock.covers(point)]
        if covering and not any(lock.token in request.tokens for lock in covering):
            raise Refused(423)


def _with_parent(path: Path) -> list[Path]:
    """A name comes or goes: that changes the folder it is in."""
    return [path, path[:-1]] if len(path) > 1 else [path]


def _with_all_below(state: State, path: Path) -> list[Path]:
    return [path, *(lock.path for lock in state.locks if is_within(lock.path, path))]


def _require_parent(state: State, path: Path) -> None:
    if not state.is_folder(path[:-1]):
        raise Refused(409)


# -- changes of a state -----------------------------------------------------------------------------------------------


def _without(state: State, path: Path) -> State:
    """Take a path and all below it away, with the locks there."""
    nodes = Nodes({place: node for place, node in state.nodes.items() if not is_within(place, path)})
    return State(nodes, frozenset(lock for lock in state.locks if not is_within(lock.path, path)))


def _with(state: State, nodes: dict[Path, Node]) -> State:
    return replace(state, nodes=Nodes({**state.nodes, **nodes}))


# -- the verbs --------------------------------------------------------------------------------------------------------


def _get(state: State, request: Request, _reply: Reply | None) -> tuple[int, State]:
    if not state.is_folder(request.path) and request.path not in state.nodes:
        raise Refused(404)
    return 200, state


def _read(state: State, request: Request, reply: Reply) -> State | None:
    node = state.nodes.get(request.path)
    if node is None or node.content is None:
        return state
    if request.method == "GET" and reply.body != node.content:
        return None
    if node.etag == UNKNOWN:
        return _with(state, {request.path: replace(node, etag=reply.etag)})
    return state if reply.etag == node.etag else None


def _put(state: State, request: Request, reply: Reply | None) -> tuple[int, State]:
    old = _place_for_file(state, request)
    if request.method == "PATCH" and old is None:
        raise Refused(404)
    before = b"" if old is None or old.content is None else old.content
    content = request.body
    if request.at is not None:
        if old is None and request.at:
            raise Refused(409)
        at = len(before) if request.at < 0 else request.at
        content = before[:at].ljust(at, b"\0") + request.body + before[at + len(request.body) :]
    etag = UNKNOWN if reply is None else reply.etag
    new = Node(content, etag, () if old is None else old.properties)
    if reply is not None and old is not None and reply.status < 300:
        # Unknown is whatever the server says it is; known is kept with the bytes, and only with them.
        known = old.etag != UNKNOWN
        if known and (old.etag == etag) != (old.content == content):
            raise Refused(NEVER)
    return 201 if old is None else 204, _with(state, {request.path: new})


def _place_for_file(state: State, request: Request) -> Node | None:
    path, old = request.path, state.nodes.get(request.path)
    if len(path) == 1 and old is None:
        raise Refused(403)
    _require_parent(state, path)
    if old is not None and old.content is None:
        raise Refused(405)
    _check_conditions(request, old)
    _check_locks(state, request, [path] if old is not None else _with_parent(path))
    return old


def _mkcol(state: State, request: Request, _reply: Reply | None) -> tuple[int, State]:
    if request.path in state.nodes:
        raise Refused(405)
    _require_parent(state, request.path)
    _check_conditions(request, None)
    _check_locks(state, request, _with_parent(request.path))
    properties = tuple(sorted((name, value) for name, value in request.properties if value is not None))
    return 201, _with(state, {request.path: Node(properties=properties)})


def _delete(state: State, request: Request, _reply: Reply | None) -> tuple[int, State]:
    if request.path not in state.nodes:
        raise Refused(404)
    _check_conditions(request, state.nodes[request.path])
    _check_locks(state, request, [*_with_parent(request.path), *_with_all_below(state, request.path)])
    return 204, _without(state, request.path)


def _transfer(state: State, request: Request, _reply: Reply | None) -> tuple[int, State]:
    source, target, moves = request.path, request.to, request.method == "MOVE"
    node = state.nodes.get(source)
    if node is None:
        raise Refused(404)
    if moves and not request.infinite and node.content is None:
        raise Refused(400)
    if len(target) == 1 and node.content is not None:
        raise Refused(403)
    if is_within(source, target) or (moves and is_within(target, source)):
        raise Refused(403)
    _require_parent(state, target)
    is_new = target not in state.nodes
    if not is_new and not request.overwrite:
        raise Refused(412)
    _check_conditions(request, node)
    points = _with_parent(target) if is_new else _with_all_below(state, target)
    if moves:
        points += [*_with_parent(source), *_with_all_below(state, source)]
    _check_locks(state, request, points)
    return 201 if is_new else 204, _transferred(state, request)


def _transferred(state: State, request: Request) -> State:
    source, target = request.path, request.to
    arriving = {
        target + path[len(source) :]: node
        for path, node in state.nodes.items()
        if path == source or (request.infinite and is_within(path, source))
    }
    kept = [lock for lock in state.locks if lock.path == target and len(target) > 1]
    changed = _without(state, target)
    changed = replace(changed, locks=changed.locks | frozenset(kept))
    if request.method == "MOVE":
        changed = _without(changed, source)
    return _with(changed, arriving)


def _proppatch(state: State, request: Request, _reply: Reply | None) -> tuple[int, State]:
    node = state.nodes.get(request.path)
    if node is None:
        raise Refused(404)
    _check_conditions(request, node)
    _check_locks(state, request, [request.path])
    changed = dict(node.properties) | dict(request.properties)
    kept = tuple(sorted((name, value) for name, value in changed.items() if value is not None))
    return 207, _with(state, {request.path: replace(node, properties=kept)})


def _propfind(state: State, request: Request, _reply: Reply | None) -> tuple[int, State]:
    if request.path and request.path not in state.nodes:
        raise Refused(404)
    return 207, state


def _lock(state: State, request: Request, reply: Reply | None) -> tuple[int, State]:
    path, node = request.path, state.nodes.get(request.path)
    if not request.scope:
        return _refresh(state, request)
    if node is None:
        if len(path) == 1:
            raise Refused(403)
        _require_parent(state, path)
        _check_conditions(request, None)
        _check_locks(state, request, _with_parent(path))
    _check_conditions(request, node)
    exclusive = request.scope == "exclusive"
    for lock in state.locks:
        overlaps = lock.covers(path) or (request.infinite and is_within(lock.path, path))
        if overlaps and (exclusive or lock.exclusive):
            raise Refused(423)
    token = UNKNOWN if reply is None else reply.token
    locked = replace(state, locks=state.locks | {Lock(token, path, exclusive, request.infinite)})
    return (200, locked) if node is not None else (201, _with(locked, {path: Node(b"", UNKNOWN)}))


def _refresh(state: State, request: Request) -> tuple[int, State]:
    if not request.tokens:
        raise Refused(400)
    if request.path not in state.nodes:
        raise Refused(404)
    if not any(lock.token in request.tokens and lock.covers(request.path) for lock in state.locks):
        raise Refused(412)
    return 200, state


def _unlock(state: State, request: Request, _reply: Reply | None) -> tuple[int, State]:
    if request.path not in state.nodes:
        raise Refused(404)
    ended = {lock for lock in state.locks if lock.token in request.tokens and lock.covers(request.path)}
    if not ended:
        raise Refused(409)
    return 204, replace(state, locks=state.locks - ended)


VERBS = {
    "GET": _get,
    "HEAD": _get,
    "PUT": _put,
    "PATCH": _put,
    "MKCOL": _mkcol,
    "DELETE": _delete,
    "COPY": _transfer,
    "MOVE": _transfer,
    "PROPPATCH": _proppatch,
    "PROPFIND": _propfind,
    "LOCK": _lock,
    "UNLOCK": _unlock,
}
