"""Bytes that are sent from a file without passing through the process.

Owns: the token a response body may hold in place of bytes.
Never: reads the file. A server that set ``davserver.sendfile`` in the environ sends the span itself.
Why bytes: everything between (WsgiDAV's frame, middleware that counts) sees a chunk of this length and passes it on.
"""

from __future__ import annotations

ENVIRON_KEY = "davserver.sendfile"


class FileSpan(bytes):
    """``length`` bytes of the open file ``fd`` from ``offset``; the content is empty, the length is the span's.

    The descriptor is open until the body is asked for its next piece, or closed; its position is shared.
    """

    fd: int
    offset: int
    length: int

    def __new__(cls, fd: int, offset: int, length: int) -> FileSpan:
        """Make the token; length is at least 1."""
        span = super().__new__(cls)
        span.fd = fd
        span.offset = offset
        span.length = length
        return span

    def __len__(self) -> int:
        return self.length

    def __bool__(self) -> bool:
        return True
