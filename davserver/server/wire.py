"""A client's socket, driven so that a call that need not wait is one system call.

Owns: how long a call waits, for what, and what then.
Never: knows of requests; buffers.
Why: with a timeout set, Python polls before each receive and each send, and every system call gives the interpreter
away: to get it back among busy threads costs more than the call. So the kernel waits a moment within the call
(SO_RCVTIMEO, SO_SNDTIMEO), and only who has to wait longer polls. Under TLS no call waits, and all waiting is polling.
Threads: one at a time; another may shut the socket down, which ends every wait with an error or an end.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import struct

PATIENCE_S = 0.005
"""How long a receive waits within the call: handing a connection over to be watched costs more than a short wait."""

_SEND_S = 1.0


class Wire:
    """The socket of one connection. Call ``open`` once it speaks plainly or its TLS handshake is done."""

    __slots__ = ("_sock", "fileno", "silence_s")

    def __init__(self, sock: socket.socket, silence_s: float) -> None:
        """``silence_s``: how long the client may keep a call waiting."""
        self._sock = sock
        self.fileno = sock.fileno
        self.silence_s = silence_s

    def open(self) -> None:
        """Take the waiting over from Python."""
        if isinstance(self._sock, ssl.SSLSocket):
            self._sock.setblocking(False)  # noqa: FBT003  # the standard library's signature
            return
        self._sock.settimeout(None)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(PATIENCE_S))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(_SEND_S))

    def receive_now(self, buffer: memoryview) -> int | None:
        """Receive what comes within a moment: a count, 0 at the end, None if nothing came."""
        try:
            return self._sock.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except ssl.SSLWantWriteError:  # TLS 1.3 may have to answer a key update first
            self._wait(select.POLLOUT, self.silence_s)
            return None

    def receive(self, buffer: memoryview, wait_s: float) -> int:
        """Wait and receive at least a byte, or 0 at the end; raises TimeoutError if nothing comes for ``wait_s``."""
        while True:
            self._wait(select.POLLIN, wait_s)
            count = self.receive_now(buffer)
            if count is not None:
                return count

    def send(self, data: memoryview) -> int:
        """Send some of the data; raises OSError, TimeoutError if the client takes nothing for ``silence_s``."""
        while True:
            try:
                return self._sock.send(data)
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait(select.POLLOUT, self.silence_s)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, self.silence_s)

    def send_file(self, fd: int, offset: int, length: int) -> int:
        """Send some bytes of a file, not under TLS; 0 at the file's end. Errors: as ``send``."""
        while True:
            try:
                return os.sendfile(self._sock.fileno(), fd, offset, length)
            except BlockingIOError:
                self._wait(select.POLLOUT, self.silence_s)

    def _wait(self, event: int, wait_s: float) -> None:
        poll = select.poll()
        poll.register(self._sock, event)
        if not poll.poll(max(wait_s, 0.0) * 1000):
            raise TimeoutError("timed out")


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("ll", whole, int((seconds - whole) * 1_000_000))
