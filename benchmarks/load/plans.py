"""What a load generator asks: one request again and again, files of new names, ranges, or cycles under a lock.

A plan is a value, so that it can be sent to another process. ``requests`` yields what one connection sends, and is sent
each answer; it checks them and raises WrongAnswer.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from benchmarks.load.wire import Answer, Request, WrongAnswer

Requests = Generator[Request, Answer, None]
STORED = {200, 201, 204}
LOCK_BODY = (
    b'<?xml version="1.0" encoding="utf-8"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
    b"<D:locktype><D:write/></D:locktype><D:owner>benchmark</D:owner></D:lockinfo>"
)


class Plan(Protocol):
    """What is asked. Plans are immutable; each connection has a generator of its own."""

    def requests(self, connection: int) -> Requests:
        """Yield what a connection sends, without end unless the plan has one."""
        ...


_VARIES = 0.02
"""Of its length, by which an answer may differ: Apache's ETags are weak, and longer, while a file is young."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same request, whose answers have a status and a length that are known."""

    request: Request
    status: int
    length: int

    def requests(self, connection: int) -> Requests:
        """Yield it for ever."""
        del connection
        while True:
            answer = yield self.request
            if answer.status != self.status or abs(answer.length - self.length) > _VARIES * self.length:
                raise WrongAnswer(f"{self.request.method}: {answer.status}, {answer.length} bytes")


@dataclass(frozen=True, slots=True)
class NewNames:
    """PUT of files with new names, no two of them alike; ``count`` for each connection, -1: without end."""

    prefix: str
    size: int
    count: int = -1

    def requests(self, connection: int) -> Requests:
        """Yield a PUT for each file."""
        filler = b"x" * (self.size - 16)
        number = 0
        while number != self.count:
            body = b"%04d%012d" % (connection, number) + filler
            answer = yield Request("PUT", f"{self.prefix}{connection}-{number}", body=body)
            if answer.status not in STORED:
                raise WrongAnswer(f"PUT: {answer.status}")
            number += 1


@dataclass(frozen=True, slots=True)
class RandomRanges:
    """GET of pieces of a large file, anywhere in it."""

    target: str
    file_size: int
    length: int
    seed: int

    def requests(self, connection: int) -> Requests:
        """Yield a GET for each piece; the places are the same in each run."""
        places = random.Random(self.seed + connection)
        while True:
            first = places.randrange(self.file_size - self.length)
            wanted = f"bytes={first}-{first + self.length - 1}"
            answer = yield Request("GET", self.target, {"Range": wanted})
            if answer.status != 206 or answer.length != self.length:
                raise WrongAnswer(f"GET of a range: {answer.status}, {answer.length} bytes")


@dataclass(frozen=True, slots=True)
class LockCycles:
    """LOCK, PUT under the lock, UNLOCK; each connection has a file of its own, which exists."""

    prefix: str
    size: int

    def requests(self, connection: int) -> Requests:
        """Yield the three, again and again."""
        target, body = f"{self.prefix}{connection}", b"x" * self.size
        # Apache and nginx want the content type, else they take the body for no lock at all.
        lock = Request("LOCK", target, {"Timeout": "Second-600", "Content-Type": "application/xml"}, LOCK_BODY)
        while True:
            answer = yield lock
            token = answer.header(b"lock-token").strip("<>")
            if answer.status not in {200, 201} or not token:
                raise WrongAnswer(f"LOCK: {answer.status}, token {token!r}")
            answer = yield Request("PUT", target, {"If": f"(<{token}>)"}, body)
            if answer.status not in STORED:
                raise WrongAnswer(f"PUT under the lock: {answer.status}")
            answer = yield Request("UNLOCK", target, {"Lock-Token": f"<{token}>"})
            if answer.status not in {200, 204}:
                raise WrongAnswer(f"UNLOCK: {answer.status}")
