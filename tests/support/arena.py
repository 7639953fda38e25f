"""Clients that get in each other's way, and a record of what each asked, was told, and when.

An arena is one data directory under one of three layouts of processes; ``Round`` is a history on paths of its own,
which ``settle`` holds against the model. What one server shows, the others have to show too: the model knows of one
state.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path as File

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.live.house import House
from tests.support import linearizable
from tests.support.davclient import NO_ANSWER, Dav
from tests.support.linearizable import Operation
from tests.support.model import UNKNOWN, Path, Reply, Request, State, step
from tests.support.process import Server, serving
from tests.support.wire import ask

LAYOUTS = {"one process": ("1",), "two workers": ("2",), "two servers": ("1", "1")}
"""The number of workers of each server on the data."""

EAGER_COMMITS = {"DAVSERVER_COMMIT_IDLE_S": "0.1", "DAVSERVER_COMMIT_AGE_S": "0.3", "DAVSERVER_LOG_ACCESS": "false"}
"""So that histories run through commits, which nobody may notice."""

Script = Callable[["Round", Dav, int], None]
"""What one client does, given its connection and its number."""


@dataclass
class Arena:
    """The servers of one data directory; ``explained`` counts the answers that were held against the model."""

    servers: list[Server]
    explained: int = 0

    @property
    def data(self) -> File:
        return self.servers[0].data

    def dav(self, number: int) -> Dav:
        """Make a connection to one of the servers, the next one for the next number."""
        return self.servers[number % len(self.servers)].dav()

    @contextmanager
    def connected(self, count: int) -> Iterator[list[Dav]]:
        """Open connections, of which each next one is to the next server."""
        with ExitStack() as stack:
            clients = [stack.enter_context(self.dav(number)) for number in range(count)]
            for client in clients:
                client.send("OPTIONS", "/")
            yield clients

    @contextmanager
    def house(self) -> Iterator[House]:
        """Open the data as one more process does, a command beside the servers."""
        house = House(open_catalog(f"sqlite:///{self.data / 'catalog.db'}"), open_store(self.data / "blocks"))
        yield house
        house.close()

    def kill(self) -> None:
        """End every process at once."""
        for server in self.servers:
            server.kill()

    def start(self) -> None:
        """Start all servers again."""
        for server in self.servers:
            server.start()


@contextmanager
def arena(data: File, layout: str) -> Iterator[Arena]:
    """Start the servers of a layout; their end is a clean one."""
    with ExitStack() as stack:
        yield Arena(
            [
                stack.enter_context(serving(data, "--workers", workers, environment=EAGER_COMMITS))
                for workers in LAYOUTS[layout]
            ]
        )


@dataclass
class Round:
    """One history from a known state. Threads: clients record at the same time."""

    arena: Arena
    initial: State = field(default_factory=State)
    clients: Sequence[Dav] = ()
    """Connections that are open already; without them each script gets a new one."""
    history: list[Operation[Request, Reply]] = field(default_factory=list)
    seen: dict[Path, str] = field(default_factory=dict)
    """The entity tag that some client saw last at a path: what the next condition is about."""
    tokens: list[str] = field(default_factory=list)
    """The locks of the scene."""

    def ask(self, dav: Dav, request: Request) -> Reply | None:
        """Send a request and record it; None if the server went away before it answered."""
        called = time.perf_counter()
        try:
            reply = ask(dav, request)
        except NO_ANSWER:
            reply = None
        self.history.append(Operation(request, reply, called, time.perf_counter()))
        if reply is not None and reply.etag:
            self.seen[request.path] = reply.etag
        return reply

    def prepare(self, requests: Sequence[Request]) -> State:
        """Do what makes the scene, one after the other; everything of it has to be as the model says."""
        with self.arena.dav(0) as dav:
            for request in requests:
                changed = step(self.initial, request, reply := ask(dav, request))
                assert changed is not None, f"{request}: {reply}"
                self.initial = changed
                if reply.etag:
                    self.seen[request.path] = reply.etag
                if reply.token:
                    self.tokens.append(reply.token)
        return self.initial

    def play(self, *scripts: Script) -> None:
        """Let the clients loose at the same moment."""
        ready = threading.Barrier(len(scripts))

        def run(number: int, script: Script) -> None:
            ready.wait(60)
            script(self, clients[number], number)

        with ExitStack() as stack, ThreadPoolExecutor(len(scripts)) as pool:
            clients = self.clients or stack.enter_context(self.arena.connected(len(scripts)))
            for done in [pool.submit(run, number, script) for number, script in enumerate(scripts)]:
                done.result()

    def look(self, *requests: Request) -> None:
        """Read at the end, at every server."""
        for number in range(len(self.arena.servers)):
            with self.arena.dav(number) as dav:
                for request in requests:
                    assert self.ask(dav, request) is not None

    def settle(self) -> set[State]:
        """Return what may stand at the end; raises linearizable.Unexplained for what no order explains."""
        self.check_tags()
        states = linearizable.check(self.history, self.initial, step)
        self.arena.explained += len(self.history)
        return states

    def settle_each(self, paths: Sequence[Path]) -> None:
        """Judge each path by itself (locality: a history is linearizable if that of each object is)."""
        self.check_tags()
        for path in paths:
            linearizable.check([one for one in self.history if one.request.path == path], self.initial, step)
        self.arena.explained += len(self.history)

    def check_tags(self) -> None:
        """No entity tag stands for two contents, whoever made them."""
        contents: dict[str, bytes] = {}
        for operation in self.history:
            request, reply = operation.request, operation.answer
            if reply is None or not reply.etag or reply.etag == UNKNOWN:
                continue
            content = reply.body if request.method == "GET" else request.body if request.at is None else None
            if content is not None and request.method in {"GET", "PUT"}:
                assert contents.setdefault(reply.etag, content) == content, f"{reply.etag} is of two contents"
