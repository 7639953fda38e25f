"""Requests as bytes, and answers as they come off a socket: as little of HTTP/1.1 as a load generator needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_END_OF_HEAD = b"\r\n\r\n"
_WITHOUT_BODY = {204, 304}


class WrongAnswer(Exception):
    """A server answered something else than the workload needs, so there is nothing to be timed."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``target`` is the path as it goes over the wire."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def encode(self) -> bytes:
        """Spell it out. The host is always the loopback one: no server that is measured looks at its port."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + _END_OF_HEAD + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer, without its content, of which only the length is known."""

    status: int
    head: bytes
    length: int

    def header(self, name: bytes) -> str:
        """Return a header's value, empty if there is none."""
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.lower() == name:
                return value.strip().decode("latin-1")
        return ""

    @property
    def closes(self) -> bool:
        """Whether the server closes the connection after it."""
        return self.header(b"connection").lower() == "close" or self.head.startswith(b"HTTP/1.0")


class AnswerReader:
    """Puts answers together from the pieces of one connection, one at a time: nothing is pipelined."""

    def __init__(self) -> None:
        self._pieces = bytearray()
        self._head = b""
        self._missing = 0
        self._chunked = False
        self._length = 0

    def feed(self, piece: bytes, method: str) -> Answer | None:
        """Take what came; return the answer if it is whole, None while something is missing."""
        self._pieces += piece
        if not self._head and not self._begin(method):
            return None
        whole = self._take_chunks() if self._chunked else self._take_length()
        if not whole:
            return None
        answer = Answer(int(self._head[9:12]), self._head, self._length)
        self._head, self._length = b"", 0
        return answer

    def _begin(self, method: str) -> bool:
        """Take the head, if it is there; find out how much comes after it."""
        end = self._pieces.find(_END_OF_HEAD)
        if end < 0:
            return False
        head = bytes(self._pieces[:end])
        del self._pieces[: end + 4]
        framing = Answer(int(head[9:12]), head, 0)
        self._head = head
        if method == "HEAD" or framing.status in _WITHOUT_BODY:
            self._missing, self._chunked = 0, False
            return True
        self._chunked = framing.header(b"transfer-encoding").lower() == "chunked"
        if not self._chunked and not framing.header(b"content-length"):
            raise WrongAnswer(f"an answer without a length: {head!r}")
        self._missing = 0 if self._chunked else int(framing.header(b"content-length"))
        return True

    def _take_length(self) -> bool:
        """Drop what has come of a body of known length."""
        take = min(self._missing, len(self._pieces))
        del self._pieces[:take]
        self._missing -= take
        self._length += take
        return self._missing == 0

    def _take_chunks(self) -> bool:
        """Drop the chunks that are whole."""
        while (end := self._pieces.find(b"\r\n")) >= 0:
            size = int(self._pieces[:end].split(b";")[0], 16)
            if len(self._pieces) < end + 2 + size + 2:
                return False
            del self._pieces[: end + 2 + size + 2]
            self._length += size
            if size == 0:
                return True
        return False
