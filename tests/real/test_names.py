"""Names of any kind through rclone: there, compared, and back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.http.test_names import DECOMPOSED, NASTY, listed
from tests.support.programs import real_program
from tests.support.site import Stage, running_site, serving


def rclone(url: str, *arguments: object) -> str:
    """Run rclone without a configuration of its own; the remote is ``:webdav:``."""
    remote = ["--config", "", "--webdav-url", url, "--webdav-vendor", "owncloud"]
    command = [str(real_program("rclone")), *remote, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.real
def test_nasty_names_go_there_and_come_back(tmp_path: Path) -> None:
    real_program("rclone")
    names = [name for name in NASTY.values() if len(name.encode()) <= 255 and name != DECOMPOSED]
    source, back = tmp_path / "source", tmp_path / "back"
    source.mkdir()
    for name in names:
        (source / name).write_text(name)
    stage = Stage()
    with serving(stage) as address, running_site(stage, address, tmp_path / "data") as site:
        site.client.expect(201, "MKCOL", "/c/")
        url = "http://{}:{}/c".format(*address)
        rclone(url, "copy", source, ":webdav:")
        rclone(url, "check", "--download", source, ":webdav:")
        assert len(listed(site.client, "/c/")) == len(names)
        rclone(url, "copy", ":webdav:", back)
    assert {path.name: path.read_text() for path in back.iterdir()} == {name: name for name in names}
