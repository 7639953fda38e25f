"""Flipping bits under a server and looking at what it answers: right, or loud, and never wrong.

A response is *right* if it is the one that was given before the damage, *loud* if it is a 5xx or the connection was cut
before its declared end, *wrong* otherwise.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

from davserver.values import Locator
from tests.support.site import Client

MIB = 1 << 20


class Ask(NamedTuple):
    """One request for (a part of) a file."""

    method: str
    path: str
    ranges: str = ""


@dataclass
class Shape:
    """A file of the tree that is damaged: its URLs, its content, the blocks it is made of."""

    paths: list[str]
    content: bytes
    blocks: list[Locator]


@dataclass
class Tally:
    """What came back."""

    outcomes: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    flips: int = 0

    def __str__(self) -> str:
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        total = sum(self.outcomes.values())
        return f"{self.flips} bits flipped, {total} responses: {outcomes}, {len(self.wrong)} wrong"


def answer_of(client: Client, ask: Ask) -> bytes | str:
    """Return status, length and body, the boundary of parts made equal; "loud" for a 5xx or a cut."""
    headers = {"Range": f"bytes={ask.ranges}"} if ask.ranges else {}
    try:
        answer = client.send(ask.method, ask.path, headers=headers)
    except (HTTPException, OSError):
        client.connection.close()
        return "loud"
    if answer.status >= 500:
        return "loud"
    kind = answer.headers.get("Content-Type", "")
    boundary = kind.partition("boundary=")[2].encode()
    body = answer.body.replace(boundary, b"-") if boundary else answer.body
    length = answer.headers.get("Content-Length")
    assert ask.method == "HEAD" or int(length or -1) == len(answer.body)
    return b"%d %s " % (answer.status, str(length).encode()) + body


def is_slice(shape: Shape, ask: Ask, got: bytes) -> bool:
    """Tell whether a response of an undamaged server is what the content says."""
    if ask.method == "HEAD":
        return got == b"200 %d " % len(shape.content)
    if not ask.ranges:
        return got == b"200 %d " % len(shape.content) + shape.content
    spans = [part.split("-") for part in ask.ranges.split(",")]
    pieces = [shape.content[int(first) : int(last) + 1] for first, last in spans]
    return all(piece in got for piece in pieces) and (len(pieces) > 1 or got.endswith(b" " + pieces[0]))


def asks(shape: Shape, chance: random.Random) -> list[Ask]:
    """Choose requests: whole, one range, several, HEAD, each under any of the file's URLs."""
    size = len(shape.content)
    cuts = sorted(chance.sample(range(size), 6))
    one = f"{cuts[0]}-{cuts[5]}"
    many = ",".join(f"{cuts[i]}-{cuts[i + 1]}" for i in (0, 2, 4))
    return [
        Ask("GET", chance.choice(shape.paths)),
        Ask("GET", chance.choice(shape.paths), one),
        Ask("GET", chance.choice(shape.paths), many),
        Ask("HEAD", chance.choice(shape.paths)),
    ]


@contextmanager
def flipped(path: Path, bit: int, *, forge_mtime: bool):
    """Flip one bit of a file, and flip it back; with ``forge_mtime`` the file says it was not changed."""
    import os

    def flip():
        before = path.stat()
        with path.open("r+b") as file:
            file.seek(bit // 8)
            byte = file.read(1)[0]
            file.seek(bit // 8)
            file.write(bytes([byte ^ 1 << bit % 8]))
        if forge_mtime:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    flip()
    try:
        yield
    finally:
        flip()


def run(client: Client, root: Path, shapes: list[Shape], flips: int, seed: int, *, remembers: int = 0) -> Tally:
    """Flip bits one at a time and ask; a block larger than ``remembers`` that is read whole has to fail."""
    chance = random.Random(seed)
    tally = Tally()
    for _ in range(flips):
        shape = chance.choice(shapes)
        block = chance.choice(shape.blocks)
        requests = asks(shape, chance)
        expected = [answer_of(client, ask) for ask in requests]
        for ask, answer in zip(requests, expected, strict=True):
            assert isinstance(answer, bytes), f"{ask} failed without any damage"
            assert is_slice(shape, ask, answer), f"{ask} is wrong without any damage"
        bit = chance.randrange(block.size * 8)
        with flipped(root / block.md5[:3] / block.md5, bit, forge_mtime=chance.random() < 0.5):
            tally.flips += 1
            for ask, right in zip(requests, expected, strict=True):
                got = answer_of(client, ask)
                outcome = "loud" if got == "loud" else "right" if got == right else "wrong"
                must_fail = ask.method == "GET" and not ask.ranges and block.size > remembers
                tally.outcomes[outcome] += 1
                if outcome == "wrong" or (must_fail and outcome != "loud"):
                    tally.wrong.append(f"{outcome}: {ask}, bit {bit} of {block}")
    return tally
