"""A request as the handlers see it: typed, built once.

Owns: all reading of the WSGI environ in this room; the syntax of Depth, Overwrite, Timeout; counting the body.
Never: a lookup or an answer.
Follows: PEP 3333, RFC 9110, RFC 4918 section 10.
Invariant: a body that ends before its declared length raises Incomplete; nobody can take it for whole.

What the layers above put into the environ for us: ``davserver.principal`` (name, "" is anonymous),
``davserver.request_id``, ``davserver.hosts`` (names of this server beside Host), ``davserver.asking`` (who asks, and
the quirks that are off), ``davserver.sendfile`` (see ``filespan``); ``SCRIPT_NAME`` (the prefix we are published under,
which the target does not bear); a reader in ``wsgi.input``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from davserver.archive.known import KnownPlans
from davserver.dav import filespan, nextcloud
from davserver.dav.faults import BadRequest, MediaTypeUnsupported, PayloadTooLarge
from davserver.dav.paths import Address, Root, Target, parse_address
from davserver.dav.quirks.quirk import ENVIRON_KEY, Asking
from davserver.dav.reprdigest import ReprDigests
from davserver.dav.representation import Representations
from davserver.dav.smallfiles import SmallFiles
from davserver.dav.writtenleaves import WrittenLeaves
from davserver.errors import Incomplete

SLICE_BYTES = 1 << 20
_UNPREFIXED = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_TIMEOUT = re.compile(r"(?i:second)-(\d{1,10})\Z|((?i:infinite))\Z", re.ASCII)


class Depth(Enum):
    """The Depth header."""

    ZERO = "0"
    ONE = "1"
    INFINITY = "infinity"


_DEPTHS = {depth.value: depth for depth in Depth}


class Headers:
    """Request headers by name, any case; values as the server decoded them (latin-1)."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def has_any(self, keys: Iterable[str]) -> bool:
        """Tell whether one of these was sent; by their keys in the environ."""
        return not self._environ.keys().isdisjoint(keys)

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Headers:
        """Make headers of names and values."""
        return cls({_environ_key(name): value for name, value in values.items()})

    def get(self, name: str) -> str | None:
        """Return the value of a header, None if it was not sent."""
        value = self._environ.get(_environ_key(name))
        return None if value is None else str(value)


@lru_cache(maxsize=256)
def _environ_key(name: str) -> str:
    lower = name.lower()
    return _UNPREFIXED.get(lower) or "HTTP_" + lower.replace("-", "_").upper()


class BodyStream(Protocol):
    """``wsgi.input``."""

    def read(self, size: int, /) -> bytes:
        """Return up to size bytes, b"" at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Put bytes into the buffer; returns how many, 0 at the end."""


class Basin(Protocol):
    """Takes a body without a copy of its bytes."""

    def room(self) -> memoryview:
        """Return where the next bytes may be put, at least one."""

    def came(self, count: int) -> None:
        """Take so many of them."""


class Body:
    """The request body, counted. ``length`` is its declared length, None for a chunked one of unknown length.

    Threads: one reader. Errors: Incomplete when it ends early or its framing breaks.
    """

    __slots__ = ("_stream", "length", "received")

    def __init__(self, stream: BodyStream, length: int | None) -> None:
        self._stream = stream
        self.length = length
        self.received = 0

    def read(self, size: int) -> bytes:
        """Return 1 to ``size`` bytes, or b"" when the whole body was read; never b"" for a body cut short."""
        if self.length is not None:
            size = min(size, self.length - self.received)
            if size == 0:
                return b""
        try:
            data = self._stream.read(size)
        except (OSError, ValueError) as error:
            raise Incomplete(self.length, self.received) from error
        self._count(len(data))
        return data

    def readinto(self, buffer: memoryview) -> int:
        """Put 1 to ``len(buffer)`` bytes into the buffer and return how many; 0 as ``read`` returns b""."""
        if self.length is not None:
            buffer = buffer[: self.length - self.received]
            if not buffer:
                return 0
        try:
            count = self._stream.readinto(buffer) or 0
        except (OSError, ValueError) as error:
            raise Incomplete(self.length, self.received) from error
        self._count(count)
        return count

    def pour(self, basin: Basin, see: Callable[[memoryview], None]) -> None:
        """Receive the whole body into a basin, in pieces that ``see`` is shown; raises Incomplete, and what both raise.

        No byte is copied on the way: the pieces are views of the basin's memory.
        """
        while self.received != self.length:
            room = basin.room()[:SLICE_BYTES]
            count = self.readinto(room)
            if not count:
                return
            see(room[:count])
            basin.came(count)

    def slices(self, size: int = SLICE_BYTES) -> Iterator[bytes]:
        """Yield the body in pieces of at most ``size`` bytes; raises Incomplete in place of a short end."""
        while data := self.read(size):
            yield data

    def read_all(self, limit: int) -> bytes:
        """Return the whole body; raises PayloadTooLarge beyond ``limit`` bytes, before reading if it was declared."""
        if self.length is not None and self.length > limit:
            raise PayloadTooLarge(limit)
        size = min(limit + 1, SLICE_BYTES)
        pieces = [self.read(size)]
        if self.received == self.length:
            return pieces[0]
        while pieces[-1]:
            if self.received > limit:
                raise PayloadTooLarge(limit)
            pieces.append(self.read(size))
        return b"".join(pieces)

    def refuse(self) -> None:
        """Raise MediaTypeUnsupported unless the body is empty: for verbs that define none."""
        if self.length or (self.length is None and self.read(1)):
            raise MediaTypeUnsupported("this verb takes no body")

    def _count(self, count: int) -> None:
        self.received += count
        if not count and self.length is not None:
            raise Incomplete(self.length, self.received)


