"""What a server costs: processor time and memory of a process and everything below it, from ``/proc`` (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int, field: str = "VmRSS") -> int:
    """Sum a figure of /proc/PID/status over a process tree. A page that n processes share counts n times."""
    total = 0
    for process in process_tree(pid):
        for line in _lines(Path(f"/proc/{process}/status")):
            if line.startswith(f"{field}:"):
                total += int(line.split()[1]) << 10
    return total


def forget_peak(pid: int) -> None:
    """Let VmHWM, the peak of the resident memory, begin again at what it is now; needs to be the owner, or root."""
    for process in process_tree(pid):
        with suppress(OSError):
            Path(f"/proc/{process}/clear_refs").write_text("5")


def cpu_s(pid: int) -> float:
    """Sum the processor time, in user and system mode, of a process tree, children that have ended included."""
    ticks = 0
    for process in process_tree(pid):
        for line in _lines(Path(f"/proc/{process}/stat")):
            ticks += sum(map(int, line.rpartition(")")[2].split()[11:15]))
    return ticks / _TICKS_PER_S


def process_tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for process in found:
        for task in _tasks(process):
            for line in _lines(task / "children"):
                found += map(int, line.split())
    return found


def _tasks(process: int) -> Iterator[Path]:
    """Yield the threads of a process; none if it has ended."""
    with suppress(OSError):
        yield from Path(f"/proc/{process}/task").iterdir()


def _lines(path: Path) -> list[str]:
    """Read a file of a process that may end at any moment."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
