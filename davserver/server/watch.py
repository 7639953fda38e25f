"""Where connections wait: for their first byte, and between requests.

Owns: the poll over all of them and the socket where new ones come; how many one client has; closing what is silent.
Never: reads, shakes hands, or lets a connection without a request occupy a thread.
Threads: one at a time looks (``pool`` says whose turn it is); ``add``, ``set_aside``, ``forget`` and ``poke`` from any.
Follows: no part of cheroot's ConnectionManager, which registers and unregisters a connection for each request: two
system calls, each of which gives the interpreter away.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import structlog

from davserver.server.connection import Connection

if TYPE_CHECKING:
    from davserver.server.http import Server

_log = structlog.get_logger("davserver.server")
_AT_ONCE = 64
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_SHED = 16


class Watch:
    """The waiting connections of one server."""

    def __init__(self, server: Server, listener: socket.socket) -> None:
        self._server = server
        self._listener = listener
        self._waiting: dict[int, Connection] = {}
        self._by_client: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._poll = select.epoll()
        self._poll.register(self._woken, select.EPOLLIN)
        self._poll.register(listener, select.EPOLLIN)
        self._expires_s = time.monotonic() + server.expiration_interval
        self._is_retiring = False

    def look(self, wait_s: float | None = None, at_most: int = _AT_ONCE) -> list[Connection]:
        """Wait for something, and return some connections on which something came; they go on being watched."""
        now_s = time.monotonic()
        patience_s = max(self._expires_s - now_s, 0.0) if wait_s is None else wait_s
        ready: list[Connection] = []
        for fd, _ in self._poll.poll(patience_s, min(at_most, _AT_ONCE)):
            conn = self._waiting.get(fd)
            if conn is not None:
                ready.append(conn)
            elif fd == self._woken:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4096)
            elif fd == self._listener.fileno():
                self._accept()
        if time.monotonic() >= self._expires_s:
            self._expires_s = time.monotonic() + self._server.expiration_interval
            ready += self._expire()
        return [conn for conn in ready if conn.watched]  # others were closed meanwhile, to make room

    def poke(self) -> None:
        """End the wait of whoever looks."""
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._wake, b"!")

    def add(self, conn: Connection) -> None:
        """Watch a connection; one that is watched already stays so."""
        conn.last_used = time.time()
        if not conn.watched:
            conn.watched = True
            self._waiting[conn.fd] = conn
            self._poll.register(conn.fd, select.EPOLLIN)

    def set_aside(self, conn: Connection) -> None:
        """Watch a connection no more: somebody attends to it, or closes it."""
        if conn.watched:
            conn.watched = False
            del self._waiting[conn.fd]
            self._poll.unregister(conn.fd)

    def forget(self, client: str | None) -> None:
        """Count a connection that ended."""
        if client is None:
            return
        with self._counting:
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]

    @property
    def is_crowded(self) -> bool:
        """Whether there are more connections than are kept open between requests; while retiring, none is."""
        return self._is_retiring or len(self._waiting) > self._server.limits.connections

    @property
    def is_empty(self) -> bool:
        """Whether no connection waits."""
        return not self._waiting

    def retire(self) -> None:
        """Leave new connections to whoever else has the listening socket; those that wait get one more answer each."""
        self._is_retiring = True
        self._poll.unregister(self._listener)

    def stop(self) -> list[Connection]:
        """Accept what has connected, then no more; return the connections on which something came."""
        if not self._is_retiring:
            self._accept()
            self._poll.unregister(self._listener)
        return self.look(0.0)

    def close(self) -> None:
        """Close all waiting connections."""
        for conn in list(self._waiting.values()):
            conn.close()
        self._poll.close()
        os.close(self._woken)
        os.close(self._wake)

    def _accept(self) -> None:
        """Accept what waits and watch it: a thread gets a connection when its first bytes are there."""
        for _ in range(_AT_ONCE):
            try:
                sock, address = self._listener.accept()
            except (BlockingIOError, TimeoutError, ConnectionAbortedError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._shed(error)
                return
            self._welcome(sock, address)

    def _welcome(self, sock: socket.socket, address: Any) -> None:
        client = self._server.limits.client_of(str(address[0]) if isinstance(address, tuple) else "")
        if client is not None and not self._count(client):
            _log.debug("too many connections of one address", client=client)
            sock.close()
            return
        try:
            sock.setblocking(True)  # noqa: FBT003  # the standard library's signature
            if self._server.ssl_adapter is not None:
                sock, _ = self._server.ssl_adapter.wrap(sock)
            conn = Connection(self._server, sock, client)
        except OSError as error:  # reset before we looked
            _log.debug("client gone", reason=str(error))
            sock.close()
            self.forget(client)
            return
        if isinstance(address, tuple):
            conn.remote_addr, conn.remote_port = address[0], address[1]
        self.add(conn)

    def _count(self, client: str) -> bool:
        """Count a connection of a client, unless it has too many already."""
        with self._counting:
            if self._by_client[client] >= self._server.limits.address_connections:
                return False
            self._by_client[client] += 1
            return True

    def _expire(self) -> list[Connection]:
        """Close what has been silent for too long, and the most silent ones if there are too many.

        Who began to say something and did not end it in time is returned, to be answered.
        """
        late: list[Connection] = []
        waiting = list(self._waiting.values())
        now_s, threshold = time.monotonic(), time.time() - self._server.limits.idle_s
        for conn in waiting:
            if conn.due_s is not None and now_s >= conn.due_s:
                late.append(conn)
            elif conn.last_used < threshold:
                conn.close()
        surplus = len(waiting) - self._server.limits.connections
        if surplus > 0:
            self._drop_longest_idle(surplus)
        return late

    def _drop_longest_idle(self, count: int) -> None:
        for conn in sorted(self._waiting.values(), key=lambda each: each.last_used)[:count]:
            conn.close()

    def _shed(self, error: OSError) -> None:
        """Make room when the system has no more descriptors: the longest idle go first."""
        _log.warning("cannot accept", reason=str(error))
        is_any_idle = bool(self._waiting)
        self._drop_longest_idle(_SHED)
        if not is_any_idle:
            time.sleep(0.05)  # nothing to give up: do not spin while requests finish
