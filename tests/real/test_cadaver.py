"""cadaver: the commands people type, straight and through each proxy."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.davclient import read_remote
from tests.support.programs import real_program
from tests.support.routes import Route

pytestmark = pytest.mark.real

SCRIPT = """\
mkcol sub
put plain.txt "sub/a file.txt"
lock "sub/a file.txt"
put plain.txt "sub/a file.txt"
discover "sub/a file.txt"
unlock "sub/a file.txt"
copy "sub/a file.txt" sub/copy
move sub moved
propset moved/copy colour red
propget moved/copy colour
get moved/copy back
cd moved
ls
delete copy
cd ..
mkcol gone
rmcol gone
quit
"""


def test_cadaver(route: Route, home: str, folder: Path) -> None:
    program = real_program("cadaver")
    done = subprocess.run(
        [program, f"{route.url}/{home}/"],
        input=SCRIPT,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=60,
        env=os.environ | {"HOME": str(folder), "LANG": "C.UTF-8"},
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "failed" not in said.lower(), said
    assert "Value of colour is: red" in said
    assert "a file.txt" in said
    assert (folder / "back").read_bytes() == b"hello\n"
    with route.dav() as dav:
        assert read_remote(dav, home) == {"moved": None, "moved/a file.txt": b"hello\n"}
