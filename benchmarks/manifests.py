"""Collections of many files, by a manifest: the quick way to a million of them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_BYTES = 16


def folder_name(number: int) -> str:
    """Name a folder of such a collection."""
    return f"folder-{number:05}"


def file_name(number: int) -> str:
    """Name a file of any of its folders."""
    return f"file-{number:05}"


def import_folders(data: Path, collection: str, folders: int, files: int) -> None:
    """Make a collection of ``folders`` times ``files`` files; all folders have the same content, in one block.

    ``data`` is davserver's folder; a server may be running on it.
    """
    content = b"".join(b"%015d\n" % number for number in range(files))
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    block = data / "blocks" / digest[:3] / digest
    block.parent.mkdir(parents=True, exist_ok=True)
    block.write_bytes(content)
    command = [sys.executable, "-m", "davserver", "import", collection, "-", "--data", str(data)]
    text = "".join(_lines(f"{digest}+{len(content)}", folders, files))
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the import failed: {done.stderr[-500:]}")


def _lines(locator: str, folders: int, files: int) -> Iterator[str]:
    """Yield the manifest, a line for each folder."""
    tokens = " ".join(f"{number * FILE_BYTES}:{FILE_BYTES}:{file_name(number)}" for number in range(files))
    for number in range(folders):
        yield f"./{folder_name(number)} {locator} {tokens}\n"
