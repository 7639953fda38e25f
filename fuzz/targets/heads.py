"""Request heads and chunked bodies, against h11 as the second reader: what we take, it takes the same way."""

from __future__ import annotations

import io
import re

import h11

from davserver.errors import Incomplete, Invalid
from davserver.server.asked import Heads
from davserver.server.body import ChunkedBody, DeclaredBody
from davserver.server.head import Head, HeadLimits, Refused, read_head
from fuzz.target import Target

_LIMITS = HeadLimits(size=4096, fields=20)
_HEADS = (
    b"GET /c/f%20g?q HTTP/1.1\r\nHost: h:80\r\nRange: bytes=0-1\r\n\r\n",
    b"GET /c/f HTTP/1.1\r\nHost: h\r\nRange: bytes=0-\r\nConnection: close\r\n\r\n",
    b"PUT /c/f HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    b"PUT http://h/c/f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n",
    b"OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b'\r\nMOVE /c HTTP/1.1\r\nHost: [::1]:8\r\nDestination: /d\r\nIf: (<a>)\r\nIf: (["b"])\r\n\r\n',
)
_CHUNKS = (b"5\r\nhello\r\n0\r\n\r\n", b"005;a=b\r\nhello\r\nA\r\n0123456789\r\n0;x\r\nT: v\r\nU:\r\n\r\nGET /")
_ASCII = bytes(min(code, 0x7E) if code >= 0x80 else code for code in range(256))
_BAD_SPACE = re.compile(rb"^[0-9A-Fa-f]+[ \t]+;", re.MULTILINE)
"""What RFC 9112 section 7.1.1 tells recipients to take between a chunk's size and its extension; h11 refuses it."""
_WORDS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n ",
    b"Content-Length: ",
    b"Content-Length : 1",
    b"\r\nRange: bytes=0-1",
    b"range: ",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: \x0bchunked",
    b"transfer_encoding: chunked",
    b"+5",
    b"0x5",
    b" HTTP/1.1",
    b"http://",
    b"\0",
    b"#",
)


def _check_memory(data: bytes, head: Head | None, behind: bytes) -> None:
    """The short ways to a head, and the third time that it is remembered, come to what reading it comes to."""
    heads = Heads(_LIMITS, {})
    for _ in range(3):
        asked, rest = heads.take(data)
        assert (None if asked is None else asked.head, rest) == (head, behind)


def _is_refused_when_it_may_be_remembered(data: bytes) -> bool:
    try:
        Heads(_LIMITS, {}).take(data)
    except Refused:
        return True
    return False


def check_head(data: bytes) -> bool:
    """A head is refused, or read as h11 reads it; what remains on the stream begins right behind it."""
    stream = io.BytesIO(data)
    try:
        head = read_head(stream, _LIMITS)
        _check_memory(data, head, data[stream.tell() :])
    except Refused as refusal:
        assert _is_refused_when_it_may_be_remembered(data)
        assert refusal.status[:3] in {"400", "414", "417", "431", "501", "505"}
        assert refusal.reason.isascii()
        assert refusal.reason.isprintable()
        return False
    if head is None:
        assert not data.removeprefix(b"\r\n")
        return False
    assert data[: stream.tell()].endswith(b"\r\n\r\n") or not head.fields
    assert head.target.startswith(b"/") or head.target == b"*"
    for name, value in head.fields.items():
        assert name == name.lower()
        assert not {*b"\r\n\0"} & {*value}
    _compare_head(data[: stream.tell()], head)
    return True


def _compare_head(text: bytes, head: Head) -> None:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    # What differs on purpose: names with an underscore are dropped, and clients send targets that are not ASCII.
    first, *fields = text.removeprefix(b"\r\n").split(b"\r\n")
    lines = [first.translate(_ASCII), *(line for line in fields if b"_" not in line.partition(b":")[0])]
    connection.receive_data(b"\r\n".join(lines))
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        raise AssertionError(f"h11 refuses it: {error}") from error
    assert isinstance(event, h11.Request)
    assert event.method == head.method
    lengths = {int(value) for name, value in event.headers if name == b"content-length"}
    chunked = any(name == b"transfer-encoding" for name, _ in event.headers)
    assert (head.length is None) == chunked
    assert head.length is None or {head.length} == (lengths or {0})


def check_chunked(data: bytes) -> bool:
    """A chunked body is refused, cut or whole, in small steps as in one, and whole only if h11 reads the same."""
    outcome = _read(data, 1 << 20)
    assert _read(data, 3) == outcome
    if outcome is None:
        return False
    if _BAD_SPACE.search(data):
        return True
    body, rest = outcome
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + data)
    connection.next_event()
    seen = b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data), event
        seen += event.data
    assert seen == body
    assert connection.trailing_data[0] == rest
    return True


def _read(data: bytes, step: int) -> tuple[bytes, bytes] | None:
    """Return the body and what follows it; None if it is refused or cut."""
    stream = io.BytesIO(data)
    body = ChunkedBody(io.BufferedReader(stream), limit=1 << 20)  # type: ignore[arg-type]  # BytesIO is raw enough
    pieces = b""
    try:
        while piece := body.read(step):
            pieces += piece
    except (Invalid, Incomplete):
        assert not body.finished
        return None
    except Exception as error:
        if type(error).__name__ == "QuotaExceeded":
            return None
        raise
    assert body.finished
    return pieces, body._stream.read()  # noqa: SLF001  # what the next request would begin with


def check_declared(data: bytes) -> bool:
    """A body of a declared length is whole or Incomplete; reading lines or blocks gives the same bytes."""
    length, content = (data[0], data[1:]) if data else (0, b"")
    try:
        by_lines = b"".join(DeclaredBody(io.BufferedReader(io.BytesIO(content)), length).readlines())  # type: ignore[arg-type]
    except Incomplete:
        assert len(content) < length
        return False
    assert by_lines == content[:length]
    return True


TARGETS = (
    Target("head", check_head, _HEADS, _WORDS),
    Target("chunked", check_chunked, _CHUNKS, (b"\r\n", b"\n", b"0\r\n\r\n", b";", b"ffffffffffffffff", b"0x")),
    Target("declared", check_declared, (b"\x05hello", b"\x05a\nb\n\nc"), (b"\n",)),
)
