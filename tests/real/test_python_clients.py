"""The two WebDAV clients Python programs use."""

from __future__ import annotations

import io
from contextlib import closing
from pathlib import Path

import pytest
from webdav3.client import Client as WebDav3
from webdav4.client import Client as WebDav4

from tests.support.davclient import read_remote
from tests.support.routes import DIRECT, Route

pytestmark = [pytest.mark.real, pytest.mark.parametrize("route", [DIRECT], indirect=True)]


def test_webdav4(route: Route, home: str, folder: Path, tmp_path: Path) -> None:
    client = WebDav4(f"{route.url}/{home}")
    with closing(client.http):
        client.mkdir("sub")
        client.upload_file(folder / "plain.txt", "sub/ü & co.txt")
        client.upload_fileobj(io.BytesIO(b"object"), "object")
        with pytest.raises(Exception, match="already exists"):
            client.upload_fileobj(io.BytesIO(b"again"), "object")
        client.copy("object", "sub/copy")
        client.move("object", "moved")
        assert client.ls("sub", detail=False) == ["sub/copy", "sub/ü & co.txt"]
        assert client.exists("moved")
        assert not client.exists("object")
        assert client.content_length("moved") == 6
        assert client.etag("moved")
        with client.open("moved", mode="rb") as file:
            file.seek(2)
            assert file.read() == b"ject"
        client.download_file("sub/copy", tmp_path / "back")
        client.remove("sub/copy")
    assert (tmp_path / "back").read_bytes() == b"object"
    with route.dav() as dav:
        assert read_remote(dav, home) == {"sub": None, "sub/ü & co.txt": b"hello\n", "moved": b"object"}


def test_webdavclient3(route: Route, home: str, folder: Path, tmp_path: Path) -> None:
    client = WebDav3({"webdav_hostname": f"{route.url}/{home}"})
    client.mkdir("sub")
    client.upload_sync(remote_path="sub/a file.txt", local_path=str(folder / "plain.txt"))
    client.mkdir("tree")
    client.push(remote_directory="tree", local_directory=str(folder / "sub dir"))
    assert client.check("sub/a file.txt")
    assert not client.check("nothing")
    assert "a file.txt" in client.list("sub", get_info=False)
    assert client.info("sub/a file.txt")["size"] == "6"
    client.copy(remote_path_from="sub/a file.txt", remote_path_to="copy")
    client.move(remote_path_from="copy", remote_path_to="moved")
    client.download_sync(remote_path="moved", local_path=str(tmp_path / "back"))
    client.clean("sub")
    assert (tmp_path / "back").read_bytes() == b"hello\n"
    with route.dav() as dav:
        remote = read_remote(dav, home)
    assert remote.pop("moved") == b"hello\n"
    assert {path for path, data in remote.items() if data is not None} == {
        "tree/deep/big", "tree/ünï & co; 100%.txt",
    }  # fmt: skip
