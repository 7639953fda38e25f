"""The HTTP server of one process: cheroot's, with every part that reads or writes replaced by ours.

Owns: the assembly; the life of the server (``prepare``, ``serve``, ``stop``).
Never: binds a socket (``sockets.py``), reads settings, or knows the application.
Threads: the pool's threads serve and, in turns, accept (``pool``); ``serve`` in one more stands in for them;
``stop`` is called from a third.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from cheroot.ssl import Adapter
from cheroot.wsgi import Server as CherootServer

from davserver.cores import Placement, anywhere
from davserver.server.asked import Heads
from davserver.server.gateway import Gateway
from davserver.server.head import HeadLimits
from davserver.server.pace import Patience
from davserver.server.pool import Crowds, Nobody, Pool
from davserver.server.watch import Watch

_log = structlog.get_logger("davserver.server")

WSGIApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may take: sizes in bytes (``body`` 0: no limit), durations in seconds, ``rate`` in bytes a second.

    ``connections`` and ``queue`` (requests that wait for a thread) are of all clients, ``address_connections`` and
    ``address_requests`` (in work at once) of one. ``client_of`` tells clients apart by their address; those for whom it
    returns None are not counted.
    """

    head: HeadLimits = field(default_factory=HeadLimits)
    head_s: float = 30.0
    body: int = 0
    io_s: float = 60.0
    rate: int = 500
    idle_s: float = 75.0
    connections: int = 12_000
    queue: int = 1000
    address_connections: int = 1000
    address_requests: int = 48
    client_of: Callable[[str], str | None] = lambda _address: None

    @property
    def patience(self) -> Patience:
        """How slow a client may be within a request."""
        return Patience(self.io_s, self.rate)


class Server(CherootServer):
    """Serves an application on a socket that listens already."""

    banner = "davserver"

    def __init__(
        self,
        listener: socket.socket,
        app: WSGIApplication,
        *,
        limits: Limits,
        threads: int,
        tls: Adapter | None = None,
        multiprocess: bool = False,
        place: Placement = anywhere,
        crowds: Crowds | None = None,
    ) -> None:
        super().__init__(listener.getsockname(), app, numthreads=threads, server_name="davserver")
        self.gateway = Gateway
        self.limits = limits
        self.place = place
        self.crowds = crowds or Nobody()
        self.requests = Pool(self, threads)
        self.ssl_adapter = tls
        self.multiprocess = multiprocess
        self.timeout = int(limits.idle_s)
        self.keep_alive_conn_limit = limits.connections
        self.host, self.port = _name(listener)
        self.heads = Heads(limits.head, self._environ())
        self._listener = listener
        self._stopping = threading.Lock()

    def prepare(self) -> None:
        """Start the worker threads and begin to accept."""
        self.socket = self._listener
        self.socket.setblocking(False)  # noqa: FBT003  # the standard library's signature
        self.watch = Watch(self, self._listener)
        self.ready = True
        self.requests.start()

    def serve(self) -> None:
        """Accept, whenever all other threads are busy, until ``stop``."""
        self.place()
        self.requests.stand_in()

    def retire(self) -> None:
        """Accept no more, and close each connection after its next answer: nobody is cut off by surprise."""
        self.watch.retire()

    @property
    def is_deserted(self) -> bool:
        """Whether no connection waits for its client."""
        return self.watch.is_empty

    def stop(self, deadline_s: float = 5.0) -> None:
        """Stop accepting, serve what has arrived, end after ``deadline_s`` at the latest (and 2 s to clean up)."""
        with self._stopping:
            if not self.ready:
                return
            self.ready = False
            self.requests.stop(self._listener, deadline_s)
            self.watch.close()

    def _environ(self) -> dict[str, Any]:
        """Return what the environ of every request says."""
        return {
            "ACTUAL_SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": self.host,
            "SERVER_PORT": self.port,
            "SERVER_SOFTWARE": self.banner,
            "wsgi.input_terminated": True,
            "wsgi.multiprocess": self.multiprocess,
            "wsgi.multithread": True,
            "wsgi.run_once": False,
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
        }

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
        """Take what cheroot wants to say into our log."""
        _log.log(level, msg, exc_info=traceback)


def _name(listener: socket.socket) -> tuple[str, str]:
    address = listener.getsockname()
    return (str(address[0]), str(address[1])) if isinstance(address, tuple) else ("localhost", "")
