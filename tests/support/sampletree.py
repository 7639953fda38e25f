"""A real folder tree: thousands of files, and the odd ones that real trees have."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path

LEFT_OUT = {"__pycache__", "site-packages", "dist-packages"}
LARGEST_BYTES = 8 << 20
"""A static library of a hundred megabytes would test the machine's disk and nothing else."""

ODD_NAMES = (
    " leading and trailing ",
    "a file with spaces",
    "percent%20%41%zz",
    "hash#mark",
    "question?mark",
    "semi;colon",
    "colon:colon",
    "plus+and&amp",
    "'single' and \"double\"",
    "<angle>",
    "back\\slash",
    "bracket[0]{1}(2)",
    "tilde~ dollar$ bang! star* comma, equals= at@ caret^ pipe|",
    ".hidden",
    "...",
    "trailing.dot.",
    "\u00fcml\u00e4ut",
    "u\u0308ml decomposed",
    "\u65e5\u672c\u8a9e",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "emoji \U0001f680",
    "x" * 200,
)

Tree = dict[str, bytes | None]
"""Path below the root to content; ``None`` is a directory."""


def make_sample_tree(target: Path, *, limit: int | None = None) -> Tree:
    """Fill a new folder with the machine's Python standard library and odd files; return what is in it.

    ``limit`` bounds the number of files taken from the library.
    """
    target.mkdir(parents=True)
    _copy_library(target, limit)
    odd = target / "odd"
    odd.mkdir()
    for number, name in enumerate(ODD_NAMES):
        (odd / name).write_bytes(f"{number} {name}".encode())
        (odd / f"dir {name[:150]}").mkdir()
        (odd / f"dir {name[:150]}" / name).write_bytes(b"")
    (target / "empty directory").mkdir()
    for size in (0, 1, 65535, 65536, 1 << 20, (1 << 20) + 1):
        (target / f"of {size} bytes").write_bytes(_pattern(size))
    deep = target.joinpath(*(f"level{number}" for number in range(40)))
    deep.mkdir(parents=True)
    (deep / "bottom").write_bytes(b"forty levels down")
    return read_tree(target)


def read_tree(root: Path) -> Tree:
    """Read a folder into memory."""
    tree: Tree = {}
    for folder, folders, files in os.walk(root):
        below = Path(folder).relative_to(root)
        for name in folders:
            tree[(below / name).as_posix()] = None
        for name in files:
            tree[(below / name).as_posix()] = Path(folder, name).read_bytes()
    return tree


def _copy_library(target: Path, limit: int | None) -> None:
    source = Path(sysconfig.get_path("stdlib"))
    taken = 0
    for folder, folders, files in os.walk(source):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        place = target / Path(folder).relative_to(source)
        place.mkdir(exist_ok=True)
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_file() and path.stat().st_size <= LARGEST_BYTES:
                shutil.copyfile(path, place / name)
                taken += 1
            if taken == limit:
                return


def _pattern(size: int) -> bytes:
    block = bytes(range(251))
    return (block * (size // len(block) + 1))[:size]
