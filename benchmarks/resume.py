"""An upload goes on where it stopped, however large it is and however often the server is killed meanwhile.

``python -m benchmarks.resume [--gib N] [--kills N]`` sends one file by a resumable upload, kills the server (SIGKILL)
at even distances, asks the new one for the offset and goes on from there; then the file is read back. Promises: the
SHA-256 is that of what was sent, a kill costs at most a block and what the sockets held, the server stays under
400 MiB. The disk has to hold the file once; it is in the temporary directory (``TMPDIR``).
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import MIB
from benchmarks.processes import memory_bytes
from benchmarks.report import print_machine, print_table, verdict
from tests.support.process import Server, serving

MOST_SENT_AGAIN = 80 * MIB
MOST_BYTES = 400 * MIB
PIECE = random.Random(7).randbytes(MIB)


class Leg(NamedTuple):
    """What was done between two kills; ``sent_to`` is how far the client had come, ``kept`` what is there of it."""

    began: int
    sent_to: int
    kept: int
    seconds: float
    peak_bytes: int


def pieces(first: int, size: int) -> Iterator[bytes]:
    """Yield the file from a byte on, a MiB at a time; no two of them are alike, so no block is stored twice."""
    for number in range(first // MIB, size // MIB):
        piece = number.to_bytes(8, "big") + PIECE[8:]
        yield piece[first - number * MIB :] if number == first // MIB else piece


def send(server: Server, upload: str, began: int, size: int, kill_at: int) -> Leg:
    """Send from an offset; kill the server on the way, or (``kill_at`` at the end) take its answer."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=300)
    connection.putrequest("PATCH", upload)
    for name, value in (
        ("Upload-Offset", str(began)),
        ("Upload-Complete", "?1"),
        ("Content-Type", "application/partial-upload"),
        ("Content-Length", str(size - began)),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    sent_to = began
    for piece in pieces(began, size):
        if sent_to >= kill_at:
            break
        connection.send(piece)
        sent_to += len(piece)
    if kill_at < size:
        peak = memory_bytes(server.pid, "VmHWM")
        server.kill()
        connection.close()
        seconds = time.perf_counter() - start
        server.start()
        return Leg(began, sent_to, offset_of(server, upload), seconds, peak)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 201:
        raise SystemExit(f"the last PATCH was answered {answer.status}")
    connection.close()
    return Leg(began, sent_to, sent_to, time.perf_counter() - start, memory_bytes(server.pid, "VmHWM"))


def begin(server: Server, size: int) -> str:
    """Begin the upload without content; return the path of its URL."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.request("PUT", "/c/large", b"", {"Upload-Complete": "?0", "Upload-Length": str(size)})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return str(answer.headers["Location"])


def offset_of(server: Server, upload: str) -> int:
    """Ask how much of the upload there is."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.request("HEAD", upload)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return int(str(answer.headers["Upload-Offset"]))


def digest_served(server: Server) -> str:
    """Read the file back; return its SHA-256."""
    digest = hashlib.sha256()
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=300)
    connection.request("GET", "/c/large")
    answer = connection.getresponse()
    while piece := answer.read(MIB):
        digest.update(piece)
    connection.close()
    return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=3)
    options = parser.parse_args()
    size = int(options.gib * 1024) * MIB
    kills = [size * number // (options.kills + 1) for number in range(1, options.kills + 1)]
    print_machine()
    legs: list[Leg] = []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data") as server:
        with server.dav() as dav:
            dav.mkcol("c")
        upload = begin(server, size)
        for kill_at in (*kills, size):
            legs.append(send(server, upload, legs[-1].kept if legs else 0, size, kill_at))
        served = digest_served(server)
        peak = max(*(leg.peak_bytes for leg in legs), memory_bytes(server.pid, "VmHWM"))
    expected = hashlib.sha256()
    for piece in pieces(0, size):
        expected.update(piece)
    rows = [
        [
            f"{leg.began / MIB:.0f}", f"{leg.sent_to / MIB:.0f}", f"{leg.kept / MIB:.0f}", f"{leg.seconds:.0f}",
            f"{(leg.sent_to - leg.began) / MIB / leg.seconds:.0f}", f"{leg.peak_bytes / MIB:.0f}",
        ]
        for leg in legs
    ]  # fmt: skip
    print_table(["from MiB", "sent to", "kept", "s", "MiB/s", "peak MiB"], rows)
    print(f"sha256 {served}, peak {peak / MIB:.0f} MiB")
    broken = []
    if served != expected.hexdigest():
        broken.append("the file is not what was sent")
    again = max(leg.sent_to - leg.kept for leg in legs)
    if again > MOST_SENT_AGAIN:
        broken.append(f"{again / MIB:.0f} MiB had to be sent again")
    if peak > MOST_BYTES:
        broken.append(f"the server took {peak / MIB:.0f} MiB")
    return verdict(broken)


if __name__ == "__main__":
    sys.exit(main())
