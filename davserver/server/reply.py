"""The head of a response: what the application said, and how it is framed.

Owns: which header fields of an application go out; the text of a head.
Never: decides about the connection (``request``).
Follows: RFC 9112 section 4; PEP 3333, which forbids applications the fields of a connection.
Invariant: no value begins another line.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_UNSAID = frozenset(("connection", "keep-alive", "transfer-encoding", "content-length"))
"""What the server says itself, of the connection and the length."""
_TELLING = frozenset(("date", "server"))
"""What the server says itself unless the application does."""


class Reply(NamedTuple):
    """What an application answered. ``lines`` are its fields without Content-Length: ``length`` (None: unknown)."""

    status: str
    lines: str
    length: int | None
    is_dated: bool
    is_signed: bool

    @property
    def code(self) -> int:
        """The number of the status."""
        return int(self.status[:3])


def reply_of(status: str, headers: list[tuple[str, str]]) -> Reply:
    """Take status and headers of an application. Errors: ValueError for a line break, or a length that is no number."""
    lines: list[str] = []
    length: int | None = None
    is_dated = is_signed = False
    for name, value in headers:
        if special := _special(name):
            if special == "content-length":
                length = int(value)
            if special in _UNSAID:
                continue
            is_dated, is_signed = is_dated or special == "date", is_signed or special == "server"
        lines.append(f"{name}: {value}\r\n")
    # Each response comes by here: what all its lines have in common is looked at in all at once.
    text, count = "".join(lines), len(lines)
    if text.count("\n") != count or text.count("\r") != count or "\0" in text or not status.isprintable():
        raise ValueError("a header of the response holds a line break")
    return Reply(status, text, length, is_dated, is_signed)


@lru_cache(maxsize=256)
def _special(name: str) -> str:
    """Return the name of a header that the server has something to say about, "" for others."""
    lower = name.lower()
    return lower if lower in _UNSAID | _TELLING else ""


def head_of(reply: Reply, *, length: int | None, connection: str, date: str, server: str) -> bytes:
    """Write a head. ``length`` None: none is told; ``connection`` are lines about it and the coding, or ""."""
    declared = "" if length is None else f"Content-Length: {length}\r\n"
    dated = "" if reply.is_dated else f"Date: {date}\r\n"
    signed = "" if reply.is_signed else f"Server: {server}\r\n"
    return f"HTTP/1.1 {reply.status}\r\n{reply.lines}{declared}{connection}{dated}{signed}\r\n".encode("latin-1")
