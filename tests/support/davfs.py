"""A kernel mount by davfs2, as a person at a Linux desktop has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import real_program, unavailable

GROUP = "davfs2"
UMOUNT_S = 100


@contextmanager
def mounted(url: str) -> Iterator[Path]:
    """Mount an address without a password; yields the folder. Leaving waits until davfs2 has sent everything.

    Needs root, ``/dev/fuse`` and Debian's davfs2, or ends the test by ``unavailable``.
    """
    mount, unmount = real_program("mount.davfs"), real_program("umount.davfs")
    if not Path("/dev/fuse").exists() or os.geteuid() != 0:
        unavailable("a davfs2 mount needs root and /dev/fuse")
    with tempfile.TemporaryDirectory(prefix="davserver-davfs-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # davfs2 gives up its root rights before it uses its cache
        point = folder / "mnt"
        point.mkdir()
        configuration = _configure(folder, url)
        done = subprocess.run(
            [mount, url, point, "-o", f"conf={configuration}"], capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise AssertionError(f"mount.davfs: {done.stderr}")
        try:
            yield point
        finally:
            # Not umount: where it does not know the mount's helper, it does not wait for what is still to be sent.
            subprocess.run([unmount, point], check=True, capture_output=True, timeout=UMOUNT_S)


def _configure(folder: Path, url: str) -> Path:
    cache = folder / "cache"
    cache.mkdir()
    shutil.chown(cache, "root", GROUP)
    cache.chmod(0o775)
    secrets = folder / "secrets"
    secrets.write_text(f'{url} "" ""\n')
    secrets.chmod(0o600)
    configuration = folder / "davfs2.conf"
    configuration.write_text(
        f"cache_dir {cache}\nsecrets {secrets}\nask_auth 0\nuse_locks 1\ndelay_upload 0\nbuf_size 64\n"
    )
    configuration.chmod(0o600)
    return configuration
