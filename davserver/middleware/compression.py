"""gzip for what the server writes itself: listings, reports, pages, JSON. A listing shrinks to a tenth or less.

Owns: the reading of Accept-Encoding; which responses are compressed: those of a few types that bear nothing of a file.
Never: the content of a file. Its ETag, its ranges and its digests are those of the bytes as they are stored, and most
large files are compressed already.
Follows: RFC 9110 sections 8.4, 12.5.3 and 12.5.5 (``Vary``), RFC 1952.
Invariants: a response is compressed as it comes, a piece for a piece, so the first bytes of a long listing leave at
once and memory stays flat; a response that breaks off below breaks off here, without the end of the stream.
Guessing secrets by the length of an answer (BREACH) needs a secret in its body: there is none, not even a token of a
form. What a listing tells, the one who asked may read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from davserver.headers import Known, once
from davserver.middleware.wsgi import Application, Environ, Headers, StartResponse

LEAST_BYTES = 1024
"""A shorter body fits a packet with its head: compressing it gains nothing."""

_LEVEL = 2
"""A listing shrinks to an 18th with it; level 6 makes that a 19th and takes twice the time."""
_GZIP = zlib.MAX_WBITS | 16
_TYPES = frozenset({"application/xml", "text/xml", "text/html", "application/json", "text/plain"})
_OF_A_FILE = frozenset({"etag", "accept-ranges", "content-range", "content-encoding", "content-digest", "repr-digest"})
_WITHOUT_BODY = ("1", "204", "206", "304")
_CODING = re.compile(
    r"[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*(?:;[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*)?\Z", re.ASCII
)


class Compressed:
    """Wraps the application. Applications below call ``start_response`` before they return, and never ``write``."""

    def __init__(self, app: Application) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        wanted = accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        held: _Held | None = None
        returned = False

        def start(status: str, headers: Headers, exc_info: Any = None, /) -> Any:
            nonlocal held
            held = None
            if returned or status.startswith(_WITHOUT_BODY) or not _can_be_compressed(headers):
                return start_response(status, headers, exc_info)
            headers = _varying(headers)
            if not wanted:
                return start_response(status, headers, exc_info)
            held = _Held(status, headers, exc_info)
            return _refuse_write

        body = self._app(environ, start)
        returned = True
        return body if held is None else _begin(held, body, start_response, is_head=environ["REQUEST_METHOD"] == "HEAD")


class _Held(NamedTuple):
    """What ``start_response`` was called with, until it is known how long the body will be."""

    status: str
    headers: Headers
    exc_info: Any


def _begin(held: _Held, body: Iterable[bytes], start_response: StartResponse, *, is_head: bool) -> Iterable[bytes]:
    """Start the response: a body that is all there gets its new length, others go out chunked, HEAD tells none."""
    headers = [(name, value) for name, value in held.headers if name.lower() != "content-length"]
    headers.append(("Content-Encoding", "gzip"))
    compressed: Iterable[bytes]
    if is_head:
        compressed = body
    elif isinstance(body, list | tuple):
        whole = zlib.compress(b"".join(body), _LEVEL, _GZIP)
        headers.append(("Content-Length", str(len(whole))))
        compressed = [whole]
    else:
        compressed = _Stream(body)
    start_response(held.status, headers, held.exc_info)
    return compressed


class _Stream:
    """A body, compressed piece by piece. Closing it closes the one below, read to its end or not."""

    __slots__ = ("_body", "_coder", "_ended", "_pieces")

    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = body
        self._pieces: Iterator[bytes] = iter(body)
        self._coder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        piece = next(self._pieces, None)
        if piece is None:
            self._ended = True
            return self._coder.flush()
        return self._coder.compress(piece) + self._coder.flush(zlib.Z_SYNC_FLUSH) if piece else b""

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()


@lru_cache(maxsize=128)
def accepts_gzip(header: str) -> bool:
    """Tell whether an Accept-Encoding prefers gzip to no coding; what cannot be read of it is left out."""
    weights: dict[str, float] = {}
    for element in header.lower().split(","):
        match = _CODING.match(element)
        if match is not None:
            weights[match[1].removeprefix("x-")] = 1.0 if match[2] is None else float(match[2])
    gzip = weights.get("gzip", weights.get("*", 0.0))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


@once
def _can_be_compressed(headers: Headers) -> bool:
    """Tell whether a body is of the server's own making, of a type that shrinks, and long enough."""
    kind = ""
    for name, value in headers:
        lower = name.lower()
        if lower in _OF_A_FILE or (lower == "content-length" and int(value) < LEAST_BYTES):
            return False
        if lower == "content-type":
            kind = value.partition(";")[0].strip().lower()
    return kind in _TYPES


@once
def _varying(headers: Headers) -> Headers:
    """Say that the answer depends on Accept-Encoding, beside what it depends on already."""
    before = [value for name, value in headers if name.lower() == "vary"]
    others = [(name, value) for name, value in headers if name.lower() != "vary"]
    varying = [*others, ("Vary", ", ".join([*before, "Accept-Encoding"]))]
    return Known(varying) if type(headers) is Known else varying


def _refuse_write(_data: bytes) -> NoReturn:
    raise RuntimeError("an application wrote a response instead of returning it")
