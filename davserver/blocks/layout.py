"""The names in a block directory: Keep's directory volume.

Owns: which name means what; ``root/abc/abc<29 more>`` is a block, ``<md5>.trash.<unix time>`` a block in the
trash until then, ``tmp<md5><random>`` a block being written, ``<md5>.damaged.<unix time in ns>`` a file that had the
name of a block and not its bytes; ``root/claim-<catalog>`` says whose blocks these are; ``root/verified-blocks`` is the
table of ``marks``, which may be removed at any time.
Follows: arvados services/keepstore/unix_volume.go, so that a keepstore can serve the same directory.
Invariants: every other name is somebody else's, and is left alone.
"""

from __future__ import annotations

import re
from pathlib import Path

_DIRECTORY = re.compile(r"[0-9a-f]{3}\Z")
_BLOCK = re.compile(r"[0-9a-f]{32}\Z")
_TRASHED = re.compile(r"([0-9a-f]{32})\.trash\.([0-9]{1,19})\Z")
_CLAIM = re.compile(r"claim-([0-9a-f]{32})\Z")
_TEMPORARY = re.compile(r"tmp[0-9a-f]{32}")
_ASIDE = re.compile(r"[0-9a-f]{32}\.damaged\.[0-9]{1,19}\Z")
_MARKS = "verified-blocks"


def directory_of(root: Path, md5: str) -> Path:
    """Return the directory a block lives in."""
    return root / md5[:3]


def path_of(root: Path, md5: str) -> Path:
    """Return the file a block lives in."""
    return root / md5[:3] / md5


def temporary_path(root: Path, md5: str, nonce: bytes) -> Path:
    """Return a file to write a block to before it gets its name."""
    return root / md5[:3] / f"tmp{md5}{nonce.hex()}"


def trash_path(root: Path, md5: str, deadline_s: int) -> Path:
    """Return the file a block waits in until it is deleted."""
    return root / md5[:3] / f"{md5}.trash.{deadline_s}"


def aside_path(root: Path, md5: str, now_ns: int) -> Path:
    """Return the file that damaged bytes are kept in."""
    return root / md5[:3] / f"{md5}.damaged.{now_ns}"


def is_aside(name: str) -> bool:
    """Tell whether a file of this name holds damaged bytes that were set aside."""
    return _ASIDE.match(name) is not None


def claim_path(root: Path, catalog: str) -> Path:
    """Return the file that says that a catalog names blocks of this directory."""
    return root / f"claim-{catalog}"


def parse_claim(name: str) -> str | None:
    """Return the catalog of a claim's file; None if the name is not of that kind."""
    match = _CLAIM.match(name)
    return match[1] if match else None


def marks_path(root: Path) -> Path:
    """Return the file that remembers which blocks were found right."""
    return root / _MARKS


def is_marks(name: str) -> bool:
    """Tell whether a file of this name remembers which blocks were found right."""
    return name == _MARKS


def is_directory(name: str) -> bool:
    """Tell whether blocks live in a directory of this name."""
    return _DIRECTORY.match(name) is not None


def is_block(name: str) -> bool:
    """Tell whether a file of this name is a block."""
    return _BLOCK.match(name) is not None


def is_temporary(name: str) -> bool:
    """Tell whether a file of this name is a block being written, or left by a writer that died."""
    return _TEMPORARY.match(name) is not None


def parse_trashed(name: str) -> tuple[str, int] | None:
    """Return the MD5 and the deadline of a block in the trash; None if the name is not of that kind."""
    match = _TRASHED.match(name)
    return (match[1], int(match[2])) if match else None
