"""The cost of a PUT does not grow with its collection.

``python -m benchmarks.growth [--puts N] [--connections N,N] [--workers N]`` stores N small files in one collection,
over kept connections, and compares the last thousand with the first. Promise: at most 1.2 times, syncing included.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.report import print_machine, print_table, verdict
from tests.support.process import Server, serving

BODY = b"x" * 1024
WINDOW = 1_000
WARM_UP = 500
MOST_RATIO = 1.2


def put_all(server: Server, collection: str, puts: int, connections: int) -> list[float]:
    """Store the files; return when each answer came, in seconds, in order."""
    numbers = iter(range(puts))
    lock = threading.Lock()
    moments: list[float] = []

    def work() -> None:
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
            moments.append(time.perf_counter())

    start = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(moments) != puts:
        raise SystemExit(f"only {len(moments)} of {puts} files were stored")
    return [start, *sorted(moments)]


def measure(puts: int, connections: int, workers: str) -> list[float]:
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
        moments = measure(options.puts, connections, options.workers)
        first, last = moments[WINDOW] - moments[0], moments[-1] - moments[-1 - WINDOW]
        rate = options.puts / (moments[-1] - moments[0])
        rows.append([str(connections), f"{rate:.0f}", f"{first:.3f}", f"{last:.3f}", f"{last / first:.2f}"])
        if last / first > MOST_RATIO:
            broken.append(f"{connections} connections: the last {WINDOW} PUTs took {last / first:.2f} times the first")
    print_table(["connections", "PUT/s", f"first {WINDOW} s", f"last {WINDOW} s", "ratio"], rows)
    return verdict(broken)


if __name__ == "__main__":
    sys.exit(main())
