"""Byte sequences that two readers could cut into requests in two ways, and a server that notes what reaches it.

Each sequence hides ``GET /dav/smuggled`` where only the wrong reader finds a request. Sources: RFC 9112 section 11.2;
the studies of request smuggling by Linhart et al. (2005) and Kettle (2019), which also name the hidden codings.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from davserver.errors import Incomplete, Invalid
from tests.support.site import serving

TIMEOUT_S = 5.0
_RESPONSE = re.compile(rb"^HTTP/1\.[01] (?!1)[0-9]", re.MULTILINE)
HIDDEN = b"GET /dav/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_N = len(HIDDEN)


def _put(*lines: bytes, body: bytes, end: bytes = b"\r\n") -> bytes:
    head = end.join((b"PUT /dav/c/f HTTP/1.1", b"Host: 127.0.0.1", *lines, b"", b""))
    return head + body


_CHUNKED = b"Transfer-Encoding: chunked"
_LENGTH = b"Content-Length: %d" % _N
_ZERO = b"0\r\n\r\n"
_CL_TE = {
    # The first reader counts, the second one reads chunks, and takes what stands behind the last one for a request.
    "length and chunked": _put(b"Content-Length: %d" % (_N + 5), _CHUNKED, body=_ZERO + HIDDEN),
    "chunked and length": _put(_CHUNKED, b"Content-Length: %d" % (_N + 5), body=_ZERO + HIDDEN),
    # The other way round: the chunk ends where the one who counts sees the next request begin.
    "short length and chunked": _put(b"Content-Length: 4", _CHUNKED, body=b"%x\r\n%s\r\n0\r\n\r\n" % (_N, HIDDEN)),
}
_CODINGS = (
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding\t: chunked",
    b" Transfer-Encoding: chunked",
    b"X: y\r\n Transfer-Encoding: chunked",
    b"Transfer-Encoding:\r\n chunked",
    b"X: y\nTransfer-Encoding: chunked",
    b"X: y\rTransfer-Encoding: chunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: chunked;x=y",
    b'Transfer-Encoding: "chunked"',
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: chunked\x00",
    b"Transfer-Encoding: chunk\xc5\xbfed",
    b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    b"Transfer-Encoding:",
    b"Transfer-Encoding\x00: chunked",
    b"\x0bTransfer-Encoding: chunked",
)
_TE_TE = {repr(coding): _put(b"Content-Length: %d" % (_N + 5), coding, body=_ZERO + HIDDEN) for coding in _CODINGS} | {
    f"{coding!r} alone": _put(coding, body=_ZERO + HIDDEN) for coding in _CODINGS[:6]
}
_LENGTHS = (
    b"Content-Length: 0\r\n" + _LENGTH,
    _LENGTH + b"\r\nContent-Length: 0",
    b"Content-Length: 0, %d" % _N,
    b"Content-Length: %d, %d" % (_N, _N),
    b"Content-Length: +%d" % _N,
    b"Content-Length: -0",
    b"Content-Length: 0x%x" % _N,
    b"Content-Length: %d.0" % _N,
    b"Content-Length: %d 0" % _N,
    b"Content-Length: 1e1",
    b"Content-Length: %d\x00" % _N,
    b"Content-Length:",
    b"Content-Length : %d" % _N,
    b"Content-Length\t: %d" % _N,
    b" Content-Length: %d" % _N,
    b"X: y\r\n\tContent-Length: %d" % _N,
    b"X: y\nContent-Length: %d" % _N,
    b"Content-Length: %d" % (1 << 64),
    b"Content-Length: 18446744073709551616",
    "Content-Length: ٤".encode(),
)
_CL_CL = {repr(lines): _put(lines, body=HIDDEN) for lines in _LENGTHS}
_CHUNKS = {
    # What is hidden stands in an extension, a trailer, a size or a chunk, whose end not everybody sees at one place.
    "bare LF behind a size": _put(_CHUNKED, body=b"2\nxx\r\n0\n\n" + HIDDEN),
    "bare LF in an extension": _put(_CHUNKED, body=b"2;\nxx\r\n%x\r\n0\r\n\r\n%s\r\n0\r\n\r\n" % (_N, HIDDEN)),
    "bare CR behind a size": _put(_CHUNKED, body=b"2\rxx\r\n0\r\n\r\n" + HIDDEN),
    "a size with a sign": _put(_CHUNKED, body=b"+2\r\nxx\r\n0\r\n\r\n" + HIDDEN),
    "a size in hexadecimal with 0x": _put(_CHUNKED, body=b"0x2\r\nxx\r\n0\r\n\r\n" + HIDDEN),
    "a size with an underscore": _put(_CHUNKED, body=b"0_2\r\nxx\r\n0\r\n\r\n" + HIDDEN),
    "a size that overflows": _put(_CHUNKED, body=b"10000000000000002\r\nxx\r\n0\r\n\r\n" + HIDDEN),
    "a size behind a space": _put(_CHUNKED, body=b" 2\r\nxx\r\n0\r\n\r\n" + HIDDEN),
    "no size": _put(_CHUNKED, body=b"\r\n" + HIDDEN),
    "a chunk longer than its size": _put(_CHUNKED, body=b"2\r\nxxyy\r\n0\r\n\r\n" + HIDDEN),
    "a trailer that ends in LF": _put(_CHUNKED, body=b"0\r\nX: y\n\n" + HIDDEN),
    "a trailer without a colon": _put(_CHUNKED, body=b"0\r\n" + HIDDEN),
    "a length in a trailer": _put(_CHUNKED, body=b"0\r\nContent-Length: %d\r\nX Y\r\n\r\n" % _N + HIDDEN),
}
_LINES = {
    "bare LF": _put(_LENGTH, body=HIDDEN, end=b"\n"),
    "HTTP/0.9": b"GET /dav/c/f\r\n" + HIDDEN,
    "a space in the target": b"GET /dav/c/f HTTP/1.1 /dav/x HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + HIDDEN,
    "a version of the future": b"PUT /dav/c/f HTTP/2.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
    "a body of a GET without a length": b"GET /dav/c/f HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + HIDDEN,
    "chunked in HTTP/1.0": b"PUT /dav/c/f HTTP/1.0\r\nHost: 127.0.0.1\r\n" + _CHUNKED + b"\r\n\r\n" + _ZERO + HIDDEN,
    "a null in a name": _put(b"X\x00: y", b"Content-Length : %d" % _N, body=HIDDEN),
}
HOSTILE: dict[str, bytes] = {**_CL_TE, **_TE_TE, **_CL_CL, **_CHUNKS, **_LINES}
"""Sequences of which no reading that follows the grammar finds two requests."""


@dataclass
class Seen:
    """A request that reached the application; ``body`` is what came of it, ``whole`` whether that was all."""

    method: str
    target: str
    body: bytes = b""
    whole: bool = False


class Notes:
    """An application that notes each request as it arrives, reads its body, and answers."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen = Seen(environ["REQUEST_METHOD"], environ["REQUEST_URI"])
        with self._lock:
            self.seen.append(seen)
        try:
            while piece := environ["wsgi.input"].read(1 << 16):
                seen.body += piece
            seen.whole = True
        except (Incomplete, Invalid):
            seen.whole = False
        start_response("200 OK" if seen.whole else "400 Bad Request", [("Content-Length", "0")])
        return [b""]

    def targets(self) -> list[str]:
        """Return the targets of all requests so far."""
        with self._lock:
            return [each.target for each in self.seen]


@contextmanager
def noting() -> Iterator[tuple[Notes, tuple[str, int]]]:
    """Run davserver's own server with an application that notes requests."""
    notes = Notes()
    with serving(notes) as address:
        yield notes, address


def send(address: tuple[str, int], data: bytes, *, silence_s: float = 0.0) -> bytes:
    """Send bytes on a connection of their own; return what comes until it ends, or nothing comes for ``silence_s``.

    Without ``silence_s`` the connection is half closed behind the data: a server answers, some proxies give up.
    """
    received = bytearray()
    with socket.create_connection(address, TIMEOUT_S) as stream:
        stream.settimeout(silence_s or TIMEOUT_S)
        with suppress(OSError):
            stream.sendall(data)
            if not silence_s:
                stream.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while piece := stream.recv(1 << 16):
                received += piece
    return bytes(received)


def responses_in(received: bytes) -> int:
    """Count the responses on a connection (none of ours has such a line in its body)."""
    return len(_RESPONSE.findall(received))
