"""However many clients there are, and however slow, the server stays small and answers the others.

``python -m benchmarks.bounds [--idle N] [--slow N] [--uploads N] [--mib N] [--members N]``: idle connections that are
kept; slow clients (heads, bodies, and responses that nobody takes) while another one asks; uploads at once, all of
them different; one listing of a large folder. Promises: every idle connection stays; an answer beside slow clients
takes less than 5 s; no upload is refused; the peak of the server's memory stays under its budget (1 GiB) and 512 MiB
more. The disk has to hold the uploads; they are in the temporary directory (``TMPDIR``). ``--only NAME`` runs one part.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import MIB
from benchmarks.processes import memory_bytes
from benchmarks.report import print_machine, print_table, verdict
from tests.support.crowd import HEAD, are_open, connections, raise_descriptor_limit, timed, trickling, upload_all
from tests.support.process import Server, serving

MOST_BYTES = (1024 + 512) * MIB
MOST_S = 5.0
GET = b"GET /crowd/large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
PARTS = ("idle", "slow", "uploads", "listing")
_JSON = {"Content-Type": "application/json"}
Row = tuple[str, str, str, str]


class Bounds:
    """One server, and what was found out about it."""

    def __init__(self, server: Server, arguments: argparse.Namespace) -> None:
        self.server = server
        self.arguments = arguments
        self.port = int(server.url.rpartition(":")[2])
        self.rows: list[Row] = []
        self.broken: list[str] = []

    def note(self, what: str, said: str, seconds: float) -> None:
        """Add a row, with the memory as it is now and at its peak."""
        now, peak = memory_bytes(self.server.pid), memory_bytes(self.server.pid, "VmHWM")
        self.rows.append((what, said, f"{seconds:.2f} s", f"{now / MIB:.0f} / {peak / MIB:.0f}"))
        if peak > MOST_BYTES:
            self.broken.append(f"{what}: {peak / MIB:.0f} MiB")

    def idle(self) -> None:
        """Keep many connections, each of which has asked once."""
        count = self.arguments.idle
        before = memory_bytes(self.server.pid)
        with connections(self.port, count) as socks, self.server.dav() as dav:
            are_open(socks)
            each = (memory_bytes(self.server.pid) - before) / count / 1024
            seconds = timed(lambda: dav.send("PROPFIND", "crowd/", headers={"Depth": "0"}))
            kept = are_open(socks)
            self.note(f"{count} idle connections", f"{kept} kept, {each:.1f} KiB each, PROPFIND beside them", seconds)
        if kept != count:
            self.broken.append(f"only {kept} of {count} idle connections were kept")

    def slow(self) -> None:
        """Ask beside clients that send a byte now and then, or take none."""
        count = self.arguments.slow
        for what, first in (("heads", HEAD[:40]), ("bodies", HEAD), ("responses", GET)):
            with (
                connections(self.port, count, first, "127.0.0.2") as socks,
                trickling(socks if first != GET else [], 1.0),
            ):
                seconds = max(self.ask() for _ in range(5))
                self.note(f"{count} slow {what}", "the longest of 5 answers to another address", seconds)
                if seconds > MOST_S:
                    self.broken.append(f"beside slow {what} an answer took {seconds:.1f} s")

    def ask(self) -> float:
        """Return how long an answer takes to a client at another address than all the others."""
        with self.server.dav() as dav:
            return timed(lambda: dav.send("PROPFIND", "crowd/", headers={"Depth": "0"}))

    def uploads(self) -> None:
        """Upload many large files at once."""
        count, size = self.arguments.uploads, self.arguments.mib * MIB
        started = time.perf_counter()
        statuses = upload_all(self.server.url, count, size)
        seconds = time.perf_counter() - started
        said = f"{statuses.count(201)} stored, {count * size / MIB / seconds:.0f} MiB/s"
        self.note(f"{count} uploads of {self.arguments.mib} MiB", said, seconds)
        if statuses.count(201) != count:
            self.broken.append(f"uploads were refused: {sorted(set(statuses))}")

    def listing(self) -> None:
        """List a folder of many members."""
        members = self.arguments.members
        with self.server.dav() as dav:
            for number in range(members // 1000):
                changes = [{"do": "mkdir", "path": f"m{number:04}{member:03}"} for member in range(1000)]
                made = dav.send("POST", "_/api/collections/crowd/changes", data=_json(changes), headers=_JSON)
                if made.status_code != 200:
                    self.broken.append(f"members could not be made: {made.status_code} {made.content[:100]!r}")
                    return
            started = time.perf_counter()
            answer = dav.send("PROPFIND", "crowd/", headers={"Depth": "1"})
            seconds = time.perf_counter() - started
            self.note(f"PROPFIND of {members} members", f"{len(answer.content) / MIB:.0f} MiB", seconds)


def _json(changes: list[dict[str, str]]) -> bytes:
    return json.dumps({"changes": changes}).encode()


def main() -> int:
    """Measure and print; return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, count in (("idle", 10_000), ("slow", 500), ("uploads", 64), ("mib", 1024), ("members", 150_000)):
        parser.add_argument(f"--{name}", type=int, default=count, metavar="N")
    parser.add_argument("--only", choices=PARTS)
    arguments = parser.parse_args()
    raise_descriptor_limit()
    print_machine()
    with tempfile.TemporaryDirectory(prefix="davserver-bounds-") as directory:
        # Nobody is a proxy here: our own clients are to be counted as strangers would be.
        environment = {"DAVSERVER_PROXY_TRUSTED": "unix", "DAVSERVER_LIMITS_ADDRESS_CONNECTIONS": "20000"}
        with serving(Path(directory) / "data", environment=environment) as server:
            bounds = Bounds(server, arguments)
            prepare(server)
            for part in PARTS if arguments.only is None else (arguments.only,):
                getattr(bounds, part)()
    print_table(("what", "came of it", "time", "MiB now / peak"), bounds.rows)
    return verdict(bounds.broken)


def prepare(server: Server) -> None:
    """Make the collection, and a file that fills all buffers on its way to somebody who does not take it."""
    with server.dav() as dav:
        dav.send("MKCOL", "crowd/")
        dav.send("PUT", "crowd/large", data=bytes(64 * MIB))


if __name__ == "__main__":
    sys.exit(main())
