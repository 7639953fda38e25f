"""What gzip costs and saves: the listing of a large folder, with and without.

``python -m benchmarks.listing [--files N]``. Promises: a tenth of the bytes or less, and the first of them not later
than half a second.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import print_machine, print_table, verdict
from tests.support.process import Server, serving

TURNS = 5
AT_ONCE = 1_000
MOST_FIRST_S = 0.5


class Listing(NamedTuple):
    """One listing: its bytes on the wire, when the first came and when the last."""

    size: int
    first_s: float
    last_s: float


def list_folder(server: Server, coding: str) -> Listing:
    """Ask once, on a connection of its own."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.connect()
    start = time.perf_counter()
    connection.request("PROPFIND", "/c/", headers={"Depth": "1", "Accept-Encoding": coding})
    answer = connection.getresponse()
    answer.read(1)
    first_s = time.perf_counter() - start
    size = 1 + len(answer.read())
    last_s = time.perf_counter() - start
    connection.close()
    return Listing(size, first_s, last_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    print_machine()
    rows, best = [], {}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data") as server, server.dav() as dav:
        dav.mkcol("c")
        for start in range(0, options.files, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, options.files))
            changes = [{"do": "put", "path": f"file-{number:06}", "text": str(number)} for number in numbers]
            body = json.dumps({"changes": changes}).encode()
            dav.expect("POST", "_/api/collections/c/changes", data=body, Content_Type="application/json")
        for coding in ("identity", "gzip"):
            listings = [list_folder(server, coding) for _ in range(TURNS)]
            best[coding] = min(listings, key=lambda listing: listing.last_s)
            first_s = min(listing.first_s for listing in listings)
            size, last_s = best[coding].size, best[coding].last_s
            rows.append([coding, f"{size:,}", f"{first_s * 1000:.0f}", f"{last_s * 1000:.0f}"])
    print_table(["coding", "bytes", "first byte ms", "last byte ms"], rows)
    broken = []
    if best["gzip"].size * 10 > best["identity"].size:
        broken.append("gzip saves less than nine tenths")
    if best["gzip"].first_s > MOST_FIRST_S:
        broken.append("the first byte comes late")
    return verdict(broken)


if __name__ == "__main__":
    sys.exit(main())
