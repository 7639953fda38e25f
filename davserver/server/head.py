"""Read the head of a request: its request line and header fields, nothing looser than the grammar.

Owns: the syntax and limits of what stands before a body, and how the body is framed.
Never: writes, or knows of sockets, WSGI or cheroot; pure functions of a buffered stream.
Follows: RFC 9112 sections 2.2, 3, 5, 6; RFC 9110 sections 5.3, 5.5, 10.1.1.
Invariants: two readers of one byte stream agree where a request ends. So whatever the grammar leaves to taste and
a proxy may read another way (repeated lengths, a length beside chunks, folded lines, bare LF, NUL) is refused.
The status of a refusal stands here, as it concerns the protocol below WebDAV.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

CRLF = b"\r\n"
_REMEMBERED = 128
_SHORT = 2048

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP/([0-9])\.([0-9])\r\n\Z")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\Z")
_USUAL = re.compile(
    rb"([A-Z]+) (/[\x21\x22\x24-\x7e\x80-\xff]*) HTTP/1\.([01])\r\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n\Z"
)
_ABSOLUTE = re.compile(rb"(?i)https?://([^/?#]*)(.*)\Z")
_HOST = re.compile(rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=%]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?\Z")
_LENGTH = re.compile(rb"[0-9]{1,19}\Z")
_END = re.compile(rb"\n\r?\n")

_ONCE = frozenset(
    b"host content-length transfer-encoding content-type content-range content-encoding expect authorization "
    b"destination depth overwrite lock-token timeout range if-range if-modified-since if-unmodified-since "
    b"x-expected-entity-length x-oc-mtime x-forwarded-host x-forwarded-proto x-forwarded-prefix x-request-id".split(),
)
"""Fields with one meaning only: a second one is an error or an attack, never to be guessed at."""


class Refused(Exception):
    """A request that is not served; the connection is closed after the answer, as its end is not known."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Lines(Protocol):
    """A buffered byte stream that reads lines."""

    def readline(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes of the next line, its LF included; b"" at the end."""
        ...


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """How much a head may hold: ``size`` bytes in all, ``fields`` header lines."""

    size: int = 64 << 10
    fields: int = 200


class Fields(NamedTuple):
    """The fields of a head, by lower-case names, and what they say of the connection; not to be changed.

    ``meta`` has them as a gateway calls them: ``HTTP_HOST`` (RFC 3875 section 4.1), values as latin-1.
    ``length`` is the declared length of the body (0 if none), None if it comes in chunks.
    """

    values: Mapping[bytes, bytes]
    meta: Mapping[str, str]
    length: int | None
    expects_continue: bool
    keep_alive: bool


FieldsOf = Callable[[tuple[int, int], bytes], Fields]
"""``fields_of``, or one that remembers: a client says the same of itself with each request."""


class Head(NamedTuple):
    """A request before its body.

    ``target`` is in origin form, raw (``/a%2Fb?q``), or ``*``; ``host`` is what an absolute target said instead of the
    field, "" if nothing.
    """

    method: bytes
    target: bytes
    version: tuple[int, int]
    own: Fields
    host: bytes

    @property
    def fields(self) -> Mapping[bytes, bytes]:
        """The fields by lower-case names."""
        return {**self.own.values, b"host": self.host} if self.host and b"host" in self.own.values else self.own.values

    @property
    def meta(self) -> Mapping[str, str]:
        """The fields by the names of a gateway."""
        own = self.own.meta
        return {**own, "HTTP_HOST": self.host.decode("latin-1")} if self.host and "HTTP_HOST" in own else own

    @property
    def length(self) -> int | None:
        """The declared length of the body (0 if none), None if it comes in chunks."""
        return self.own.length

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits to be told to send the body."""
        return self.own.expects_continue

    @property
    def keep_alive(self) -> bool:
        """Whether the client may send another request."""
        return self.own.keep_alive

    def with_field(self, name: bytes, value: bytes) -> Head:
        """Return the head with one field more, on which neither the framing nor the connection depends."""
        values, meta, length, expects_continue, keep_alive = self.own
        own = Fields(
            {**values, name: value},
            {**meta, _meta_name(name): value.decode("latin-1")},
            length,
            expects_continue,
            keep_alive,
        )
        return Head(self.method, self.target, self.version, own, self.host)


def fields_of(version: tuple[int, int], block: bytes) -> Fields:
    """Read the lines between the request line and the empty line, each with its CRLF. Errors: Refused."""
    fields = _fields(block)
    _check_host(version, fields)
    return Fields(
        fields,
        {_meta_name(name): value.decode("latin-1") for name, value in fields.items()},
        _framing(version, fields),
        expects_continue=_expects_continue(version, fields),
        keep_alive=_keep_alive(version, fields),
    )


@lru_cache(maxsize=1024)
def _meta_name(name: bytes) -> str:
    key = name.decode("ascii").upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else "HTTP_" + key


def remembering() -> FieldsOf:
    """Return a ``fields_of`` that knows the last short blocks again."""
    known = lru_cache(maxsize=_REMEMBERED)(fields_of)

    def look_up(version: tuple[int, int], block: bytes) -> Fields:
        return known(version, block) if len(block) <= _SHORT else fields_of(version, block)

    return look_up


def read_head(stream: Lines, limits: HeadLimits, fields_of: FieldsOf = fields_of) -> Head | None:
    """Read one head; None if the stream ends before its first byte. Errors: Refused; what the stream raises."""
    line = _line(stream, limits.size, "414 URI Too Long")
    if line == CRLF:  # one empty line before a request is forgiven: RFC 9112 section 2.2
        line = _line(stream, limits.size, "414 URI Too Long")
    if not line:
        return None
    method, target, version = _request_line(line)
    own = fields_of(version, _block(stream, limits, limits.size - len(line)))
    target, host = _origin_form(method, target)
    return Head(method, target, version, own, host)


def read_usual(text: bytes, limits: HeadLimits, fields_of: FieldsOf = fields_of) -> Head | None:
    """Read a whole head of the usual kind as ``read_head`` does, in a third of the time. Errors: Refused by its fields.

    None is no refusal: ``read_head`` is to judge (another form of target, an empty line before it, whatever is amiss).
    """
    match = _USUAL.match(text) if len(text) <= limits.size else None
    if match is None or text.count(CRLF) - 2 > limits.fields:
        return None
    method, target, minor, block = match.groups()
    version = (1, 1) if minor == b"1" else (1, 0)
    return Head(method, target, version, fields_of(version, block), b"")


def has_come(data: bytes, limits: HeadLimits) -> bool:
    """Tell whether ``read_head`` would find in these bytes all that it needs, be it to refuse them.

    So that a thread reads a head only when it is there, however slowly it comes.
    """
    if b"\r\n\r\n" in data or len(data) > limits.size or _END.search(data) is not None:
        return True
    line, newline, _ = data.removeprefix(CRLF).partition(b"\n")
    return bool(newline) and _REQUEST_LINE.match(line + newline) is None


def _line(stream: Lines, limit: int, status: str) -> bytes:
    line = stream.readline(limit + 1)
    if len(line) > limit:
        raise Refused(status, "too long")
    return line


def _request_line(line: bytes) -> tuple[bytes, bytes, tuple[int, int]]:
    match = _REQUEST_LINE.match(line)
    if match is None:
        raise Refused("400 Bad Request", "malformed request line")
    method, target, major, minor = match.groups()
    if major != b"1":
        raise Refused("505 HTTP Version Not Supported", "HTTP/1.1 is spoken here")
    if method != method.upper():
        raise Refused("400 Bad Request", "methods are upper case")
    return method, target, (1, min(int(minor), 1))


def _block(stream: Lines, limits: HeadLimits, budget: int) -> bytes:
    lines: list[bytes] = []
    for _ in range(limits.fields + 1):
        line = _line(stream, budget, "431 Request Header Fields Too Large")
        if line == CRLF:
            return b"".join(lines)
        if not line.endswith(CRLF):
            raise Refused("400 Bad Request", _what_is_wrong(line))
        budget -= len(line)
        lines.append(line)
    raise Refused("431 Request Header Fields Too Large", "too many header lines")


def _fields(block: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for line in block.split(CRLF)[:-1]:
        match = _FIELD.match(line)
        if match is None:
            raise Refused("400 Bad Request", _what_is_wrong(line + CRLF))
        name, value = match[1].lower(), match[2]
        if b"_" in name:  # in WSGI X_Foo would pose as X-Foo; proxies drop such names too
            continue
        fields[name] = _combined(name, fields[name], value) if name in fields else value
    return fields


def _what_is_wrong(line: bytes) -> str:
    if not line.endswith(CRLF):
        return "a header line does not end with CRLF"
    if line[:1] in b" \t":
        return "folded header lines are obsolete"
    return "malformed header line"


def _combined(name: bytes, first: bytes, second: bytes) -> bytes:
    """Join a repeated field; ``If`` is a list without commas (RFC 4918 section 10.4), a cookie has its own joint."""
    if name in _ONCE:
        raise Refused("400 Bad Request", f"more than one {name.decode('ascii')} header")
    joint = {b"if": b" ", b"cookie": b"; "}.get(name, b", ")
    return joint.join((first, second))


def _origin_form(method: bytes, target: bytes) -> tuple[bytes, bytes]:
    """Reduce a target to path and query; an absolute one also says the host: RFC 9112 section 3.2.2."""
    if b"#" in target:
        raise Refused("400 Bad Request", "a fragment is never sent")
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return target, b""
    match = _ABSOLUTE.match(target)
    if match is None or not match[1]:
        raise Refused("400 Bad Request", "malformed request target")
    if _HOST.match(match[1]) is None:
        raise Refused("400 Bad Request", "malformed Host header")
    rest = match[2]
    if method == b"OPTIONS" and not rest:
        return b"*", match[1]
    return rest if rest.startswith(b"/") else b"/" + rest, match[1]


def _check_host(version: tuple[int, int], fields: dict[bytes, bytes]) -> None:
    host = fields.get(b"host")
    if host is None:
        if version == (1, 1):
            raise Refused("400 Bad Request", "HTTP/1.1 needs a Host header")
    elif _HOST.match(host) is None:
        raise Refused("400 Bad Request", "malformed Host header")


def _framing(version: tuple[int, int], fields: dict[bytes, bytes]) -> int | None:
    """Decide how long the body is; whatever two readers could decide differently is refused."""
    coding = fields.get(b"transfer-encoding")
    length = fields.get(b"content-length")
    if coding is not None:
        if length is not None:
            raise Refused("400 Bad Request", "Content-Length beside Transfer-Encoding")
        if version < (1, 1):
            raise Refused("400 Bad Request", "Transfer-Encoding in HTTP/1.0")
        if coding.lower() != b"chunked":
            raise Refused("501 Not Implemented", "of the transfer codings only chunked is known")
        return None
    if length is None:
        return 0
    if _LENGTH.match(length) is None:
        raise Refused("400 Bad Request", "malformed Content-Length")
    return int(length)


def _expects_continue(version: tuple[int, int], fields: dict[bytes, bytes]) -> bool:
    expect = fields.get(b"expect")
    if expect is None or version < (1, 1):
        return False
    if expect.lower() != b"100-continue":
        raise Refused("417 Expectation Failed", "only 100-continue can be expected")
    return True


def _keep_alive(version: tuple[int, int], fields: dict[bytes, bytes]) -> bool:
    connection = fields.get(b"connection")
    if connection is None:
        return version == (1, 1)
    options = {option.strip().lower() for option in connection.split(b",")}
    if b"close" in options:
        return False
    return version == (1, 1) or b"keep-alive" in options
