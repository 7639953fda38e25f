"""One request at a time, to one server, with a clock that begins when the request is sent."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.load.plans import STORED
from benchmarks.load.wire import WrongAnswer

PATIENCE_S = 600.0
_AT_ONCE = 1 << 24


@dataclass(frozen=True, slots=True)
class Reply:
    """A checked answer; ``first_s`` is when the first byte of the content had come, ``seconds`` when the last had."""

    status: int
    content: bytes
    length: int
    first_s: float
    seconds: float


class Client:
    """A connection to a server on loopback. Not for threads. Use it as a context."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def ask(
        self,
        method: str,
        target: str,
        good: Collection[int],
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        sink: bytearray | None = None,
    ) -> Reply:
        """Send a request and read the answer, into a sink if it is only to be counted. Errors: WrongAnswer."""
        if self._connection.sock is None:
            self._connection.connect()
        start = time.perf_counter()
        self._connection.request(method, target, body or None, dict(headers or {}))
        answer = self._connection.getresponse()
        first = answer.read(1)
        first_s = time.perf_counter() - start
        if sink is None:
            content = first + answer.read()
            length = len(content)
        else:
            content, length = b"", len(first)
            while count := answer.readinto(sink):
                length += count
        seconds = time.perf_counter() - start
        if answer.status not in good:
            raise WrongAnswer(f"{method} {target}: {answer.status} {content[:200]!r}")
        return Reply(answer.status, content, length, first_s, seconds)

    def put_file(self, target: str, source: Path) -> float:
        """Send a file by zero-copy, so that the client takes little of the machine; return the seconds."""
        size = source.stat().st_size
        self._connection.close()  # its time limit is not ours
        self._connection.connect()
        with source.open("rb") as file:
            connection = self._connection.sock
            connection.settimeout(None)  # os.sendfile wants a blocking socket
            start = time.perf_counter()
            self._connection.putrequest("PUT", target)
            self._connection.putheader("Content-Length", str(size))
            self._connection.endheaders()
            sent = 0
            while sent < size:
                sent += os.sendfile(connection.fileno(), file.fileno(), sent, min(size - sent, _AT_ONCE))
            answer = self._connection.getresponse()
            answer.read()
            seconds = time.perf_counter() - start
        if answer.status not in STORED:
            raise WrongAnswer(f"PUT {target}: {answer.status}")
        return seconds

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
