"""Read the body of a request, and know for certain whether it came whole.

Owns: ``wsgi.input``; the chunked coding; the late ``100 Continue``; what is done with a body nobody read.
Never: returns the clean end b"" for a body that was cut: that is ``errors.Incomplete``, each time it is read.
Follows: RFC 9112 sections 6 and 7.1; PEP 3333 (input stream; 100-continue on the first read).
Invariants: memory is bounded by what the caller asks for, never by a length the client chose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BufferedIOBase, BytesIO
from typing import TypeVar

from davserver.errors import DavserverError, Incomplete, Invalid, QuotaExceeded

_A = TypeVar("_A")
_T = TypeVar("_T")
_STEP = 1 << 20
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n\Z")
_TRAILER_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n\Z")
_CHUNK_LINE_LIMIT = 4096
_TRAILER_LINES = 64


class Body:
    """A request body as WSGI's input stream: a file that ends where the body ends.

    One thread reads it. ``received`` counts the bytes handed out; ``finished`` says that all of the body and its
    framing has been consumed; ``failure`` is the error that every further read repeats.
    Errors: Incomplete if the connection ends, breaks or falls silent before the body's end; Invalid if its framing
    is malformed.
    """

    def __init__(self, stream: BufferedIOBase, before_first_read: Callable[[], None] | None = None) -> None:
        self._stream = stream
        self._before_first_read = before_first_read
        self.received = 0
        self.finished = False
        self.failure: DavserverError | None = None

    @property
    def awaits_continue(self) -> bool:
        """True while the client may still hold the body back, waiting to be told to go on."""
        return self._before_first_read is not None

    @property
    def left(self) -> int | None:
        """Bytes not read yet; None if that cannot be known."""
        raise NotImplementedError

    def read(self, size: int | None = -1) -> bytes:
        """Return the next ``size`` bytes, fewer only at the body's end; negative or None: all the rest."""
        wanted = -1 if size is None or size < 0 else size
        pieces: list[bytes] = []
        while wanted:
            available = self._available()
            if not available:
                break
            piece = self._take(min(available, _STEP if wanted < 0 else wanted))
            pieces.append(piece)
            if wanted > 0:
                wanted -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill the buffer and return how much of it; less than its length only at the body's end."""
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view):
            available = self._available()
            if not available:
                break
            piece = view[filled : filled + available]
            got = self._from_stream(self._stream.readinto, piece)
            self._count(got, len(piece))
            filled += got
        return filled

    def readline(self, size: int | None = -1) -> bytes:
        """Return the next line with its LF, at most ``size`` bytes of it."""
        wanted = _STEP if size is None or size < 0 else size
        pieces: list[bytes] = []
        while wanted:
            available = self._available()
            if not available:
                break
            limit = min(available, wanted)
            piece = self._from_stream(self._stream.readline, limit)
            self._count(len(piece), len(piece) or 1)
            pieces.append(piece)
            wanted -= len(piece)
            if piece.endswith(b"\n"):
                break
        return b"".join(pieces)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Return the lines that follow, stopping after ``hint`` bytes if it is positive."""
        lines: list[bytes] = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def drain(self, limit: int) -> bool:
        """Throw away what is left, if that is at most ``limit`` bytes; tell whether the body is consumed now.

        The body of a client that waits for ``100 Continue`` may never come: it is not consumed.
        """
        if self.awaits_continue or self.failure is not None:
            return self.finished
        left = self.left
        if left is not None and left > limit:
            return False
        scratch = memoryview(bytearray(min(limit, 1 << 16)))
        start = self.received
        try:
            while self.received - start < limit:
                if not self.readinto(scratch[: limit - (self.received - start)]):
                    return True
            return self._available() == 0
        except DavserverError:
            return False

    def _available(self) -> int:
        """Return how many bytes may be read before the next piece of framing; 0 at the body's end."""
        if self.failure is not None:
            raise self.failure
        if self.finished:
            return 0
        if self._before_first_read is not None:
            tell, self._before_first_read = self._before_first_read, None
            tell()
        return self._frame()

    def _frame(self) -> int:
        raise NotImplementedError

    def _consumed(self, count: int) -> None:
        raise NotImplementedError

    def _take(self, count: int) -> bytes:
        piece = self._from_stream(self._stream.read, count)
        self._count(len(piece), count)
        return piece

    def _count(self, got: int, wanted: int) -> None:
        self.received += got
        self._consumed(got)
        if got < wanted:
            raise self._fail(Incomplete(self._declared(), self.received))

    def _declared(self) -> int | None:
        return None

    def _from_stream(self, read: Callable[[_A], _T], argument: _A) -> _T:
        try:
            return read(argument)
        except OSError as error:  # reset, or silent for longer than the timeout
            raise self._fail(Incomplete(self._declared(), self.received)) from error

    def _fail(self, failure: DavserverError) -> DavserverError:
        self.failure = failure
        return failure


