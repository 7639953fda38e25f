"""Mutated requests against a real server over real connections: ``python -m fuzz.server --minutes 10``.

Owns: the mutations (of the requests in ``tests/transcripts``), the server, and what must hold however it is treated:
no answer is a 500, no connection hangs, the process stays, another connection is served meanwhile, its memory comes to
rest, its log tells of no failed request.
Coverage does not guide it; what it finds lies in the requests' order and framing, which no target of ``fuzz`` sees.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from fuzz.seeds import recorded_requests
from tests.support.davclient import Dav
from tests.support.serving import Served, start

PATIENCE_S = 30.0
LOOK_EVERY = 100
GROWTH_BYTES = 96 << 20
"""How much more memory than after its first third a run may end with."""

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n")
_PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"/", b"//", b"/../", b"%2f", b"%00", b"%", b";", b"?", b"#", b"*",
    b"\r\n ", b"\x0b", b"\xff", b"\xc0\xaf", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"http://h/",
    b"Content-Length: 5\r\n",
    b"Content-Length: +5\r\n", b"Content-Length: 5, 5\r\n", b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding : chunked\r\n",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: h2c\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n",
    b"fffffffffffffff\r\n", b"5;x=y\r\n", b"Range: bytes=0-0,2-\r\n", b"If: (<x>)\r\n", b"Depth: infinity\r\n",
    b"Destination: /c/x\r\n", b"Overwrite: F\r\n", b"X-Forwarded-For: 1.2.3.4\r\n", b"Authorization: Basic dTpw\r\n",
    b"Upload-Complete: ?0\r\n", b"Accept-Encoding: gzip\r\n", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<:a/>", b"&b;",
)  # fmt: skip


@dataclass
class Report:
    """What was sent and what came back; ``failures`` is empty if all is well."""

    inputs: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    memory_bytes: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        answers = ", ".join(f"{status}: {count:,}" for status, count in sorted(self.answers.items()))
        grown = (
            max(0, self.memory_bytes[-1] - self.memory_bytes[len(self.memory_bytes) // 3]) if self.memory_bytes else 0
        )
        return f"{self.inputs:,} inputs, answers {answers}; {grown >> 20} MiB grown; {len(self.failures)} failures"


def mutated(choose: random.Random, seeds: list[bytes]) -> bytes:
    """Join one to three recorded requests, and injure them in up to six places."""
    data = bytearray(b"".join(choose.choices(seeds, k=choose.choice((1, 1, 2, 3)))))
    for _ in range(choose.choice((0, 1, 1, 2, 3, 6))):
        at = choose.randrange(len(data) + 1)
        length = choose.choice((1, 1, 2, 8, 64))
        match choose.randrange(6):
            case 0:
                data[at:at] = choose.choice(_PIECES)
            case 1:
                del data[at : at + length]
            case 2:
                data[at : at + length] = choose.randbytes(length)
            case 3:
                data[at:at] = data[at : at + length] * choose.choice((1, 2, 50))
            case 4:
                other = choose.choice(seeds)
                data[at:at] = other[choose.randrange(len(other)) :][:length]
            case _:
                del data[at:]
    return bytes(data[: 1 << 17])


def exchange(host: str, port: int, data: bytes, choose: random.Random) -> bytes:
    """Send bytes on a connection of their own, perhaps in pieces; return all that comes until it ends."""
    received = bytearray()
    with socket.create_connection((host, port), PATIENCE_S) as stream:
        with suppress(BrokenPipeError, ConnectionResetError):
            cut = choose.randrange(len(data) + 1) if data and choose.random() < 0.3 else 0
            stream.sendall(data[:cut])
            stream.sendall(data[cut:])
            stream.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while piece := stream.recv(1 << 16):
                received += piece
    return bytes(received)


def throw(served: Served, seconds: float, seed: int, most: int = sys.maxsize) -> Report:
    """Throw inputs at a server until the time is over or something is wrong."""
    report, seeds, choose = Report(), recorded_requests(), random.Random(seed)  # repeatable, no secret
    end = time.monotonic() + seconds
    with Dav(served.url) as witness:
        witness.mkcol("witness")
        witness.put("witness/f", b"whole")
        while time.monotonic() < end and report.inputs < most and not report.failures:
            if report.inputs % LOOK_EVERY == 0:
                _begin_anew(witness)
            _one(served, mutated(choose, seeds), choose, report)
            if report.inputs % LOOK_EVERY == 0:
                _look(served, witness, report)
        _look(served, witness, report)
    return report


def _begin_anew(witness: Dav) -> None:
    """Put an empty collection where the inputs work, so that a lock of theirs does not keep all others out."""
    for entry in witness.list("/")[1:]:
        if entry.path != "witness":
            token = witness.send("PROPFIND", entry.path, headers={"Depth": "0"}).content
            locks = [f"<{text}>" for text in re.findall(r"urn:uuid:[0-9a-f-]+", token.decode())]
            witness.send("DELETE", entry.path, headers={"If": " ".join(f"({lock})" for lock in locks)} if locks else {})
    witness.send("MKCOL", "c")
    witness.put("c/f", b"hello")


def _one(served: Served, data: bytes, choose: random.Random, report: Report) -> None:
    report.inputs += 1
    try:
        answer = exchange(served.host, served.port, data, choose)
    except TimeoutError:
        report.failures.append(f"no end after {PATIENCE_S} s: {data!r}")
        return
    for status in _STATUS.findall(answer):
        report.answers[status.decode()] += 1
        if status == b"500":
            report.failures.append(f"500 to {data!r}: {answer[-300:]!r}")
    if answer and not answer.startswith(b"HTTP/1.1 "):
        report.failures.append(f"no response but {answer[:100]!r} to {data!r}")


def _look(served: Served, witness: Dav, report: Report) -> None:
    """Look whether the server is well: alive, serving others, at rest in memory, without complaints."""
    if served.process.poll() is not None:
        report.failures.append(f"the server ended: {served.process.returncode}")
        return
    began = time.monotonic()
    if witness.get("witness/f") != b"whole" or time.monotonic() - began > PATIENCE_S:
        report.failures.append("another connection was not served")
    pages = int(Path(f"/proc/{served.pid}/statm").read_text().split()[1])
    report.memory_bytes.append(pages * 4096)
    settled = report.memory_bytes[len(report.memory_bytes) // 3]
    if len(report.memory_bytes) > 30 and report.memory_bytes[-1] > settled + GROWTH_BYTES:
        report.failures.append(f"memory grew from {settled >> 20} to {report.memory_bytes[-1] >> 20} MiB")
    failed = [line for line in served.errors if "request failed" in line or "Traceback" in line or "broken off" in line]
    report.failures += failed[:3]


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.server", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    environ = {"DAVSERVER_LOG_ACCESS": "false", "DAVSERVER_LOG_LEVEL": "error", "DAVSERVER_LIMITS_IO_S": "20"}
    with TemporaryDirectory() as folder, start(Path(folder) / "data", environ=environ) as served:
        report = throw(served, arguments.minutes * 60, arguments.seed)
    print(report, *report.failures, sep="\n")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
