"""What a head asks, ready for the application: heads that say the same are read once.

Owns: the last heads that came, each with the part of the environ that follows from it.
Never: what differs between two requests of the same head: the peer, the body, the moment.
Follows: PEP 3333; RFC 3986 section 2.1: the path is decoded once.
Invariant: what is remembered follows from the bytes of the head alone. Refusals are not remembered.
Memory: at most ``_REMEMBERED`` heads of ``_SHORT`` bytes, 2 MiB with all that was made of them. A head is remembered
when it comes again: most that differ from all before (another file) never do. Of a head with a range the rest is: who
reads a file in parts says the same each time but for that line.
"""

from __future__ import annotations

import io
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any, NamedTuple

from davserver.middleware.proxies import FORWARDED_KEY, tells_of_proxies
from davserver.server.head import CRLF, Head, HeadLimits, read_head, read_usual, remembering

_END = b"\r\n\r\n"
_RANGE = re.compile(rb"\r\nRange: (bytes=[0-9]+-[0-9]*)(?=\r\n)")
_REMEMBERED = 256
_SHORT = 2048
_SEEN = 4096


class Asked(NamedTuple):
    """A head, and the environ of it: to be copied, not to be changed."""

    head: Head
    environ: Mapping[str, Any]


class Heads:
    """Reads heads. ``common`` is what the environ of every request says. Threads: any."""

    def __init__(self, limits: HeadLimits, common: Mapping[str, Any]) -> None:
        self._limits = limits
        self._common = dict(common)
        self._fields_of = remembering()
        self._known: dict[bytes, Asked] = {}
        self._seen: set[int] = set()

    def take(self, held: bytes) -> tuple[Asked | None, bytes]:
        """Read the head at the beginning; return it (None if there is no byte) and what is behind. Errors: Refused."""
        end = held.find(_END) + len(_END)  # no head that is not refused ends anywhere else
        if not len(_END) <= end <= _SHORT:
            stream = io.BytesIO(held)
            head = read_head(stream, self._limits, self._fields_of)
            return (None if head is None else self._asked(head)), stream.read()
        text = held[:end]
        return self._known.get(text) or self._part_of(text) or self._new(text), held[end:]

    def _new(self, text: bytes) -> Asked:
        asked = self._asked(self._read(text))
        self._remember(text, asked)
        return asked

    def _part_of(self, text: bytes) -> Asked | None:
        """Read a head with a range as what it is without that line, and the range; None if it has none, or two.

        What is refused without the line is refused with it. What is taken without it is taken with it as well, as it is
        a field line between whole lines, behind the first one, within the limits, and no other field depends on it.
        """
        line = _RANGE.search(text, 1)
        if line is None or len(text) > self._limits.size or text.count(CRLF) - 2 > self._limits.fields:
            return None
        rest = text[: line.start()] + text[line.end() :]
        asked = self._known.get(rest) or self._new(rest)
        if b"range" in asked.head.own.values:
            return None
        return Asked(asked.head.with_field(b"range", line[1]), {**asked.environ, "HTTP_RANGE": line[1].decode("ascii")})

    def _read(self, text: bytes) -> Head:
        head = read_usual(text, self._limits, self._fields_of)
        head = head or read_head(io.BytesIO(text), self._limits, self._fields_of)
        assert head is not None  # noqa: S101  (there is text)
        return head

    def _remember(self, text: bytes, asked: Asked) -> None:
        seen, mark = self._seen, hash(text)
        if mark not in seen:
            if len(seen) >= _SEEN:
                seen.clear()
            seen.add(mark)
            return
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[text] = asked

    def _asked(self, head: Head) -> Asked:
        return Asked(head, {**self._common, **_own(head), **head.meta})


def _own(head: Head) -> dict[str, Any]:
    """Return what a request line says; ``REQUEST_URI`` is the raw target in origin form, ``PATH_INFO`` its path."""
    path, _, query = head.target.partition(b"?")
    return {
        "PATH_INFO": (urllib.parse.unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "REQUEST_METHOD": head.method.decode("ascii"),
        "REQUEST_URI": head.target.decode("latin-1"),
        "SCRIPT_NAME": "",
        "SERVER_PROTOCOL": "HTTP/1.1" if head.version == (1, 1) else "HTTP/1.0",
        FORWARDED_KEY: tells_of_proxies(head.meta),
    }
