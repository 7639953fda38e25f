"""A davserver in this process on a socket of its own, and a client that sends exactly what it is told.

For tests that look at HTTP, not at processes (``serving`` runs those): the house behind the server is at hand, so a
test can damage a block or look into a tree.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.dav.app import make_app
from davserver.live.house import House
from davserver.server.http import Limits, Server, WSGIApplication

TIMEOUT_S = 30.0
DAV = "{DAV:}"


class Answer(NamedTuple):
    """A response, read whole."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def xml(self) -> etree._Element:
        """The body as XML."""
        return etree.fromstring(self.body)


def propfind_of(*names: str) -> bytes:
    """Write the body of a PROPFIND for some properties of the namespace DAV:."""
    return b'<propfind xmlns="DAV:"><prop>%s</prop></propfind>' % "".join(f"<{name}/>" for name in names).encode()


class Client:
    """Sends requests over one kept connection; paths go out as they are given, still encoded."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.connection = HTTPConnection(host, port, timeout=TIMEOUT_S)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and read its response."""
        self.connection.request(method, path, body, dict(headers or {}))
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def expect(self, status: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send one request that has to end in this status; headers are keywords with ``_`` for ``-``."""
        answer = self.send(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        assert answer.status == status, f"{method} {path}: {answer.status} {answer.body[:300]!r}"
        return answer

    def propfind(self, path: str, depth: str, body: str = "") -> dict[str, dict[str, etree._Element]]:
        """Return the properties found (status 200): href to name to element."""
        answer = self.expect(207, "PROPFIND", path, body.encode(), Depth=depth)
        return {
            str(response.findtext(DAV + "href")): {
                str(prop.tag): prop
                for propstat in response.iter(DAV + "propstat")
                if " 200 " in str(propstat.findtext(DAV + "status"))
                for prop in propstat.find(DAV + "prop")
            }
            for response in answer.xml
        }

    def raw(self, data: bytes) -> bytes:
        """Send bytes on a connection of their own and return all that comes back until it ends or is cut."""
        received = bytearray()
        with socket.create_connection((self.host, self.port), TIMEOUT_S) as stream:
            stream.sendall(data)
            with suppress(ConnectionResetError):
                while piece := stream.recv(1 << 16):
                    received += piece
        return bytes(received)


@dataclass(frozen=True)
class Site:
    """A running server: its client, its house, its data directory."""

    client: Client
    house: House
    data: Path


class Stage:
    """A server that outlives what it serves: starting and stopping one for every test would take half a second."""

    def __init__(self) -> None:
        self._app: WSGIApplication | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Hand a request to whatever is on stage now."""
        assert self._app is not None
        return self._app(environ, start_response)

    @contextmanager
    def play(self, app: WSGIApplication) -> Iterator[None]:
        """Serve an application until the block ends."""
        before, self._app = self._app, app
        yield
        self._app = before


@contextmanager
def serving(app: WSGIApplication, threads: int = 8) -> Iterator[tuple[str, int]]:
    """Serve an application on a loopback port until the block ends; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener, app, limits=Limits(), threads=threads)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield listener.getsockname()[:2]
    finally:
        server.stop()
        thread.join(TIMEOUT_S)


@contextmanager
def running_site(stage: Stage, address: tuple[str, int], data: Path) -> Iterator[Site]:
    """Put the house of a data directory on stage until the block ends."""
    data.mkdir(exist_ok=True)
    catalog = open_catalog(f"sqlite:///{data / 'catalog.db'}")
    house = House(catalog, open_store(data / "blocks", cache_bytes=0))
    client = Client(*address)
    with stage.play(make_app(house)):
        yield Site(client, house, data)
    client.connection.close()
    house.close()
