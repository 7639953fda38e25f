"""Requests that real clients sent, as the bytes they were: the seeds of whatever reads a connection."""

from __future__ import annotations

from pathlib import Path

from tests.support.transcript import Exchange, read_transcript

_TRANSCRIPTS = Path(__file__).parent.parent / "tests" / "transcripts"
_UNKNOWN = b"{"


def recorded_requests() -> list[bytes]:
    """Return each different request of the transcripts, in the order of their names."""
    texts = [
        request_bytes(exchange)
        for path in sorted(_TRANSCRIPTS.glob("*.txt"))
        for exchange in read_transcript(path)
        if not any(_UNKNOWN in value.encode() for _, value in exchange.headers if value != "{host}")
    ]
    return list(dict.fromkeys(texts))


def request_bytes(exchange: Exchange) -> bytes:
    """Write a request as it goes over the wire."""
    body = "".join(line + "\n" for line in exchange.body).encode()
    headers = [("Host", "localhost"), *exchange.headers]
    if ("Transfer-Encoding", "chunked") in headers:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    elif body:
        headers.append(("Content-Length", str(len(body))))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = f"{exchange.method} {exchange.path} HTTP/1.1\r\n{lines}\r\n"
    return head.replace("{host}", "localhost").encode() + body
