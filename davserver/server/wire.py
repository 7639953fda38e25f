"""A client's socket, driven so that a call that need not wait is one system call.

Owns: how long a call waits, for what, and what then.
Never: knows of requests; buffers.
Why: with a timeout set, Python polls before each receive and each send, and every system call gives the interpreter
away: to get it back among busy threads costs more than the call. So the first attempt does not wait (MSG_DONTWAIT);
who has to wait hands the watch on (``pool``), lets the kernel wait a moment within the call (SO_RCVTIMEO, SO_SNDTIMEO)
and polls only then. Under TLS no call waits, and all waiting is polling.
Threads: one at a time; another may shut the socket down, which ends every wait with an error or an end.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable

from davserver.server.pace import Pace, Patience
from davserver.server.pool import pass_on

_RECEIVE_S = 0.005
"""How long a receive waits within the call, once it is decided to wait: a poll costs more than a short wait."""

_SEND_S = 1.0
_LARGE = 1 << 20
_LOOK_S = 5.0
"""How often a sender that waits looks whether the client took anything: room is reported only when there is a lot."""


class Wire:
    """The socket of one connection. Call ``open`` once it speaks plainly or its TLS handshake is done."""

    __slots__ = ("_at_once", "_incoming", "_monotonic", "_outgoing", "_sock", "fileno")

    def __init__(
        self, sock: socket.socket, patience: Patience, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """``patience``: how long the client may keep us waiting, in each direction."""
        self._sock = sock
        self._at_once = 0 if isinstance(sock, ssl.SSLSocket) else socket.MSG_DONTWAIT
        self._monotonic = monotonic
        self._incoming = Pace(patience)
        self._outgoing = Pace(patience)
        self.fileno = sock.fileno

    def open(self) -> None:
        """Take the waiting over from Python."""
        if isinstance(self._sock, ssl.SSLSocket):
            self._sock.setblocking(False)  # noqa: FBT003  # the standard library's signature
            return
        self._sock.settimeout(None)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(_RECEIVE_S))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(_SEND_S))

    def receive_now(self, buffer: memoryview) -> int | None:
        """Receive what is there: a count, 0 at the end, None if nothing is."""
        return self._receive_into(buffer, self._at_once)

    def take_now(self, size: int) -> bytes | None:
        """Receive what is there, at most ``size`` bytes: b"" at the end, None if nothing is."""
        try:
            data = self._sock.recv(size, self._at_once)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except ssl.SSLWantWriteError:
            self._await_room()
            return None
        self._incoming.moved(len(data))
        return data

    def _receive_into(self, buffer: memoryview, flags: int) -> int | None:
        try:
            count = self._sock.recv_into(buffer, 0, flags)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except ssl.SSLWantWriteError:  # TLS 1.3 may have to answer a key update first
            self._await_room()
            return None
        self._incoming.moved(count)
        return count

    def receive(self, buffer: memoryview) -> int:
        """Wait and receive at least a byte, or 0 at the end.

        Raises TimeoutError if the client has been silent for too long, or too slow.
        """
        pass_on()
        while (count := self._receive_into(buffer, 0)) is None:
            self._await_bytes()
        return count

    def send_pieces(self, pieces: tuple[bytes, ...]) -> int:
        """Send some of the bytes of several pieces, in their order. Errors: as ``send``."""
        if not self._at_once:  # TLS encrypts what lies together
            return self.send(b"".join(pieces))
        try:
            count = self._sock.sendmsg(pieces, (), self._at_once)
        except BlockingIOError:
            return 0
        self._outgoing.moved(count)
        return count

    def send(self, data: bytes | memoryview) -> int:
        """Send some of the data; raises OSError, TimeoutError if the client takes nothing, or takes it too slowly."""
        try:
            count = self._sock.send(data, self._at_once)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass_on()
            return self._push(lambda: self._sock.send(data))
        self._outgoing.moved(count)
        return count

    def send_file(self, fd: int, offset: int, length: int) -> int:
        """Send some bytes of a file, not under TLS; 0 at the file's end. Errors: as ``send``."""
        if length > _LARGE:
            pass_on()
        return self._push(lambda: os.sendfile(self._sock.fileno(), fd, offset, length))

    def waited_s(self) -> float:
        """Return how long the client of this request was waited for so far, as far as a wait was worth a poll."""
        return self._incoming.waited_s + self._outgoing.waited_s

    def start_anew(self) -> None:
        """Forget how slow the client was: another request begins."""
        self._incoming.forgive()
        self._outgoing.forgive()

    def _push(self, send: Callable[[], int]) -> int:
        while True:
            started = self._monotonic()
            try:
                count = send()
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._outgoing.waited(self._monotonic() - started)
                self._await_room()
            except ssl.SSLWantReadError:
                self._await_bytes()
            else:
                self._outgoing.waited(self._monotonic() - started)
                self._outgoing.moved(count)
                return count

    def _await_bytes(self) -> None:
        if not self._poll(select.POLLIN, self._incoming, self._incoming.left_s):
            raise TimeoutError("timed out")

    def _await_room(self) -> None:
        """Wait until the socket takes more; what the client took meanwhile shows in the socket's queue."""
        waiting = self._unsent()
        while not self._poll(select.POLLOUT, self._outgoing, min(_LOOK_S, self._outgoing.left_s)):
            before, waiting = waiting, self._unsent()
            self._outgoing.moved(max(0, before - waiting))
            if self._outgoing.left_s <= 0:
                raise TimeoutError("timed out")

    def _poll(self, event: int, pace: Pace, wait_s: float) -> bool:
        poll = select.poll()
        poll.register(self._sock, event)
        started = self._monotonic()
        ready = bool(poll.poll(max(wait_s, 0.0) * 1000))
        pace.waited(self._monotonic() - started)
        return ready

    def _unsent(self) -> int:
        """Return how many bytes wait in the kernel for the client to take them (SIOCOUTQ)."""
        return int(struct.unpack("i", fcntl.ioctl(self._sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0])


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("ll", whole, int((seconds - whole) * 1_000_000))
