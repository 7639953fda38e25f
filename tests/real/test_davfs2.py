"""davfs2: a mount by the kernel, used as people use a folder, straight and through each proxy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.davclient import read_remote
from tests.support.davfs import mounted
from tests.support.programs import real_program
from tests.support.routes import Route

pytestmark = pytest.mark.real

GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")


def run(*command: object, cwd: Path | None = None) -> None:
    """Run a command; it has to succeed."""
    words = [str(part) for part in command]
    done = subprocess.run(words, capture_output=True, text=True, cwd=cwd, timeout=100, check=False)
    assert done.returncode == 0, done.stderr


def save_as_an_editor_does(path: Path, content: bytes) -> None:
    """Write beside the file, keep the old one as a backup, rename the new one into its place."""
    fresh = path.with_name(f".{path.name}.swp")
    fresh.write_bytes(content)
    path.rename(path.with_name(path.name + "~"))
    fresh.rename(path)


def test_davfs2(route: Route, home: str, folder: Path, tmp_path: Path) -> None:
    real_program("git")
    with mounted(f"{route.url}/{home}/") as point:
        run("cp", "-r", folder, point / "copied")
        run("mv", point / "copied" / "plain.txt", point / "copied" / "sub dir" / "moved.txt")
        save_as_an_editor_does(point / "copied" / "sub dir" / "moved.txt", b"edited\n")
        run("tar", "-cf", point / "all.tar", "-C", folder, ".")
        (point / "unpacked").mkdir()
        run("tar", "-xf", point / "all.tar", "-C", point / "unpacked", "--no-same-owner", "--no-same-permissions", "-m")
        run("rm", "-r", point / "unpacked" / "sub dir" / "deep")
    with route.dav() as dav:
        remote = {path: data for path, data in read_remote(dav, home).items() if data is not None}
    big = (folder / "sub dir" / "deep" / "big").read_bytes()
    odd = (folder / "sub dir" / "ünï & co; 100%.txt").read_bytes()
    archive = remote.pop("all.tar")
    assert remote == {
        "copied/empty": b"", "copied/sub dir/deep/big": big, "copied/sub dir/ünï & co; 100%.txt": odd,
        "copied/sub dir/moved.txt": b"edited\n", "copied/sub dir/moved.txt~": b"hello\n",
        "unpacked/empty": b"", "unpacked/plain.txt": b"hello\n", "unpacked/sub dir/ünï & co; 100%.txt": odd,
    }  # fmt: skip
    (tmp_path / "back.tar").write_bytes(archive)
    run("tar", "-df", tmp_path / "back.tar", "-C", folder)


def test_davfs2_git_clone(route: Route, home: str, folder: Path, tmp_path: Path) -> None:
    real_program("git")
    origin = tmp_path / "origin"
    origin.mkdir()
    run(*GIT, "init", "-q", cwd=origin)
    run("cp", "-r", f"{folder}/.", origin)
    run(*GIT, "add", ".", cwd=origin)
    run(*GIT, "commit", "-qm", "one", cwd=origin)
    template = tmp_path / "no hooks"
    template.mkdir()
    with mounted(f"{route.url}/{home}/") as point:
        run(*GIT, "clone", "-q", "--template", template, origin, point / "clone")
        run(*GIT, "-C", point / "clone", "fsck", "--strict")
        run(*GIT, "-C", point / "clone", "diff", "--exit-code", "HEAD")
    with mounted(f"{route.url}/{home}/") as point:
        run(*GIT, "-C", point / "clone", "fsck", "--strict")
        run("diff", "-r", "--exclude=.git", origin, point / "clone")
