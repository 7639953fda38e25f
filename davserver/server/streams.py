"""The two directions of a client's socket.

Owns: buffered reading in C with a deadline for a request's head; writing without a second buffer.
Never: parses anything.
Invariants: a failed write is ``ClientGone``, so that no one mistakes it for an error of a disk or a database.
"""

from __future__ import annotations

import errno
import io
import socket
import ssl
from collections.abc import Callable
from enum import Enum

from davserver.errors import StoreUnavailable
from davserver.server.head import HeadLimits, has_come
from davserver.server.wire import Wire
from davserver.values import Buffer

Monotonic = Callable[[], float]
_BUFFER_BYTES = 64 << 10
_LOOK_BYTES = 16 << 10
_LOOKS = 8


class ClientGone(Exception):
    """The client does not take the response: it closed, reset or stopped reading the connection."""


class Haste(Enum):
    """What a reader may do for bytes that are not in its buffer."""

    NO_CALL = "ask nobody"
    ONE_CALL = "receive once, which waits for a moment"


class SocketSource(io.RawIOBase):
    """The receiving side of a socket, as the raw stream of a ``BufferedReader``.

    Each read waits as long as the wire's patience lasts; between ``start_deadline`` and ``end_deadline`` all reads
    together wait at most the time given, so that a client sending a byte now and then is not waited for.
    ``held`` are bytes that were received and looked at, and are still to be read.
    """

    def __init__(self, wire: Wire, monotonic: Monotonic) -> None:
        self._wire = wire
        self._monotonic = monotonic
        self._deadline: float | None = None
        self.bytes_read = 0
        self.haste: Haste | None = None
        self.ended = False
        self.held = bytearray()

    def readable(self) -> bool:
        """Say yes: reading is all it can do."""
        return True

    def start_deadline(self, seconds: float) -> float:
        """Begin a head, unless one began already: its bytes must come within ``seconds``; return when that is over."""
        if self._deadline is None:
            self._deadline = self._monotonic() + seconds
        return self._deadline

    def end_deadline(self) -> None:
        """End a head: from now on the client's pace is what is limited."""
        self._deadline = None
        self._wire.start_anew()

    @property
    def is_late(self) -> bool:
        """Whether the deadline is over."""
        return self._deadline is not None and self._monotonic() >= self._deadline

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # typeshed's buffer type is wider
        """Receive into the buffer; None if ``haste`` does not let it wait."""
        if self.haste is Haste.NO_CALL:
            return None
        if self.held:
            taken = min(len(self.held), len(buffer))
            buffer[:taken] = self.held[:taken]
            del self.held[:taken]
            return taken
        count = self._wire.receive_now(buffer)
        if count is None:
            if self.haste is not None:
                return None
            count = self._wire.receive(buffer, self._patience_s())
        self.ended = count == 0
        self.bytes_read += count
        return count

    def hold_more(self) -> bool:
        """Receive into ``held`` what comes within a moment; tell whether anything came."""
        scratch = bytearray(_LOOK_BYTES)
        count = self._wire.receive_now(memoryview(scratch))
        self.ended = count == 0
        if not count:
            return False
        self.bytes_read += count
        self.held += memoryview(scratch)[:count]
        return True

    def _patience_s(self) -> float | None:
        if self._deadline is None:
            return None
        left = self._deadline - self._monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class Reader(io.BufferedReader):
    """Buffered reading from a socket that can say whether it holds bytes, without waiting for more."""

    def __init__(self, source: SocketSource, size: int = _BUFFER_BYTES) -> None:
        super().__init__(source, size)
        self.source = source

    def anew(self, size: int = _BUFFER_BYTES) -> Reader:
        """Return a reader of the same source with another buffer; this one, which must be empty, is of no more use."""
        self.detach()  # so that its end does not close the source; its buffer goes only with itself
        return Reader(self.source, size)

    @property
    def bytes_read(self) -> int:
        """Bytes received so far; cheroot's statistics ask for it."""
        return self.source.bytes_read

    def has_data(self) -> bool:
        """Tell whether bytes wait here; asks nobody for more."""
        return bool(self.source.held or self._peek(Haste.NO_CALL))

    def holds_head(self, limits: HeadLimits) -> bool:
        """Tell whether a whole head is here, or the connection's end; takes in what has come, waits for a moment."""
        if not self.source.held:
            seen = self._peek(Haste.ONE_CALL)
            if has_come(seen, limits) or self.source.ended:
                return True
            self.source.held += self.read1(len(seen)) if seen else b""
        for _ in range(_LOOKS):
            if has_come(bytes(self.source.held), limits):
                return True
            if not self.source.hold_more():
                return self.source.ended
        return has_come(bytes(self.source.held), limits)  # if the last look took its end, no more may ever come

    def comes_soon(self) -> bool:
        """Wait a moment for bytes, or the end, and tell whether they came."""
        return bool(self._peek(Haste.ONE_CALL)) or self.source.ended

    def _peek(self, haste: Haste) -> bytes:
        self.source.haste = haste  # peek reads if its buffer is empty; None from below stops it
        try:
            return self.peek(1)
        finally:
            self.source.haste = None


class Writer:
    """The sending side of a socket. Errors: ClientGone."""

    closed = False

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.bytes_written = 0

    def write(self, data: Buffer) -> int:
        """Send all of the data; what is limited is the silence of the client, not the whole."""
        view = memoryview(data).cast("B")
        total = len(view)
        try:
            while view:
                sent = self._wire.send(view)
                view = view[sent:]
        except OSError as error:
            raise ClientGone(str(error)) from error
        self.bytes_written += total
        return total

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
