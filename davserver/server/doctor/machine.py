"""Whether the machine gives what the settings take: memory and descriptors."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from davserver.config import Settings
from davserver.server.doctor.finding import Finding

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def examine_machine(settings: Settings) -> Iterator[Finding]:
    """Look at memory and descriptors."""
    yield _memory(settings, _memory_of_machine())
    yield _descriptors(settings)


def _memory(settings: Settings, machine: int) -> Finding:
    processes = (settings.workers or os.cpu_count() or 1) + 1
    most = processes * settings.memory_bytes
    text = f"{processes} processes may take {most / 1e9:.1f} GB of {machine / 1e9:.1f} GB"
    if most > machine:
        return Finding("warning", "memory", text, "lower memory_bytes: the system ends who takes more than there is")
    return Finding("ok", "memory", text)


def _memory_of_machine() -> int:
    """Return the bytes of memory of the machine, or of the container if that has fewer."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _CGROUP_LIMIT.read_text().strip() if _CGROUP_LIMIT.exists() else "max"
    return min(machine, int(limit)) if limit.isdecimal() else machine


def _descriptors(settings: Settings) -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < settings.limits_connections:
        message = f"{hard} descriptors: fewer connections than limits.connections, {settings.limits_connections}"
        return Finding("warning", "descriptors", message, "ulimit -n, or LimitNOFILE= of the service")
    return Finding("ok", "descriptors", "enough for limits.connections")
