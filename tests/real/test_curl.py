"""curl: files and folders by single requests, straight and through each proxy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.programs import real_program
from tests.support.routes import Route

pytestmark = pytest.mark.real

NAME = "%C3%BC%20%26%20co%3B%20100%25%23%3F.txt"
"""``ü & co; 100%#?.txt``: each of these characters is lost by some proxy or server that decodes too early."""


def curl(*arguments: object, status: int = 200, data: bytes | None = None) -> bytes:
    """Run curl; return the body, after checking the status."""
    done = subprocess.run(
        [
            real_program("curl"),
            "--silent",
            "--show-error",
            "--write-out",
            "%{stderr}%{http_code}",
            *map(str, arguments),
        ],
        input=data,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert int(done.stderr) == status, done.stdout[:500]
    return done.stdout


def test_curl_files(route: Route, home: str, tmp_path: Path) -> None:
    url = f"{route.url}/{home}"
    big = tmp_path / "big"
    big.write_bytes(bytes(range(251)) * 20_000)

    curl("-T", big, f"{url}/{NAME}", status=201)  # above 1 MiB: curl waits for 100 Continue
    assert curl(f"{url}/{NAME}") == big.read_bytes()
    assert curl("-r", "1000-1009", f"{url}/{NAME}", status=206) == big.read_bytes()[1000:1010]
    assert curl("-T", "-", f"{url}/stdin", data=b"chunked" * 1000, status=201) == b""
    assert curl(f"{url}/stdin") == b"chunked" * 1000
    curl("-T", big, "-H", "If-None-Match: *", f"{url}/{NAME}", status=412)
    assert b"stdin" in curl("-X", "PROPFIND", "-H", "Depth: 1", f"{url}/", status=207)
    assert curl("-I", f"{url}/stdin").lower().count(b"content-length: 7000") == 1


def test_curl_folders(route: Route, home: str) -> None:
    url = f"{route.url}/{home}"
    curl("-X", "MKCOL", f"{url}/sub", status=201)
    curl("-T", "-", f"{url}/sub/a", data=b"x", status=201)
    curl("-X", "COPY", "-H", f"Destination: {url}/sub/{NAME}", f"{url}/sub/a", status=201)
    curl("-X", "MOVE", "-H", f"Destination: {url}/moved", f"{url}/sub", status=201)
    assert curl(f"{url}/moved/{NAME}") == b"x"
    listing = curl("-X", "PROPFIND", "-H", "Depth: 1", f"{url}/moved", status=207).decode()
    base = "/" + f"{url}/moved/".split("/", 3)[3]
    assert f"<D:href>{base}</D:href>" in listing
    assert f"<D:href>{base}a</D:href>" in listing
    curl("-X", "DELETE", f"{url}/moved", status=204)
    curl(f"{url}/moved/a", status=404)
