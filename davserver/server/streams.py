"""The two directions of a client's socket.

Owns: the bytes of a head as they come, and its deadline; buffered reading of bodies in C; writing without a buffer.
Never: parses anything.
Invariants: a failed write is ``ClientGone``, so that no one mistakes it for an error of a disk or a database.
"""

from __future__ import annotations

import errno
import io
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from davserver.errors import StoreUnavailable
from davserver.server.asked import Asked, Heads
from davserver.server.head import HeadLimits, has_come
from davserver.server.wire import Wire
from davserver.values import Buffer

Monotonic = Callable[[], float]
_BUFFER_BYTES = 64 << 10
_LOOK_BYTES = 16 << 10
_LOOKS = 8


class ClientGone(Exception):
    """The client does not take the response: it closed, reset or stopped reading the connection."""


class SocketSource(io.RawIOBase):
    """The receiving side of a socket: the head of a request, then the raw stream of its body.

    ``held`` are bytes that were received and are still to be read. Each read of a body waits as long as the wire's
    patience lasts; a head is never waited for here, but its time runs from its first byte to its last.
    """

    def __init__(self, wire: Wire, monotonic: Monotonic) -> None:
        self._wire = wire
        self._monotonic = monotonic
        self._deadline: float | None = None
        self._is_dry = False
        self.ended = False
        self.held = b""

    def readable(self) -> bool:
        """Say yes: reading is all it can do."""
        return True

    def start_deadline(self, seconds: float) -> float:
        """Begin a head, unless one began already: its bytes must come within ``seconds``; return when that is over."""
        if self._deadline is None:
            self._deadline = self._monotonic() + seconds
        return self._deadline

    @property
    def is_late(self) -> bool:
        """Whether the deadline is over."""
        return self._deadline is not None and self._monotonic() >= self._deadline

    def holds_head(self, limits: HeadLimits) -> bool:
        """Tell whether a whole head is here, or the connection's end; takes in what has come. Errors: OSError."""
        if self.held and has_come(self.held, limits):
            return True
        for _ in range(_LOOKS):
            data = self._wire.take_now(_LOOK_BYTES)
            if not data:
                self.ended = data is not None
                return self.ended
            self.held = self.held + data if self.held else data
            if has_come(self.held, limits):
                return True
        return False

    def take_head(self, heads: Heads) -> Asked | None:
        """Read the head that is here; None if the connection ended. Errors: Refused."""
        asked, self.held = heads.take(self.held)
        self._deadline = None
        self._wire.start_anew()  # from now on the client's pace is what is limited
        return asked

    def take(self, count: int) -> bytes:
        """Return so many of the bytes that are held."""
        taken, self.held = self.held[:count], self.held[count:]
        return taken

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # typeshed's buffer type is wider
        """Receive into the buffer."""
        if self._is_dry:
            return None
        if self.held:
            taken = min(len(self.held), len(buffer))
            buffer[:taken] = self.held[:taken]
            self.held = self.held[taken:]
            return taken
        count = self._wire.receive_now(buffer)
        if count is None:
            count = self._wire.receive(buffer)
        self.ended = count == 0
        return count

    @contextmanager
    def dry(self) -> Iterator[None]:
        """Have nothing to read for a moment: what is above looks only at what it holds."""
        self._is_dry = True
        try:
            yield
        finally:
            self._is_dry = False


class Reader(io.BufferedReader):
    """Buffered reading of one body, which can say what it holds and give it back."""

    def __init__(self, source: SocketSource, size: int = _BUFFER_BYTES) -> None:
        super().__init__(source, size)
        self.source = source

    def has_data(self) -> bool:
        """Tell whether bytes wait here; asks nobody for more."""
        return bool(self.source.held or self._buffered())

    def give_back(self) -> None:
        """Return what was read ahead to the source; this reader is of no more use."""
        left = self._buffered()
        self.detach()  # so that its end does not close the source
        if left:
            self.source.held = left + self.source.held

    def _buffered(self) -> bytes:
        with self.source.dry():  # peek reads if its buffer is empty
            return self.peek(1)


class Writer:
    """The sending side of a socket. Errors: ClientGone."""

    closed = False

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.bytes_written = 0

    def write(self, data: Buffer) -> int:
        """Send all of the data; what is limited is the silence of the client, not the whole."""
        left = data if isinstance(data, bytes) else memoryview(data).cast("B")
        total = len(left)
        try:
            while left:
                sent = self._wire.send(left)
                left = b"" if sent == len(left) else memoryview(left)[sent:]
        except OSError as error:
            raise ClientGone(str(error)) from error
        self.bytes_written += total
        return total

    def write_together(self, *pieces: bytes) -> None:
        """Send all pieces, in one call if the socket has room, without joining them first."""
        try:
            sent = self._wire.send_pieces(pieces)
        except OSError as error:
            raise ClientGone(str(error)) from error
        self.bytes_written += sent
        for piece in pieces:
            if sent < len(piece):
                self.write(memoryview(piece)[sent:])
            sent = max(0, sent - len(piece))

    def send_file(self, fd: int, offset: int, length: int) -> None:
        """Send bytes of an open file, not for TLS. Errors: ClientGone, EOFError; StoreUnavailable if its disk fails."""
        left = length
        while left:
            try:
                sent = self._wire.send_file(fd, offset, left)
            except OSError as error:
                if error.errno == errno.EIO:  # what no socket says: the file's disk does
                    raise StoreUnavailable(f"a file that is being sent cannot be read: {error.strerror}") from error
                raise ClientGone(str(error)) from error
            if not sent:
                raise EOFError(f"a file that is being sent ended {left} bytes early")
            offset += sent
            left -= sent
            self.bytes_written += sent

    def close(self) -> None:
        """Do nothing: the connection closes the socket."""


def has_pending(sock: socket.socket) -> bool:
    """Tell whether TLS has decrypted bytes that no selector will report."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
