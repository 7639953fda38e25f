"""Where connections wait: for their first byte, and between requests.

Owns: cheroot's ConnectionManager; accepting.
Never: handshakes, reads or lets a connection without a request occupy a worker.
Threads: ``run`` in the accepting thread; ``put`` and ``forget`` from workers.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import structlog
from cheroot.connections import ConnectionManager

from davserver.server.connection import Connection

if TYPE_CHECKING:
    from davserver.server.http import Server

_log = structlog.get_logger("davserver.server")
_ACCEPT_AT_ONCE = 64
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_SHED = 16
_OWN = 2
"""What is watched beside connections: the listening socket and the pipe that wakes the loop."""


class Manager(ConnectionManager):
    """The idle connections of one server."""

    server: Server
    _selector: Any

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._by_client: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._woken, self._wake = os.pipe()
        # What is registered as the server's own makes the loop look whether something connected, or whether to stop.
        self._selector.register(self._woken, selectors.EVENT_READ, data=server)

    def stop(self) -> None:
        """Make ``run`` return, and wait until it did."""
        self._stop_requested = True
        os.write(self._wake, b"s")
        super().stop()

    def close(self) -> None:
        """Close all waiting connections."""
        super().close()
        os.close(self._woken)
        os.close(self._wake)

    def put(self, conn: Connection) -> None:
        """Watch a connection until its next request; one that has bytes already goes to a worker at once."""
        conn.last_used = time.time()
        if conn.has_data():
            self.server.process_conn(conn)
        else:
            self._selector.register(conn.socket.fileno(), selectors.EVENT_READ, data=conn)

    def _from_server_socket(self, server_socket: socket.socket) -> None:
        """Accept what waits and watch it: a worker gets a connection when its first bytes are there."""
        for _ in range(_ACCEPT_AT_ONCE):
            try:
                sock, address = server_socket.accept()
            except (BlockingIOError, TimeoutError, ConnectionAbortedError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._shed(error)
                return
            self._welcome(sock, address)

    def _welcome(self, sock: socket.socket, address: Any) -> None:
        client = self.server.limits.client_of(str(address[0]) if isinstance(address, tuple) else "")
        if client is not None and not self._count(client):
            _log.debug("too many connections of one address", client=client)
            sock.close()
            return
        try:
            if self.server.ssl_adapter is not None:
                sock, _ = self.server.ssl_adapter.wrap(sock)
            conn = Connection(self.server, sock, client)
        except OSError as error:  # reset before we looked
            _log.debug("client gone", reason=str(error))
            sock.close()
            self.forget(client)
            return
        if isinstance(address, tuple):
            conn.remote_addr, conn.remote_port = address[0], address[1]
        self._selector.register(sock.fileno(), selectors.EVENT_READ, data=conn)

    def _count(self, client: str) -> bool:
        """Count a connection of a client, unless it has too many already."""
        with self._counting:
            if self._by_client[client] >= self.server.limits.address_connections:
                return False
            self._by_client[client] += 1
            return True

    def forget(self, client: str | None) -> None:
        """Count a connection that ended."""
        if client is None:
            return
        with self._counting:
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]

    def _expire(self, threshold: float) -> None:
        """Close what has been silent for too long, and the most silent ones if there are too many.

        Who began to say something and did not end it in time is answered by a worker.
        """
        idle = self._idle()
        now_s = time.monotonic()
        for fd, conn in idle:
            if conn.due_s is not None and now_s >= conn.due_s:
                self._selector.unregister(fd)
                self.server.process_conn(conn)
            elif conn.last_used < threshold:
                self._drop(fd, conn)
        surplus = len(idle) - self.server.limits.connections
        if surplus > 0:
            self._drop_longest_idle(surplus)

    def _drop_longest_idle(self, count: int) -> None:
        for fd, conn in sorted(self._idle(), key=lambda pair: pair[1].last_used)[:count]:
            self._drop(fd, conn)

    def _idle(self) -> list[tuple[int, Connection]]:
        return [(fd, conn) for fd, conn in self._selector.connections if conn is not self.server]

    def _shed(self, error: OSError) -> None:
        """Make room when the system has no more descriptors: the longest idle go first."""
        _log.warning("cannot accept", reason=str(error))
        is_any_idle = len(self._selector) > _OWN
        self._drop_longest_idle(_SHED)
        if not is_any_idle:
            time.sleep(0.05)  # nothing to give up: do not spin while requests finish

    def _drop(self, fd: int, conn: Connection) -> None:
        self._selector.unregister(fd)
        conn.close()

    def hand_over(self) -> None:
        """Give every connection whose request has arrived to the workers; for the last moment before a stop."""
        self._from_server_socket(self.server.socket)
        for fd, conn in list(self._selector.select(timeout=0)):
            if conn is not self.server:
                self._selector.unregister(fd)
                self.server.process_conn(conn)
