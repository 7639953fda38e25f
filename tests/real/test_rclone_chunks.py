"""rclone as a client of Nextcloud: large files go in chunks, with times and checksums."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import davserver, serving
from tests.support.programs import real_program, unavailable

pytestmark = pytest.mark.real

FIRST_WITH_CHUNKS = (1, 63)
CHUNK = 1 << 20


def rclone_program() -> Path:
    """Find an rclone that knows chunks: Debian 12's does not, the one of the developer's environment does."""
    own = Path(sys.executable).with_name("rclone")
    program = own if own.exists() else real_program("rclone")
    version = subprocess.run([program, "version"], capture_output=True, text=True, timeout=60, check=True).stdout
    known = re.match(r"rclone v(\d+)\.(\d+)", version)
    if known is None or (int(known[1]), int(known[2])) < FIRST_WITH_CHUNKS:
        unavailable("this rclone is older than 1.63, which learned to upload in chunks")
    return program


def test_rclone_uploads_in_chunks(tmp_path: Path) -> None:
    program = rclone_program()
    source = tmp_path / "source"
    source.mkdir()
    (source / "big file").write_bytes(random.Random(1).randbytes(5 * CHUNK + 12_345))
    (source / "small").write_bytes(b"small")
    with serving(tmp_path / "data") as server:

        def rclone(*arguments: object) -> str:
            where = ("--webdav-url", f"{server.url}/remote.php/dav/files/ann", "--webdav-vendor", "nextcloud")
            options = ("--config", "/dev/null", "--webdav-nextcloud-chunk-size", f"{CHUNK}B", "--retries", "1", "-vv")
            done = subprocess.run(
                [program, *options, *where, *map(str, arguments)],
                capture_output=True, text=True, timeout=100, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            return done.stderr

        rclone("mkdir", ":webdav:c")
        assert "chunked upload strategy" in rclone("copy", source, ":webdav:c/folder")
        rclone("check", "--download", source, ":webdav:c/folder")
        assert "There was nothing to transfer" in rclone("sync", source, ":webdav:c/folder")
        (source / "big file").write_bytes(random.Random(2).randbytes(3 * CHUNK))
        rclone("sync", source, ":webdav:c/folder")
        rclone("check", source, ":webdav:c/folder")
        davserver(server.data, "commit", "c")
        davserver(server.data, "fsck")
