"""curl goes on with an upload that broke off: by Content-Range (``-C``), and by a resumable upload."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.process import Server, serving
from tests.support.programs import real_program

pytestmark = pytest.mark.real

DATA = random.Random(3).randbytes(3_000_000)
SENT = 1_234_567


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve a collection ``c``."""
    with serving(tmp_path / "data") as server:
        with server.dav() as dav:
            dav.mkcol("c")
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file that is sent."""
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


def curl(*arguments: object, body: bytes = b"") -> str:
    """Run curl to its end; return what it printed."""
    command = [str(real_program("curl")), "--silent", "--show-error", "--fail", *map(str, arguments)]
    done = subprocess.run(command, input=body, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("latin-1")


def test_curl_continues_at_an_offset(server: Server, file: Path) -> None:
    with server.dav() as dav:
        dav.put("c/f", DATA[:SENT])
        curl("--upload-file", file, "--continue-at", SENT, f"{server.url}/c/f")
        assert dav.get("c/f") == DATA


def test_curl_resumes_after_a_kill(server: Server) -> None:
    begun = curl("-i", "-X", "PUT", "--data-binary", "@-", "-H", "Upload-Complete: ?0", f"{server.url}/c/f", body=b"")
    upload = server.url + header(begun, "Location")
    continue_(upload, 0, DATA[:SENT], "?0")
    server.kill()
    server.start()
    offset = int(header(curl("-I", upload), "Upload-Offset"))
    assert offset == SENT
    continue_(upload, offset, DATA[offset:], "?1")
    with server.dav() as dav:
        assert dav.get("c/f") == DATA


def continue_(upload: str, offset: int, data: bytes, complete: str) -> None:
    headers = (f"Upload-Offset: {offset}", f"Upload-Complete: {complete}", "Content-Type: application/partial-upload")
    options = [option for header in headers for option in ("-H", header)]
    curl("-X", "PATCH", "--upload-file", "-", *options, upload, body=data)


def header(answer: str, name: str) -> str:
    found = [line.partition(": ")[2] for line in answer.splitlines() if line.lower().startswith(name.lower() + ":")]
    assert len(found) == 1, answer
    return found[0]
