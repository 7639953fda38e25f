"""gvfs: what GNOME Files does, by ``gio`` on a session bus of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.davclient import read_remote
from tests.support.programs import real_program, unavailable
from tests.support.routes import DIRECT, Route

pytestmark = pytest.mark.real

SCRIPT = """
set -eu
gio mount "$BASE/"
gio mkdir "$BASE/sub"
gio copy plain.txt "$BASE/sub/a file.txt"
gio copy empty "$BASE/empty"
gio copy "$BASE/sub/a file.txt" "$BASE/sub/copy"
gio move "$BASE/sub/copy" "$BASE/moved"
gio rename "$BASE/moved" renamed
printf changed | gio save "$BASE/sub/a file.txt"
gio cat "$BASE/renamed"
gio list "$BASE/sub"
gio info --attributes=standard::size "$BASE/sub/a file.txt"
gio remove "$BASE/empty"
gio mount --unmount "$BASE/"
"""


@pytest.mark.parametrize("route", [DIRECT], indirect=True)
def test_gvfs(route: Route, home: str, folder: Path, tmp_path: Path) -> None:
    real_program("gio")
    session = real_program("dbus-run-session")
    if not Path("/usr/libexec/gvfsd-dav").exists() and not Path("/usr/lib/gvfs/gvfsd-dav").exists():
        unavailable("gvfs-backends is not installed")
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    base = route.url.replace("http:", "dav:") + "/" + home
    environment = os.environ | {"BASE": base, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(runtime), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [session, "--", "sh", "-c", SCRIPT],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "hello\n" in done.stdout
    assert "a file.txt" in done.stdout
    assert "standard::size: 7" in done.stdout
    with route.dav() as dav:
        assert read_remote(dav, home) == {"sub": None, "sub/a file.txt": b"changed", "renamed": b"hello\n"}
