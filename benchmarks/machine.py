"""The machine that the figures are of: what it is, how steady it is, and how fast one of its cores computes MD5."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from pathlib import Path

MIB = 1 << 20
_PROBE = bytes(32 * MIB)
_HASHED_AT_ONCE = MIB
_MD5_BYTES = 256 * MIB


def machine() -> dict[str, str]:
    """Describe the machine in a few words each."""
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory_kib = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{memory_kib / MIB:.0f} GiB",
        "system": f"Linux {platform.release()}",
        "python": platform.python_version(),
    }


def noise_s() -> float:
    """Time a fixed piece of work for one core: where it differs between samples, something else ran."""
    start = time.perf_counter()
    hashlib.sha256(_PROBE).digest()
    return time.perf_counter() - start


def md5_mib_s() -> float:
    """Return how many MiB of MD5 one core computes a second: the bound of any upload that is hashed on one."""
    piece = memoryview(_PROBE)[:_HASHED_AT_ONCE]
    digest = hashlib.md5(usedforsecurity=False)
    start = time.perf_counter()
    for _ in range(_MD5_BYTES // _HASHED_AT_ONCE):
        digest.update(piece)
    digest.digest()
    return _MD5_BYTES / MIB / (time.perf_counter() - start)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
