"""A zip of a folder, read by the distribution's programs: Info-ZIP, libarchive (also as a stream), 7-Zip."""

from __future__ import annotations

import os
import random
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

import pytest
import requests

from davserver.archive.crc import combine
from tests.support.programs import real_program
from tests.support.sampletree import ODD_NAMES
from tests.support.serving import Served, run, start

pytestmark = pytest.mark.real

LATE = random.Random(3).randbytes(3 << 20)
MTIME = 1_700_000_000
UTF8 = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with start(tmp_path_factory.mktemp("zips") / "data") as served:
        yield served


@pytest.fixture(scope="module")
def odd(served: Served) -> dict[str, bytes]:
    """Store files with odd names; returns them with their contents."""
    contents = {name: name.encode() for name in ODD_NAMES} | {"folder/late": LATE, "folder/early": b"e" * 9999}
    for folder in ("odd/", "odd/folder/", "odd/empty%20folder/"):
        assert requests.request("MKCOL", served.url + folder, timeout=60).status_code == 201
    for name, content in contents.items():
        headers = {"X-OC-Mtime": str(MTIME)}
        url = served.url + "odd/" + quote(name)
        assert requests.put(url, content, headers=headers, timeout=60).status_code == 201
    return contents


def tell(program: str, *arguments: object, **options: object) -> str:
    """Run a program, which has to end well; returns what it says."""
    command = [real_program(program), *map(str, arguments)]
    done = subprocess.run(  # type: ignore[call-overload]
        command, capture_output=True, timeout=100, env=UTF8, check=False, **options
    )
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
    return str(done.stdout.decode("utf-8", "replace"))


def found_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_info_zip_unpacks_what_was_packed(served: Served, odd: dict[str, bytes], tmp_path: Path) -> None:
    packed = tmp_path / "odd.zip"
    packed.write_bytes(requests.get(served.url + "_/zip/odd/", timeout=60).content)
    assert "No errors detected" in tell("unzip", "-t", packed)
    tell("unzip", "-q", packed, "-d", tmp_path / "out")
    assert found_in(tmp_path / "out/odd") == odd
    assert (tmp_path / "out/odd/empty folder").is_dir()
    assert (tmp_path / "out/odd/folder/late").stat().st_mtime == MTIME
    assert "warning" not in tell("zipinfo", "-v", packed)


def test_libarchive_unpacks_it_as_it_comes(served: Served, odd: dict[str, bytes], tmp_path: Path) -> None:
    with requests.get(served.url + "_/zip/odd/", timeout=60) as answer:
        tell("bsdtar", "-x", "-f", "-", "-C", tmp_path, input=answer.content)
    composed = {normalize("NFC", name): content for name, content in odd.items()}
    assert found_in(tmp_path / "odd").keys() == composed.keys()  # libarchive composes names
    assert sorted(found_in(tmp_path / "odd").values()) == sorted(composed.values())
    assert (tmp_path / "odd/folder/late").stat().st_mtime == MTIME


def test_7_zip_tests_it(served: Served, odd: dict[str, bytes], tmp_path: Path) -> None:
    packed = tmp_path / "odd.zip"
    packed.write_bytes(requests.get(served.url + "_/zip/odd/", timeout=60).content)
    said = tell("7zz", "t", packed)
    assert "Everything is Ok" in said
    assert f"Files: {len(odd)}" in said


def test_more_members_than_a_plain_zip_holds(served: Served, tmp_path: Path) -> None:
    names = " ".join(f"0:0:{number}" for number in range(66_000))
    text = tmp_path / "many.txt"
    text.write_text(f". d41d8cd98f00b204e9800998ecf8427e+0 {names}\n")
    imported = run("import", "many", str(text), data=served.data)
    assert imported.returncode == 0, imported.stderr
    packed = tmp_path / "many.zip"
    packed.write_bytes(requests.get(served.url + "_/zip/many/", timeout=60).content)
    assert "No errors detected" in tell("unzip", "-tq", packed)
    assert "Files: 66000" in tell("7zz", "t", packed)
    assert len(tell("bsdtar", "-t", "-f", packed).splitlines()) == 66_001


def test_a_file_larger_than_a_plain_zip_holds(served: Served, tmp_path: Path) -> None:
    """The file is of zeros: what is not fetched of the zip is a hole of that length."""
    block = bytes(1 << 26)
    assert requests.request("MKCOL", served.url + "zeros/", timeout=60).status_code == 201
    assert requests.put(served.url + "zeros/one", block, timeout=60).status_code == 201
    line = run("export", "zeros", data=served.data).stdout.split()
    size = 66 << 26
    text = tmp_path / "huge.txt"
    text.write_text(f". {' '.join([line[1]] * 66)} 0:{size}:huge\n./z {line[1]} 0:5:behind\n")
    imported = run("import", "huge", str(text), data=served.data)
    assert imported.returncode == 0, imported.stderr
    url = served.url + "_/zip/huge/"
    length = int(requests.head(url, timeout=60).headers["Content-Length"])
    assert length > size
    packed = tmp_path / "huge.zip"
    with packed.open("wb") as file:
        file.truncate(length)
        for first, last in ((0, 9999), (size - 9999, length - 1)):
            answer = requests.get(url, headers={"Range": f"bytes={first}-{last}"}, timeout=100)
            assert answer.status_code == 206
            file.seek(first)
            file.write(answer.content)
    assert "No errors detected" in tell("unzip", "-tq", packed, "huge/z/behind")
    assert str(size) in tell("7zz", "l", packed)
    assert f"{zeros_crc(66, block):08x}" in tell("zipinfo", "-v", packed, "huge/huge")


def zeros_crc(times: int, block: bytes) -> int:
    """Return the CRC-32 of a block that is repeated, without reading it so often."""
    once = total = zlib.crc32(block)
    for _ in range(times - 1):
        total = combine(total, once, len(block))
    return total


def test_curl_goes_on_where_it_stopped(served: Served, odd: dict[str, bytes], tmp_path: Path) -> None:
    url = served.url + "_/zip/odd/"
    whole = requests.get(url, timeout=60).content
    for came in (1, len(whole) // 2, len(whole) - 10):
        packed = tmp_path / f"{came}.zip"
        packed.write_bytes(whole[:came])
        tell("curl", "--silent", "--show-error", "--fail", "-C", "-", "-o", packed, url)
        assert packed.read_bytes() == whole
