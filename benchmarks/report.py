"""What the measurements share: a table, a verdict, the memory of a process tree."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

MIB = 1 << 20


def print_machine() -> None:
    """Say where the figures come from: without that they mean nothing."""
    processor = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    print(f"{processor}, {cores} cores, Linux {platform.release()}, Python {platform.python_version()}\n")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as what is in them."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, ["-" * width for width in widths], *rows):
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    print()


def verdict(broken: Sequence[str]) -> int:
    """Print which promises are broken; return the exit status."""
    for promise in broken:
        print(f"BROKEN: {promise}")
    if not broken:
        print("every promise is kept")
    return 1 if broken else 0


def memory_bytes(pid: int, field: str = "VmRSS") -> int:
    """Sum a figure of /proc/PID/status over a process and its descendants."""
    total = 0
    for process in process_tree(pid):
        status = Path(f"/proc/{process}/status").read_text()
        total += next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith(f"{field}:"))
    return total


def cpu_s(pid: int) -> float:
    """Sum the processor time, in user and system mode, of a process and its descendants."""
    ticks = 0
    for process in process_tree(pid):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def process_tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for process in found:
        tasks = Path(f"/proc/{process}/task").iterdir()
        found += [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return found
