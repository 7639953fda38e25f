"""The head of a response: what the application said, and how it is framed.

Owns: which header fields of an application go out; the text of a head.
Never: decides about the connection (``request``).
Follows: RFC 9112 section 4; PEP 3333, which forbids applications the fields of a connection.
Invariant: no value begins another line.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_FRAMING = frozenset(("connection", "keep-alive", "transfer-encoding"))
_TELLING = frozenset(("content-length", "date", "server"))


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
    # Each response comes by here: what all its headers have in common is done for all at once.
    special = [header for header in headers if _is_special(header[0])]
    if special:
        headers = [header for header in headers if _goes_out(header[0])]
    text = "".join([f"{name}: {value}\r\n" for name, value in headers])
    count = len(headers)
    if text.count("\n") != count or text.count("\r") != count or "\0" in text or not status.isprintable():
        raise ValueError("a header of the response holds a line break")
    length: int | None = None
    is_dated = is_signed = False
    for name, value in special:
        lower = name.lower()
        if lower == "content-length":
            length = int(value)
        else:
            is_dated, is_signed = is_dated or lower == "date", is_signed or lower == "server"
    return Reply(status, text, length, is_dated, is_signed)


@lru_cache(maxsize=256)
def _is_special(name: str) -> bool:
    return name.lower() in _FRAMING | _TELLING


@lru_cache(maxsize=256)
def _goes_out(name: str) -> bool:
    lower = name.lower()
    return lower not in _FRAMING and lower != "content-length"


def head_of(reply: Reply, *, length: int | None, connection: str, date: str, server: str) -> bytes:
    """Write a head. ``length`` None: none is told; ``connection`` are lines about it and the coding, or ""."""
    declared = "" if length is None else f"Content-Length: {length}\r\n"
    dated = "" if reply.is_dated else f"Date: {date}\r\n"
    signed = "" if reply.is_signed else f"Server: {server}\r\n"
    return f"HTTP/1.1 {reply.status}\r\n{reply.lines}{declared}{connection}{dated}{signed}\r\n".encode("latin-1")