class DeclaredBody(Body):
    """A body of ``length`` bytes, as its Content-Length declared."""

    def __init__(
        self,
        stream: BufferedIOBase,
        length: int,
        before_first_read: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(stream, before_first_read if length else None)
        self._length = length
        self._remaining = length
        self.finished = length == 0

    @property
    def left(self) -> int | None:
        """Bytes not read yet."""
        return self._remaining

    def _frame(self) -> int:
        return self._remaining

    def _consumed(self, count: int) -> None:
        self._remaining -= count
        self.finished = self._remaining == 0

    def _declared(self) -> int | None:
        return self._length


class HeldBody(BytesIO):
    """A body that came with its head, in memory: it is whole, and nothing of it waits on the connection."""

    finished = True

    def drain(self, _limit: int) -> bool:
        """Say that it is consumed, as far as the connection goes."""
        return True


class ChunkedBody(Body):
    """A body in the chunked coding; ``limit`` bytes at most (0: no limit), else QuotaExceeded."""

    def __init__(
        self,
        stream: BufferedIOBase,
        limit: int = 0,
        before_first_read: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(stream, before_first_read)
        self._limit = limit
        self._in_chunk = 0
        self._first = True

    @property
    def left(self) -> int | None:
        """Unknown until the last chunk has been read."""
        return 0 if self.finished else None

    def _frame(self) -> int:
        if self._in_chunk == 0:
            if not self._first:
                self._end_chunk()
            self._first = False
            self._in_chunk = self._chunk_size()
            if self._in_chunk == 0:
                self._trailers()
                self.finished = True
        return self._in_chunk

    def _consumed(self, count: int) -> None:
        self._in_chunk -= count

    def _line(self) -> bytes:
        line = self._from_stream(self._stream.readline, _CHUNK_LINE_LIMIT)
        if not line.endswith(b"\n") and len(line) < _CHUNK_LINE_LIMIT:
            raise self._fail(Incomplete(None, self.received))
        return line

    def _end_chunk(self) -> None:
        if self._line() != b"\r\n":
            raise self._fail(Invalid("a chunk is longer than its size says"))

    def _chunk_size(self) -> int:
        match = _CHUNK_LINE.match(self._line())
        if match is None:
            raise self._fail(Invalid("malformed chunk size"))
        size = int(match[1], 16)
        if self._limit and self.received + size > self._limit:
            raise self._fail(QuotaExceeded(size, self._limit - self.received))
        return size

    def _trailers(self) -> None:
        """Consume the trailer section; nothing in WebDAV uses one, so its fields are dropped."""
        for _ in range(_TRAILER_LINES + 1):
            line = self._line()
            if line == b"\r\n":
                return
            if _TRAILER_LINE.match(line) is None:
                raise self._fail(Invalid("malformed trailer"))
        raise self._fail(Invalid("too many trailers"))


NO_BODY = DeclaredBody(BytesIO(), 0)
"""The body of a request that has none: it is finished, so nothing of it changes."""
