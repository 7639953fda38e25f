"""A manifest of a million files can be imported, and after a restart one of its folders is listed at once.

``python -m benchmarks.million [--streams N] [--files N]``. Promise: the first listing under 300 ms, the server under
200 MiB.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.machine import MIB
from benchmarks.processes import memory_bytes
from benchmarks.report import print_machine, print_table, verdict
from tests.support.process import davserver, serving

FILE_BYTES = 10
MOST_LISTING_S = 0.3
MOST_BYTES = 200 * MIB


def lines(blocks: Path, streams: int, files: int) -> Iterator[str]:
    """Write the block of each stream; yield the stream's line."""
    for stream in range(streams):
        content = b"".join(b"%04d-%05d" % (stream % 10_000, number % 100_000) for number in range(files))
        digest = hashlib.md5(content).hexdigest()
        path = blocks / digest[:3] / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        tokens = " ".join(f"{number * FILE_BYTES}:{FILE_BYTES}:file-{number:05}" for number in range(files))
        yield f"./folder-{stream:04} {digest}+{len(content)} {tokens}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--files", type=int, default=1_000)
    options = parser.parse_args()
    print_machine()
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        manifest = Path(name) / "manifest"
        with manifest.open("w") as file:
            file.writelines(lines(data / "blocks", options.streams, options.files))
        start = time.perf_counter()
        davserver(data, "import", "million", str(manifest), timeout_s=1_800)
        import_s = time.perf_counter() - start
        gc_s, gc_peak = collect_garbage(data)
        with serving(data) as server, server.dav() as dav:
            idle = memory_bytes(server.pid)
            start = time.perf_counter()
            listed = dav.list(f"million/folder-{options.streams // 2:04}/")
            first_s = time.perf_counter() - start
            start = time.perf_counter()
            folders = dav.list("million/")
            root_s = time.perf_counter() - start
            used, peak = memory_bytes(server.pid), memory_bytes(server.pid, "VmHWM")
            if len(listed) != options.files + 1 or len(folders) != options.streams + 1:
                raise SystemExit(f"{len(listed)} and {len(folders)} entries were listed")
    mib = manifest_mib(options.streams, options.files)
    print_table(
        [
            "files", "manifest MiB", "import s", "first listing ms", "root ms", "idle MiB", "then MiB", "peak MiB",
            "gc s", "gc MiB",
        ],
        [[
            f"{options.streams * options.files:,}", f"{mib:.0f}", f"{import_s:.1f}", f"{first_s * 1000:.0f}",
            f"{root_s * 1000:.0f}", f"{idle / MIB:.0f}", f"{used / MIB:.0f}", f"{peak / MIB:.0f}",
            f"{gc_s:.1f}", f"{gc_peak / MIB:.0f}",
        ]],
    )  # fmt: skip
    broken = []
    if first_s > MOST_LISTING_S:
        broken.append(f"the first listing took {first_s * 1000:.0f} ms")
    if peak > MOST_BYTES:
        broken.append(f"the server used {peak / MIB:.0f} MiB")
    if gc_peak > MOST_BYTES:
        broken.append(f"gc used {gc_peak / MIB:.0f} MiB")
    return verdict(broken)


def collect_garbage(data: Path) -> tuple[float, int]:
    """Run gc on all of it; return its seconds and its peak memory in bytes."""
    start = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "davserver", "gc", "--data", str(data)], os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"gc ended with status {status}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def manifest_mib(streams: int, files: int) -> float:
    """Tell how long the text was; it is gone with its folder."""
    token_bytes = sum(len(f" {number * FILE_BYTES}:{FILE_BYTES}:file-{number:05}") for number in range(files))
    return streams * (token_bytes + 60) / MIB


if __name__ == "__main__":
    sys.exit(main())