class Memory(NamedTuple):
    """What was found out for other requests, and is as true for this one."""

    digests: ReprDigests
    written: WrittenLeaves
    representations: Representations
    small_files: SmallFiles
    zips: KnownPlans


class Request(NamedTuple):
    """One request; times in seconds since the epoch.

    ``prefix`` is the encoded path a proxy publishes us under, "" or ``/dav``; ``hosts`` are names that a trusted proxy
    or the settings give us. ``whole_server`` marks ``OPTIONS *``.
    ``sends_files`` tells that the server takes ``filespan.FileSpan`` for bytes.
    """

    method: str
    target: Target
    slash: bool
    query: str
    prefix: str
    headers: Headers
    body: Body
    principal: str
    request_id: str
    now_s: float
    memory: Memory
    hosts: tuple[str, ...] = ()
    whole_server: bool = False
    sends_files: bool = False
    asking: Asking = Asking()

    @property
    def expects_continue(self) -> bool:
        """Tell whether the client holds the body back until it is asked for (RFC 9110 section 10.1.1)."""
        return self.headers.get("Expect") is not None

    def depth(self, default: Depth) -> Depth:
        """Return the Depth header; raises BadRequest for anything but 0, 1 and infinity."""
        text = self.headers.get("Depth")
        if text is None:
            return default
        depth = _DEPTHS.get(text.strip().lower())
        if depth is None:
            raise BadRequest(f"Depth is 0, 1 or infinity, not {text!r}")
        return depth

    def overwrite(self) -> bool:
        """Return the Overwrite header, True by default; raises BadRequest for anything but T and F."""
        text = (self.headers.get("Overwrite") or "T").strip().upper()
        if text not in {"T", "F"}:
            raise BadRequest(f"Overwrite is T or F, not {text!r}")
        return text == "T"

    def timeout_s(self) -> int | None:
        """Return the first Timeout that can be read, in seconds; None for Infinite or none."""
        for item in (self.headers.get("Timeout") or "").split(","):
            match = _TIMEOUT.match(item.strip())
            if match is not None:
                return None if match[1] is None else int(match[1])
        return None

    @property
    def authorities(self) -> tuple[str, ...]:
        """Return the names (host, host:port) the client may mean this server by."""
        host = (self.headers.get("Host") or "").strip()
        return (host, *self.hosts) if host else self.hosts


def build_request(
    environ: Mapping[str, Any],
    *,
    now_s: float,
    memory: Memory | None = None,
) -> Request:
    """Read a WSGI environ; raises BadRequest (target, length) or NotFound (reserved place)."""
    raw = _raw_target(environ)
    whole_server = raw == "*" and environ["REQUEST_METHOD"] == "OPTIONS"
    script_name = environ.get("SCRIPT_NAME", "").rstrip("/")
    prefix = quote(script_name.encode("latin-1"), safe="/-._~") if script_name else ""
    place = _Place(Address(Root(), slash=True)) if whole_server else _place_of(raw)
    return Request(  # by position: a tuple that is made with names takes twice as long, and each request makes one
        environ["REQUEST_METHOD"],
        place.address.target,
        place.address.slash,
        place.query,
        prefix + place.published,
        Headers(environ),
        Body(environ["wsgi.input"], _body_length(environ)),
        environ.get("davserver.principal", ""),
        environ.get("davserver.request_id", ""),
        now_s,
        memory or Memory(ReprDigests(), WrittenLeaves(), Representations(), SmallFiles(), KnownPlans()),
        environ.get("davserver.hosts", ()),
        whole_server,
        environ.get(filespan.ENVIRON_KEY, False),
        environ.get(ENVIRON_KEY) or Asking(environ.get("HTTP_USER_AGENT", "")),
    )


class _Place(NamedTuple):
    """What a target says: the address, the name of our root that it uses ("" for the plain one), and the query."""

    address: Address
    published: str = ""
    query: str = ""


@lru_cache(maxsize=256)
def _place_of(raw: str) -> _Place:
    path, _, query = raw.partition("?")
    published, path = nextcloud.split(path)
    return _Place(parse_address(path), published, query)


def _raw_target(environ: Mapping[str, Any]) -> str:
    """Return the request target as it was sent, reduced to path and query.

    A server that does not hand it over loses ``%2F``; then the decoded path has to do.
    """
    raw = environ.get("REQUEST_URI")
    if raw is None:
        path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/")
        return f"{path}?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else path
    if "#" in raw:
        raise BadRequest("a request target has no fragment")
    if raw.startswith("/") or raw == "*":
        return str(raw)
    try:
        parts = urlsplit(raw)
    except ValueError:
        raise BadRequest("a request target that is no URL") from None
    if parts.scheme.lower() not in {"http", "https"} or not parts.netloc:
        raise BadRequest("a request target that is neither a path nor an http URL")
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _body_length(environ: Mapping[str, Any]) -> int | None:
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    text = environ.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdigit()):
        raise BadRequest("Content-Length is not a number")
    return int(text)
