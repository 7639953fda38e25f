"""Whether the data directory is on a disk that keeps what it is given, and has room."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from davserver.config import Settings
from davserver.server.doctor.finding import Finding

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs"})
_SYNCS = 9
_SLOW_S = 0.02
_CLOCKS_APART_S = 2.0
_FEW_FILES = 100_000


def examine_disk(settings: Settings, wall: Callable[[], float], monotonic: Callable[[], float]) -> Iterator[Finding]:
    """Look at the directory, its file system, its space, how long a sync takes, by one small file that goes again."""
    data = settings.data.absolute()
    if not data.is_dir():
        yield Finding("ok", "data", f"{data} is not there yet: the first command makes it")
        return
    yield _mode(data)
    yield _kind(data, file_system_of(data, _MOUNTS.read_text() if _MOUNTS.exists() else ""))
    yield from _room(data, settings.limits_reserve_bytes)
    yield from _syncs(data, wall, monotonic)


def _mode(data: Path) -> Finding:
    status = data.stat()
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding("warning", "data", f"{data} is open to others: they read every file", f"chmod 700 {data}")
    return Finding("ok", "data", f"{data} is for its owner alone")


def file_system_of(path: Path, mounts: str) -> str:
    """Return the type of a path's file system, by the text of /proc/self/mountinfo; "" if that does not say."""
    found = ("", "")
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        if path.is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, after.split()[0])
    return found[1]


def _kind(data: Path, kind: str) -> Finding:
    if kind in _NETWORK:
        hint = "put the catalog on a disk of this machine; blocks may stay: the setting blocks"
        return Finding("error", "file system", f"{data} is on {kind}: SQLite's log needs memory that is shared", hint)
    if kind in {"tmpfs", "ramfs"}:
        return Finding("error", "file system", f"{data} is in memory ({kind}): all is lost when the machine stops")
    if kind == "overlay":
        return Finding("warning", "file system", f"{data} goes with its container", "mount a volume there")
    return Finding("ok", "file system", kind or "of a kind that this system does not tell")


def _room(data: Path, reserve: int) -> Iterator[Finding]:
    about = os.statvfs(data)
    free = about.f_bavail * about.f_frsize
    text = f"{free / 1e9:.1f} GB free"
    if free <= reserve:
        yield Finding("error", "space", f"{text}: uploads are refused below limits.reserve_bytes", "make room")
    elif free < 4 * reserve:
        yield Finding("warning", "space", f"{text}: uploads are refused below {reserve / 1e9:.1f} GB", "make room")
    else:
        yield Finding("ok", "space", text)
    if about.f_files and about.f_favail < _FEW_FILES:
        yield Finding("warning", "space", f"room for {about.f_favail} more files", "the file system has few inodes")


def _syncs(data: Path, wall: Callable[[], float], monotonic: Callable[[], float]) -> Iterator[Finding]:
    """Write and sync as a change does, in a file that has no name that others would take for theirs."""
    took = []
    with tempfile.NamedTemporaryFile(dir=data, prefix="doctor-") as file:
        for _ in range(_SYNCS):
            os.write(file.fileno(), bytes(4096))
            began = monotonic()
            os.fsync(file.fileno())
            took.append(monotonic() - began)
        apart = abs(os.fstat(file.fileno()).st_mtime - wall())
    typical = median(took)
    text = f"a sync takes {typical * 1000:.2f} ms, the slowest of {_SYNCS} {max(took) * 1000:.2f} ms"
    if typical > _SLOW_S:
        yield Finding("warning", "sync", text, "each change waits for one: a faster disk is what helps most")
    else:
        yield Finding("ok", "sync", text)
    if apart > _CLOCKS_APART_S:
        yield Finding("warning", "clock", f"the disk's clock is {apart:.0f} s from this machine's", "gc goes by times")
