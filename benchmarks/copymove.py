"""COPY and MOVE cost the same whatever they carry.

``python -m benchmarks.copymove [--gib N] [--files N] [--runs N]`` copies and moves a large file and a large folder,
within a collection and to another. Promise: the slowest answer in under 100 ms.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from benchmarks.report import print_machine, print_table, verdict
from tests.support.davclient import Dav
from tests.support.process import davserver, serving

MOST_S = 0.1
PIECE = bytes(1 << 20)


def upload(dav: Dav, path: str, gib: float) -> float:
    """Store a large file; return MiB/s."""
    pieces = int(gib * 1024)

    def body() -> Iterator[bytes]:
        for number in range(pieces):
            yield number.to_bytes(8) + PIECE[8:]

    start = time.perf_counter()
    requests.put(dav.url(path), data=body(), timeout=600).raise_for_status()
    return pieces / (time.perf_counter() - start)


def timed(act: Callable[[], None]) -> float:
    """Return how many seconds something took."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measure(dav: Dav, source: str, runs: int) -> dict[str, list[float]]:
    """Copy and move a resource again and again; return the seconds of each kind."""
    seconds: dict[str, list[float]] = {"COPY": [], "MOVE": [], "COPY across": [], "MOVE across": [], "DELETE": []}
    for run in range(runs):
        seconds["COPY"].append(timed(lambda: dav.copy(source, f"from/copy-{run}")))  # noqa: B023 - called at once
        seconds["MOVE"].append(timed(lambda: dav.move(f"from/copy-{run}", f"from/moved-{run}")))  # noqa: B023
        seconds["COPY across"].append(timed(lambda: dav.copy(source, f"to/copy-{run}")))  # noqa: B023
        seconds["MOVE across"].append(timed(lambda: dav.move(f"from/moved-{run}", f"to/moved-{run}")))  # noqa: B023
        seconds["DELETE"].append(timed(lambda: dav.delete(f"to/moved-{run}")))  # noqa: B023
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=1.0)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    print_machine()
    rows, broken = [], []
    with tempfile.TemporaryDirectory() as name, serving(Path(name) / "data") as server, server.dav() as dav:
        for collection in ("from", "to", "from/many"):
            dav.mkcol(collection)
        print(f"PUT of {options.gib:g} GiB, chunked: {upload(dav, 'from/large', options.gib):.0f} MiB/s\n")
        for number in range(options.files):
            dav.put(f"from/many/{number:06}", b"%d" % number)
        subjects = ((f"{options.gib:g} GiB file", "from/large"), (f"{options.files:,} files", "from/many"))
        for state in ("in the journal", "committed"):
            if state == "committed":
                davserver(server.data, "commit", "from")
            for what, source in subjects:
                for verb, seconds in measure(dav, source, options.runs).items():
                    worst = max(seconds)
                    rows.append([what, state, verb, f"{statistics.median(seconds) * 1000:.1f}", f"{worst * 1000:.1f}"])
                    if worst > MOST_S:
                        broken.append(f"{verb} of {what} ({state}) took {worst * 1000:.0f} ms")
    print_table(["what", "state", "verb", "median ms", "worst ms"], rows)
    return verdict(broken)


if __name__ == "__main__":
    sys.exit(main())
