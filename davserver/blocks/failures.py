"""What the operating system's errors mean to a store.

Owns: the one place where an OSError becomes a domain error.
Never: decides whether a missing file is a missing block; that is the caller's knowledge.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from davserver.errors import DavserverError, StoreFull, StoreUnavailable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK})
"""A file system without hard links (vfat, some network file systems) answers a link with one of these."""

_HINTS = {
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "the machine has no open files left",
    errno.EIO: "look at the kernel's log: the disk may be failing",
    errno.EROFS: "the file system is mounted read-only, perhaps after an error",
    errno.EACCES: "the block directory must belong to the user the server runs as",
    errno.EPERM: "the block directory must belong to the user the server runs as",
    errno.ENOENT: "is the disk with the blocks mounted?",
}


def domain_error(error: OSError, subject: str) -> DavserverError:
    """Say in the house's terms what an OSError means; ``subject`` names what was worked on."""
    code = error.errno or 0
    reason = os.strerror(code) if code else str(error)
    if code in FULL:
        return StoreFull(f"{subject}: {reason}", hint="free some space, or empty the trash with: davserver gc")
    return StoreUnavailable(f"{subject}: {reason}", hint=_HINTS.get(code, ""))


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Turn every OSError that leaves the block into a domain error about ``subject``."""
    try:
        yield
    except OSError as error:
        raise domain_error(error, subject) from error
