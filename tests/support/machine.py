"""A client that does anything it likes to collections of its own, and knows what has to come of it.

A Hypothesis state machine over HTTP: each rule sends a request to one connection and holds the answer against the
model; after each, all collections are listed over the next connection, which may lead to another process.
The collections of each run have names of their own, so runs share the servers and need no cleaning up.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support import dialects
from tests.support.arena import Arena
from tests.support.davclient import Dav
from tests.support.dialects import Follower, Version, url_path
from tests.support.model import UNKNOWN, Node, Nodes, Path, Reply, Request, State, is_within, outcome, step
from tests.support.wire import ask

BELOW = ((), ("a",), ("b",), ("d",), ("d", "a"), ("d", "d"), ("d", "d", "a"))
MOST_NODES = 40
CONTENTS = (b"", b"one", b"two", b"a longer one", b"z" * 200_000)
"""The last one is more than travels in the journal."""

folders = st.sampled_from("xyz")
paths = st.builds(lambda name, below: (name, *below), folders, st.sampled_from(BELOW))
contents = st.integers(0, len(CONTENTS) - 1).map(CONTENTS.__getitem__)
tags = st.sampled_from([None, None, None, "current", "stale", "*"])
submitted = st.sampled_from(["all", "all", "none", "last"])
values = st.sampled_from(["1", "2", None])
dead = st.lists(st.tuples(st.sampled_from("ab"), values), min_size=1, max_size=2)


def _requests() -> st.SearchStrategy[Request]:
    """Draw requests whose collections are x, y and z, and whose conditions are words that ``_resolved`` understands."""
    conditions = {"if_match": tags, "if_none_match": tags}
    words = {"tokens": submitted.map(lambda word: (word,))}
    kinds = [
        st.builds(Request, st.sampled_from(["PUT"] * 3), paths, body=contents, **conditions, **words),
        st.builds(Request, st.just("PUT"), paths, body=st.just(b"range"), at=st.sampled_from([0, 2, 9]), **words),
        st.builds(Request, st.just("PATCH"), paths, body=st.just(b"patch"), at=st.sampled_from([-1, 1]), **words),
        st.builds(Request, st.just("DELETE"), paths, if_match=tags, **words),
        st.builds(Request, st.just("MKCOL"), paths, properties=dead.map(_set_only), **words),
        st.builds(
            Request, st.sampled_from(["COPY", "MOVE"]), paths, paths,
            overwrite=st.booleans(), infinite=st.sampled_from([True, True, False]), if_match=tags, **words,
        ),
        st.builds(Request, st.just("PROPPATCH"), paths, properties=dead.map(tuple), if_match=tags, **words),
        st.builds(
            Request, st.just("LOCK"), paths,
            scope=st.sampled_from(["exclusive", "shared", ""]), infinite=st.booleans(), **words,
        ),
        st.builds(Request, st.just("UNLOCK"), paths, tokens=st.just(("last",))),
        st.builds(Request, st.sampled_from(["GET", "HEAD", "PROPFIND"]), paths, infinite=st.booleans()),
    ]  # fmt: skip
    return st.one_of([*kinds, *kinds[:6]])


def _set_only(properties: list[tuple[str, str | None]]) -> tuple[tuple[str, str | None], ...]:
    return tuple({name: value for name, value in properties if value is not None}.items())


requests = _requests()
of_one_collection = st.lists(
    requests.filter(lambda request: request.method in {"PUT", "MKCOL", "DELETE", "COPY", "MOVE", "PROPPATCH"}),
    min_size=1,
    max_size=4,
)


class Machine(RuleBasedStateMachine):
    """One run. ``arena`` is set by a subclass; ``restarts`` is shared by all runs, since each costs a second."""

    arena: Arena
    restarts: list[str]
    _runs = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.prefix = f"run{next(Machine._runs)}-"
        self.connections = itertools.cycle([self.arena.dav(number) for number in range(3)])
        self.state = State()
        self.tags: list[str] = ["0" * 32]
        self.followers: dict[str, Follower] = {}
        self.versions: list[tuple[str, Version, Nodes]] = []
        self.uploads: list[tuple[str, Path, bytes]] = []
        for place in (("x",), ("y",), ("x", "d"), ("x", "d", "d")):
            self._do(Request("MKCOL", self._own(place)))
        for place in (("x", "a"), ("x", "d", "a"), ("y", "a")):
            self._do(Request("PUT", self._own(place), body=place[0].encode()))

    def teardown(self) -> None:
        for _ in range(3):
            next(self.connections).close()

    @property
    def dav(self) -> Dav:
        """The next connection."""
        return next(self.connections)

    # -- rules --------------------------------------------------------------------------------------------------------

    @rule(request=requests)
    def any_request(self, request: Request) -> None:
        self._do(self._resolved(request))

    @rule(drawn=st.lists(requests, min_size=1, max_size=4))
    def some_requests(self, drawn: list[Request]) -> None:
        for request in drawn:
            self._do(self._resolved(request))

    @rule(path=paths, first=st.integers(0, 14), last=st.integers(0, 14), fresh=st.booleans())
    def read_a_range(self, path: Path, first: int, last: int, fresh: bool) -> None:
        path = self._own(path)
        node = self.state.nodes.get(path)
        if node is None or node.content is None or node.etag is None:
            return
        tag = node.etag if fresh else self.tags[0]
        headers = {"Range": f"bytes={first}-{last}", "If-Range": f'"{tag}"'}
        answer = self.dav.send("GET", url_path(path), headers=headers)
        whole = not fresh or last < first
        expected = 200 if whole else 206 if first < len(node.content) else 416
        assert answer.status_code == expected, answer
        if expected < 300:
            assert answer.content == (node.content if whole else node.content[first : last + 1])
        again = self.dav.send("GET", url_path(path), headers={"If-None-Match": f'"{tag}"'})
        assert again.status_code == (304 if fresh else 200)

    @rule(path=paths, body=contents, token=st.integers(0, 3), tag=st.sampled_from(["", "current", "stale"]))
    def put_under_an_if_header(self, path: Path, body: bytes, token: int, tag: str) -> None:
        """A list of a token and an entity tag is a condition: both have to be of the file."""
        locks = sorted(self.state.locks, key=lambda lock: lock.token)
        path = self._own(path)
        if not locks:
            return
        lock = locks[token % len(locks)]
        node = self.state.nodes.get(path)
        wanted = self._tag(tag or None, path)
        state_list = f'(<{lock.token}> ["{wanted}"])' if wanted else f"(<{lock.token}>)"
        answer = self.dav.send("PUT", url_path(path), data=body, headers={"If": state_list})
        covers = lock.covers(path) or (node is None and lock.covers(path[:-1]))
        request = Request("PUT", path, body=body, tokens=(lock.token,))
        reply = Reply(answer.status_code, etag=(answer.headers["ETag"] or "").strip('"'))
        refused = outcome(self.state, replace(request, tokens=()), None)[0]
        if refused in {403, 405, 409} or (covers and (not wanted or (node is not None and wanted == node.etag))):
            self._take(request, reply)
        else:
            assert answer.status_code == 412, answer

    @rule(name=folders, changes=of_one_collection)
    def change_many(self, name: str, changes: list[Request]) -> None:
        """All or none; the lock tokens of everybody come with them."""
        collection = (self.prefix + name,)
        tokens = tuple(sorted(lock.token for lock in self.state.locks))
        requests = [self._within_one(change, collection, tokens) for change in changes]
        if collection not in self.state.nodes or not all(len(one.path) > 1 and len(one.to) != 1 for one in requests):
            return
        state, tagged = self.state, []
        for request in requests:
            status, state = outcome(state, request, None)
            if status not in {201, 204, 207}:
                answer = dialects.change(self.dav, collection, requests, tokens)
                assert 400 <= answer.status_code < 500, (request, answer)
                return
            tagged.append(request)
        answer = dialects.change(self.dav, collection, requests, tokens)
        assert answer.status_code == 200, answer
        self.state = state

    @rule(name=folders, limit=st.sampled_from([None, 1, 2]))
    def follow(self, name: str, limit: int | None) -> None:
        """What sync-collection tells, in order, is all there is to know."""
        collection = (self.prefix + name,)
        if collection not in self.state.nodes:
            return
        follower = self.followers.setdefault(name, Follower(collection))
        follower.follow(self.dav, limit)
        expected = {
            path: node.etag
            for path, node in self.state.nodes.items()
            if is_within(path, collection) and path != collection
        }
        assert follower.kept == expected, f"told {follower.kept}, there is {expected}"

    @rule(name=folders, size=st.integers(0, 13))
    def search(self, name: str, size: int) -> None:
        collection = (self.prefix + name,)
        if collection not in self.state.nodes:
            return
        expected = {
            path
            for path, node in self.state.nodes.items()
            if is_within(path, collection) and node.content is not None and len(node.content) > size
        }
        assert dialects.larger_than(self.dav, collection, size) == expected

    @rule(path=paths)
    def list_children(self, path: Path) -> None:
        path = self._own(path)
        if path in self.state.nodes:
            below = {place for place in self.state.nodes if place[:-1] == path}
            assert dialects.children(self.dav, path) == below
        mine = {place for place in dialects.children(self.dav, ()) if place[0].startswith(self.prefix)}
        assert mine == {place for place in self.state.nodes if len(place) == 1}

    @rule(name=folders)
    def commit(self, name: str) -> None:
        """Nothing is to be seen of it, except that its content has a name now."""
        collection = (self.prefix + name,)
        if collection not in self.state.nodes:
            return
        version = dialects.commit(self.dav, collection[0])
        tree = Nodes({path[1:]: node for path, node in self.state.nodes.items() if is_within(path, collection)})
        for path, node in tree.items():
            if node.content is not None:
                assert self.dav.get(url_path(("by_id", version.pdh, *path))) == node.content
        self.versions.append((collection[0], version, tree))

    @rule(which=st.integers(0, 9), to=paths, overwrite=st.booleans())
    def copy_out_of_history(self, which: int, to: Path, overwrite: bool) -> None:
        """To the root it is another collection, so what the history of that name was is gone with the old one."""
        if not self.versions:
            return
        name, version, tree = self.versions[which % len(self.versions)]
        source = dialects.version_path(self.dav, name, version.number)
        frozen = {source + path: node for path, node in tree.items()}
        self._copy_frozen(frozen, Request("COPY", source, self._own(to), overwrite=overwrite))

    @rule(which=st.integers(0, 9), file=st.integers(0, 3), to=paths, overwrite=st.booleans())
    def copy_by_hash(self, which: int, file: int, to: Path, overwrite: bool) -> None:
        """A hash is of content alone: entity tag and properties are those of any version that has it."""
        _, version, tree = self.versions[which % len(self.versions)] if self.versions else ("", None, Nodes())
        files = sorted(path for path, node in tree.items() if node.content is not None)
        if version is None or not files:
            return
        path, to = files[file % len(files)], self._own(to)
        source = ("by_id", version.pdh, *path)
        frozen = {source: Node(tree[path].content, UNKNOWN)}
        self._copy_frozen(frozen, Request("COPY", source, to, overwrite=overwrite))
        node = self.state.nodes.get(to)
        if node is not None and node.etag == UNKNOWN:
            shown = dict(ask(self.dav, Request("PROPFIND", to, infinite=False)).listing or ())[to]
            told = replace(node, etag=shown.etag, properties=shown.properties)
            self.state = replace(self.state, nodes=Nodes({**self.state.nodes, to: told}))
            self._do(Request("GET", to))

    @rule(path=paths, part=contents)
    def begin_an_upload(self, path: Path, part: bytes) -> None:
        path = self._own(path)
        answer = dialects.begin_upload(self.dav, path, part)
        expected, _ = outcome(self.state, Request("PUT", path), None)
        if expected >= 300:
            assert answer.status_code == expected, answer
        else:
            assert answer.status_code == 201, answer
            self.uploads.append((answer.headers["Location"], path, part))

    @rule(which=st.integers(0, 3), part=contents, word=submitted)
    def end_an_upload(self, which: int, part: bytes, word: str) -> None:
        """It is a PUT of the whole at this moment."""
        if not self.uploads:
            return
        location, path, start = self.uploads.pop(which % len(self.uploads))
        tokens = self._tokens(word)
        lists = {"If": "".join(f"(<{token}>)" for token in tokens) + "(Not <DAV:no-lock>)"} if tokens else {}
        answer = dialects.end_upload(self.dav, location, len(start), part, lists)
        reply = Reply(answer.status_code, etag=(answer.headers["ETag"] or "").strip('"'))
        self._take(Request("PUT", path, body=start + part, tokens=tokens), reply)

    @rule(kind=st.sampled_from(["kill", "stop"]))
    def restart(self, kind: str) -> None:
        """An acknowledged change survives it, a lock too."""
        if kind not in self.restarts or not self.state.locks or not self.uploads:
            return
        self.restarts.remove(kind)
        for server in self.arena.servers:
            server.kill() if kind == "kill" else server.stop()
        self.arena.start()

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        for name in "xyz":
            self._do(Request("PROPFIND", (self.prefix + name,)))

    # -- help ---------------------------------------------------------------------------------------------------------

    def _do(self, request: Request) -> None:
        if len(self.state.nodes) > MOST_NODES and request.method == "COPY":
            return
        self._take(request, ask(self.dav, request))

    def _take(self, request: Request, reply: Reply) -> None:
        changed = step(self.state, request, reply)
        if changed is None:
            expected = outcome(self.state, request, reply)
            raise AssertionError(
                f"{request}\n{reply}\nexpected {expected[0]}\nbefore {self.state}\nafter {expected[1]}"
            )
        self._follow_names(request, self.state, changed)
        self.state = changed
        if reply.etag and reply.etag not in self.tags:
            self.tags.append(reply.etag)

    def _follow_names(self, request: Request, before: State, after: State) -> None:
        """The history of a collection goes with it when it is renamed, and away when it is replaced or trashed."""
        if before is after or request.method not in {"COPY", "MOVE", "DELETE", "MKCOL"}:
            return
        changed = request.to or request.path
        moved = request.method == "MOVE" and len(request.path) == len(request.to) == 1
        kept = []
        for name, version, tree in self.versions:
            if (name,) == changed:
                continue
            if (name,) == request.path and request.method == "MOVE":
                if moved:
                    kept.append((request.to[0], version, tree))
            else:
                kept.append((name, version, tree))
        self.versions = kept

    def _copy_frozen(self, frozen: Mapping[Path, Node], request: Request) -> None:
        """Copy what does not change; the model knows of it for the time of the request."""
        self.state = replace(self.state, nodes=Nodes({**self.state.nodes, **frozen}))
        self._do(replace(request, tokens=self._tokens("all")))
        left = {path: node for path, node in self.state.nodes.items() if path not in frozen}
        self.state = replace(self.state, nodes=Nodes(left))

    def _own(self, path: Path) -> Path:
        return (self.prefix + path[0], *path[1:]) if path else ()

    def _resolved(self, request: Request) -> Request:
        """Put this run's names, entity tags and tokens into a request as it was drawn."""
        path = self._own(request.path)
        tokens = self._tokens("".join(request.tokens))
        if request.method == "UNLOCK":
            tokens = tokens or ("urn:uuid:none",)
            path = next((lock.path for lock in self.state.locks if lock.token in tokens), path)
        return replace(
            request,
            path=path,
            to=self._own(request.to),
            if_match=self._tag(request.if_match, path),
            if_none_match=self._tag(request.if_none_match, path),
            tokens=tokens,
        )

    def _within_one(self, request: Request, collection: Path, tokens: tuple[str, ...]) -> Request:
        to = (*collection, *request.to[1:]) if request.to else ()
        return replace(
            request, path=(*collection, *request.path[1:]), to=to, at=None, infinite=True,
            if_match=None, if_none_match=None, tokens=tokens, properties=_set_last(request),
            body=b"" if request.at is not None else request.body,
        )  # fmt: skip

    def _tag(self, word: str | None, path: Path) -> str | None:
        if word == "current":
            node = self.state.nodes.get(path)
            return self.tags[-1] if node is None or node.etag is None else node.etag
        return self.tags[0] if word == "stale" else word

    def _tokens(self, word: str) -> tuple[str, ...]:
        everybody = tuple(sorted(lock.token for lock in self.state.locks))
        return {"all": everybody, "last": everybody[-1:], "none": (), "": ()}[word]


def _set_last(request: Request) -> tuple[tuple[str, str | None], ...]:
    """A set of changes names each property once; a new folder of it has none."""
    return () if request.method == "MKCOL" else tuple(dict(request.properties).items())
