"""One client's connection: requests one after the other, and how it ends.

Owns: cheroot's HTTPConnection; the TLS handshake (in the worker, never where connections are accepted); the rule
which failure is answered, which is silent and which cuts the connection.
Never: ends a connection in a way that looks like the end of a whole response when it is not.
Threads: one at a time uses a connection; between requests, and while a handshake or a head is not whole, it is watched
(``watch``).
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from typing import TYPE_CHECKING, Any, cast

import structlog
from cheroot.server import HTTPConnection

from davserver.errors import Incomplete, Invalid
from davserver.server.gateway import Cut
from davserver.server.pool import pass_on
from davserver.server.request import Request
from davserver.server.streams import ClientGone, Reader, SocketSource, Writer, has_pending
from davserver.server.wire import Wire
from davserver.trouble import REQUEST_ID, log_fault

if TYPE_CHECKING:
    from davserver.server.http import Server

_log = structlog.get_logger("davserver.server")

LINGER_S = 2.0
LINGER_BYTES = 16 << 20
_BUSY = b"the server is busy\n"
_BUSY_ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(_BUSY)
) + _BUSY


class Connection(HTTPConnection):
    """A connection; ``communicate`` serves what has arrived."""

    server: Server
    wfile: Writer
    remote_addr: str | None
    remote_port: int | None
    ssl_env: dict[str, str]
    client: str | None
    due_s: float | None

    def __init__(self, server: Server, sock: socket.socket, client: str | None = None) -> None:
        """Take a socket that was accepted.

        ``client`` is whom the connection counts for; ``due_s`` is when what began to come must be whole (monotonic).
        """
        # Not calling up: cheroot's constructor builds its slow Python buffers and two caches per connection.
        self.server = server
        self.socket = sock
        self.fd = sock.fileno()
        self.is_plain = not isinstance(sock, ssl.SSLSocket)
        self.watched = False
        self.client = client
        self.due_s = None
        self._wire = Wire(sock, server.limits.patience)
        self.source = SocketSource(self._wire, time.monotonic)
        self._reader: Reader | None = None
        self.wfile = Writer(self._wire)
        self.waited_s = self._wire.waited_s
        self.linger = False
        self.ssl_env = {}
        self.last_used = time.time()
        self._handshake_due = not self.is_plain
        if not self._handshake_due:
            self._wire.open()
        self._aborted = False

    @property
    def rfile(self) -> Reader:
        """What the body of a request is read from; made when it is asked for, and given up with the request."""
        if self._reader is None:
            self._reader = Reader(self.source)
        return self._reader

    def has_data(self) -> bool:
        """Tell whether bytes wait that no poll would report, and that are worth a look."""
        return (self.due_s is None and bool(self.source.held)) or (not self.is_plain and has_pending(self.socket))

    def has_body(self) -> bool:
        """Tell whether bytes came behind the head of the request that is served."""
        return self.source.held != b"" if self._reader is None else self._reader.has_data()

    def communicate(self) -> bool:
        """Serve what has come; True if the connection stays open for more."""
        if self._handshake_due:
            if not self._shake_hands():
                return False
            if self._handshake_due:
                return True
        try:
            while self.source.holds_head(self.server.limits.head):
                self.due_s = None
                if not self._serve_one():
                    return False
                if not self.source.held:
                    return True
        except OSError as error:
            _log.debug("client gone", client=self.remote_addr, reason=str(error))
            return False
        return self._await_head()

    def _await_head(self) -> bool:
        """Let the time run for the rest of a head of which only some came; False if it is over, and that is said."""
        if self.source.held:
            self.due_s = self.source.start_deadline(self.server.limits.head_s)
        if not self.source.is_late:
            return True
        self._answer(Request(self.server, self), "408 Request Timeout", "the request did not arrive in time\n")
        return False

    def _serve_one(self) -> bool:
        REQUEST_ID.set("")  # the last request's id stays for what is logged at its very end
        request = Request(self.server, self)
        try:
            request.parse_request()
            if not request.ready:
                return False
            request.respond()
        except ClientGone as gone:
            _log.debug("client gone", client=self.remote_addr, reason=str(gone))
            return False
        except Cut as cut:
            _log.error("response cut", client=self.remote_addr, target=_target(request), reason=str(cut))
            self.abort()
            return False
        except Exception as error:  # noqa: BLE001  # the last frame of a request: a worker thread must survive it
            self._failed(request, error)
            return False
        finally:
            if self._reader is not None:
                self._reader.give_back()
                self._reader = None
        return not request.close_connection

    def _failed(self, request: Request, error: Exception) -> None:
        if request.sent_headers:
            log_fault(_log, "response broken off", error, target=_target(request))
            self.abort()
        elif not request.ready:
            _log.error("reading a request failed", exc_info=error)
        elif isinstance(error, Incomplete | Invalid):
            self._answer(request, "400 Bad Request", f"{error}\n")
        else:
            _log.error("request failed", target=_target(request), exc_info=error)
            self._answer(request, "500 Internal Server Error", "internal error\n")

    def _answer(self, request: Request, status: str, text: str) -> None:
        try:
            request.simple_response(status, text)
        except ClientGone as gone:
            _log.debug("client gone", client=self.remote_addr, reason=str(gone))

    def _shake_hands(self) -> bool:
        """Go on with the TLS handshake as far as it comes; False if it will not work."""
        sock = cast("ssl.SSLSocket", self.socket)
        limits = self.server.limits
        if self.due_s is None:
            self.due_s = time.monotonic() + min(limits.head_s, limits.io_s)
            sock.setblocking(False)  # noqa: FBT003  # the standard library's signature
        try:
            sock.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return time.monotonic() < self.due_s
        except OSError as error:
            if isinstance(error, ssl.SSLError) and error.reason == "HTTP_REQUEST":
                self.linger = True
                self._say_tls_is_needed(sock)
            _log.debug("no TLS handshake", client=self.remote_addr, reason=str(error))
            return False
        self._handshake_due = False
        self.due_s = None
        self._wire.open()
        self.ssl_env = self.server.ssl_adapter.get_environ()
        return True

    def _say_tls_is_needed(self, sock: ssl.SSLSocket) -> None:
        text = b"this port speaks TLS only: use https\n"
        head = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(text)
        try:
            socket.socket.send(sock, head + text)  # below TLS, which the client does not speak
        except OSError as error:
            _log.debug("client gone", client=self.remote_addr, reason=str(error))

    def turn_away(self) -> None:
        """Say that too much is going on, and close; without waiting: who calls has all clients to attend to."""
        try:
            self.socket.settimeout(0)
            if not self._handshake_due:
                self.socket.send(_BUSY_ANSWER)
            socket.socket.shutdown(self.socket, socket.SHUT_WR)
            socket.socket.recv(self.socket, LINGER_BYTES >> 8)  # unread bytes would make the close a reset
        except OSError as error:
            _log.debug("client gone", client=self.remote_addr, reason=str(error))
        self._end()

    def abort(self) -> None:
        """Make the coming close a reset: a response framed by the connection's end must not seem complete."""
        self.linger = False
        self._aborted = True
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError as error:
            _log.debug("cannot reset", reason=str(error))

    def interrupt(self) -> None:
        """Wake the worker that waits on this connection, with an error; called by another thread."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            _log.debug("connection was closed already", reason=str(error))

    def close(self) -> None:
        """Close the socket; after an answer that did not wait for the body, let the client read it first."""
        if not self._aborted:
            self._say_goodbye()
        if self.linger:
            self._linger()
        self._end()

    def _end(self) -> None:
        self.server.watch.set_aside(self)
        self.socket.close()
        self.server.watch.forget(self.client)

    def _say_goodbye(self) -> None:
        """Send TLS's close_notify, without which a response framed by the connection's end seems cut; do not wait."""
        if not isinstance(self.socket, ssl.SSLSocket) or self._handshake_due:
            return
        try:
            self.socket.settimeout(0)
            self.socket.unwrap()
        except (OSError, ValueError) as error:  # the usual one: the client's own goodbye has not come yet
            _log.debug("no TLS goodbye", client=self.remote_addr, reason=str(error))

    def _linger(self) -> None:
        """Take in what the client still sends for a moment: closing on it would reset away our answer."""
        pass_on()
        deadline = time.monotonic() + LINGER_S
        scratch = bytearray(1 << 16)
        taken = 0
        sock: Any = self.socket
        try:
            socket.socket.shutdown(sock, socket.SHUT_WR)
            while taken < LINGER_BYTES and (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                got = socket.socket.recv_into(sock, scratch)
                if not got:
                    return
                taken += got
        except OSError as error:
            _log.debug("client gone", client=self.remote_addr, reason=str(error))


def _target(request: Request) -> str:
    uri = getattr(request, "uri", b"")
    return str(uri.decode("latin-1"))
