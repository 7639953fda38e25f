"""The two directions of a client's socket.

Owns: buffered reading in C with a deadline for a request's head; writing without a second buffer.
Never: parses anything.
Invariants: a failed write is ``ClientGone``, so that no one mistakes it for an error of a disk or a database.
"""

from __future__ import annotations

import io
import os
import select
import socket
import ssl
from collections.abc import Callable

from davserver.values import Buffer

Monotonic = Callable[[], float]


class ClientGone(Exception):
    """The client does not take the response: it closed, reset or stopped reading the connection."""


class SocketSource(io.RawIOBase):
    """The receiving side of a socket, as the raw stream of a ``BufferedReader``.

    Each read waits at most the socket's own timeout; between ``start_deadline`` and ``end_deadline`` all reads
    together wait at most the time given, so that a client sending a byte now and then is not waited for.
    """

    def __init__(self, sock: socket.socket, timeout_s: float, monotonic: Monotonic) -> None:
        self._sock = sock
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._deadline: float | None = None
        self._reads_in_head = 0
        self.bytes_read = 0
        self.closed_to_reads = False

    def readable(self) -> bool:
        """Say yes: reading is all it can do."""
        return True

    def start_deadline(self, seconds: float) -> None:
        """Begin a head: its bytes must come within ``seconds`` from now."""
        self._deadline = self._monotonic() + seconds
        self._reads_in_head = 0

    def end_deadline(self) -> None:
        """End a head: from now on only the silence of the client is limited."""
        self._deadline = None
        if self._reads_in_head > 1:
            self._sock.settimeout(self._timeout_s)

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # typeshed's buffer type is wider
        """Receive into the buffer; None while reads are held back (see ``Reader.has_data``)."""
        if self.closed_to_reads:
            return None
        if self._deadline is not None:
            self._wait_less(self._deadline)
        count = self._sock.recv_into(buffer)
        self.bytes_read += count
        return count

    def _wait_less(self, deadline: float) -> None:
        self._reads_in_head += 1
        if self._reads_in_head == 1:  # the selector saw bytes: the usual head is one read and costs no system call
            return
        left = deadline - self._monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(min(left, self._timeout_s))


class Reader(io.BufferedReader):
    """Buffered reading from a socket that can say whether it holds bytes, without reading."""

    def __init__(self, source: SocketSource, size: int = 1 << 16) -> None:
        super().__init__(source, size)
        self.source = source

    @property
    def bytes_read(self) -> int:
        """Bytes received so far; cheroot's statistics ask for it."""
        return self.source.bytes_read

    def has_data(self) -> bool:
        """Tell whether bytes wait in the buffer; never waits for the client."""
        self.source.closed_to_reads = True  # peek would read if its buffer is empty; None from below stops it
        try:
            return bool(self.peek(1))
        finally:
            self.source.closed_to_reads = False


class Writer:
    """The sending side of a socket. Errors: ClientGone."""

    closed = False

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.bytes_written = 0

    def write(self, data: Buffer) -> int:
        """Send all of the data; the socket's timeout limits the silence of the client, not the whole."""
        view = memoryview(data).cast("B")
        total = len(view)
        try:
            while view:
                sent = self._sock.send(view)
                view = view[sent:]
        except OSError as error:
            raise ClientGone(str(error)) from error
        self.bytes_written += total
        return total

    def send_file(self, fd: int, offset: int, length: int) -> None:
        """Send bytes of an open file without copying them here; not for TLS. Errors: ClientGone, EOFError."""
        left = length
        while left:
            try:
                sent = os.sendfile(self._sock.fileno(), fd, offset, left)
            except BlockingIOError:
                self._wait_writable()
                continue
            except OSError as error:
                raise ClientGone(str(error)) from error
            if not sent:
                raise EOFError(f"a file that is being sent ended {left} bytes early")
            offset += sent
            left -= sent
            self.bytes_written += sent

    def _wait_writable(self) -> None:
        """Wait until the client takes more, for the socket's timeout at most."""
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        timeout_s = self._sock.gettimeout()
        if not poll.poll(None if timeout_s is None else timeout_s * 1000):
            raise ClientGone("the client stopped reading")

    def close(self) -> None:
        """Do nothing: the connection closes the socket."""


def has_pending(sock: socket.socket) -> bool:
    """Tell whether TLS has decrypted bytes that no selector will report."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
