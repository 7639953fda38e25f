"""rclone: copy, sync and check straight and through each proxy; a mount by the kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.davclient import read_remote
from tests.support.process import until
from tests.support.programs import real_program, unavailable
from tests.support.routes import DIRECT, Route

pytestmark = pytest.mark.real


def rclone_command(route: Route, *arguments: object) -> list[str]:
    """Return a command line; the remote is ``:webdav:``."""
    options = ("--config", "/dev/null", "--webdav-url", route.url, "--webdav-vendor", "other", "--retries", "1")
    return [str(real_program("rclone")), *options, *map(str, arguments)]


def rclone(route: Route, *arguments: object) -> str:
    """Run rclone to its end; return what it printed."""
    done = subprocess.run(rclone_command(route, *arguments), capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_rclone_copies_syncs_and_checks(route: Route, home: str, folder: Path, tmp_path: Path) -> None:
    remote = f":webdav:{home}"
    rclone(route, "copy", folder, remote)
    rclone(route, "check", "--download", folder, remote)

    (folder / "plain.txt").unlink()
    (folder / "sub dir" / "new").write_bytes(b"new")
    (folder / "sub dir" / "deep" / "big").write_bytes(b"smaller")
    rclone(route, "sync", folder, remote)
    rclone(route, "check", "--download", folder, remote)

    rclone(route, "moveto", f"{remote}/sub dir", f"{remote}/moved; dir")
    rclone(route, "copy", remote, tmp_path / "back")
    shutil.move(folder / "sub dir", folder / "moved; dir")
    assert files_of(tmp_path / "back") == files_of(folder)


def files_of(folder: Path) -> dict[str, bytes]:
    """Read all files of a local folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def mounted_by_rclone(route: Route, home: str, point: Path) -> Iterator[None]:
    """Mount a collection. rclone does not send what waits when it is ended: wait for it before leaving."""
    if not Path("/dev/fuse").exists() or os.geteuid() != 0:
        unavailable("a mount by rclone needs root and /dev/fuse")
    real_program("fusermount3")
    point.mkdir()
    options = ("--vfs-cache-mode", "writes", "--vfs-write-back", "0s", "--cache-dir", point.with_name("cache"))
    process = subprocess.Popen(rclone_command(route, "mount", *options, f":webdav:{home}", point))
    try:
        until(lambda: process.poll() is not None or point.is_mount())
        assert process.poll() is None, "rclone could not mount"
        yield
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("route", [DIRECT], indirect=True)
def test_rclone_mount(route: Route, home: str, folder: Path, tmp_path: Path) -> None:
    # rclone 1.60 forgets a rename that meets an upload of its own, so what is renamed was there before the mount.
    rclone(route, "copy", folder, f":webdav:{home}")
    expected = files_of(folder)
    with mounted_by_rclone(route, home, tmp_path / "mnt"):
        point = tmp_path / "mnt"
        subprocess.run(["mv", point / "plain.txt", point / "sub dir" / "moved.txt"], check=True, timeout=60)
        assert (point / "sub dir" / "moved.txt").read_bytes() == b"hello\n"
        with (point / "empty").open("ab") as file:
            file.write(b"appended")
        subprocess.run(["cp", "-r", folder, point / "second"], check=True, timeout=60)
        expected |= {f"second/{path}": data for path, data in expected.items()}
        expected |= {"sub dir/moved.txt": expected.pop("plain.txt"), "empty": b"appended"}
        until(lambda: remote_files(route, home) == expected)


def remote_files(route: Route, home: str) -> dict[str, bytes]:
    """Read all files of a collection."""
    with route.dav() as dav:
        return {path: data for path, data in read_remote(dav, home).items() if data is not None}
