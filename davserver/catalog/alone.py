"""One at a time: a task that only one process of all may do.

Owns: a lock file beside the database for each such task. It is free as soon as its holder is gone, however it went.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from davserver.errors import AlreadyAtWork


@contextmanager
def alone(path: Path, task: str) -> Iterator[None]:
    """Hold the task's lock for the length of a ``with`` block; raises AlreadyAtWork if another process has it."""
    descriptor = os.open(path.with_name(f"{path.name}.{task}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyAtWork(f"another process is at it: {task}") from None
        yield
    finally:
        os.close(descriptor)
