"""The cost of a PUT does not grow with its collection.

``python -m benchmarks.growth [--puts N] [--connections N,N] [--workers N]`` stores N small files in one collection,
over kept connections, and compares the last thousand with the first. Promise: at most 1.2 times, syncing included. The
server's own processor time stands beside it: where only the clock's ratio is high, the machine had other work.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import cpu_s
from benchmarks.report import print_machine, print_table, verdict
from tests.support.process import Server, serving

BODY = b"x" * 1024
WINDOW = 1_000
WARM_UP = 500
MOST_RATIO = 1.2


class Mark(NamedTuple):
    """A moment of the measurement: the clock, and the processor time that the server has used."""

    clock_s: float
    cpu_s: float


def put_all(server: Server, collection: str, puts: int, connections: int) -> dict[int, Mark]:
    """Store the files; return the marks after 0, 1,000, all but 1,000 and all answers."""
    numbers = iter(range(puts))
    lock = threading.Lock()
    done = 0
    marks: dict[int, Mark] = {}

    def mark() -> None:
        if done in {0, WINDOW, puts - WINDOW, puts}:
            marks[done] = Mark(time.perf_counter(), cpu_s(server.pid))

    def work() -> None:
        nonlocal done
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                connection.close()
                return
            connection.request("PUT", f"/{collection}/file-{number:06}", BODY)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 201:
                raise SystemExit(f"PUT was answered {answer.status}")
            with lock:
                done += 1
                mark()

    mark()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if done != puts:
        raise SystemExit(f"only {done} of {puts} files were stored")
    return marks


def measure(puts: int, connections: int, workers: str) -> dict[int, Mark]:
    """Start a new server, warm it up in one collection, measure in another."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data", "--workers", workers) as server:
        for collection in ("warm-up", "grows"):
            with server.dav() as dav:
                dav.mkcol(collection)
        put_all(server, "warm-up", WARM_UP, connections)
        return put_all(server, "grows", puts, connections)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--puts", type=int, default=50_000)
    parser.add_argument("--connections", default="1,8")
    parser.add_argument("--workers", default="1")
    options = parser.parse_args()
    rows, broken = [], []
    print_machine()
    for connections in map(int, options.connections.split(",")):
        marks = measure(options.puts, connections, options.workers)
        start, first, last, end = (marks[count] for count in (0, WINDOW, options.puts - WINDOW, options.puts))
        first_s, last_s = first.clock_s - start.clock_s, end.clock_s - last.clock_s
        first_cpu_s, last_cpu_s = first.cpu_s - start.cpu_s, end.cpu_s - last.cpu_s
        rows.append([
            str(connections), f"{options.puts / (end.clock_s - start.clock_s):.0f}", f"{first_s:.2f}", f"{last_s:.2f}",
            f"{last_s / first_s:.2f}", f"{first_cpu_s:.2f}", f"{last_cpu_s:.2f}", f"{last_cpu_s / first_cpu_s:.2f}",
        ])  # fmt: skip
        if last_s / first_s > MOST_RATIO:
            broken.append(f"{connections} connections: the last {WINDOW} took {last_s / first_s:.2f} times the first")
    print_table(["connections", "PUT/s", "first s", "last s", "ratio", "first cpu s", "last cpu s", "ratio"], rows)
    return verdict(broken)


if __name__ == "__main__":
    sys.exit(main())
