"""The main job on real input: from an upload to a committed manifest, and back after a crash.

(a) A manifest and blocks made by Arvados' own client are served. (b) A real tree is copied in by real clients, and the
server is killed in the middle of a second copy. (c) What is exported is what Arvados' own client reads.
"""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from tests.support.davclient import Dav, read_remote
from tests.support.davfs import mounted
from tests.support.keep import iter_files, new_collection, open_collection
from tests.support.process import Server, davserver, serving, until
from tests.support.programs import real_program
from tests.support.sampletree import Tree, make_sample_tree

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]

KILL_AFTER_FILES = 300


def file_contents(tree: Tree) -> dict[str, bytes]:
    """Leave out the folders."""
    return {path: data for path, data in tree.items() if data is not None}


class TestManifestMadeByArvados:
    """(a): everything in it can be read through HTTP, whole and by ranges."""

    def contents(self) -> dict[str, bytes]:
        source = random.Random(7)
        return {
            "hello.txt": b"hello",
            "empty": b"",
            "a b/\u00fc:x\\y.txt": b"odd name",
            "deep/er/est/file": source.randbytes(70_000),
            "two blocks": source.randbytes((64 << 20) + 12_345),
            "mid/spans packed neighbours": source.randbytes(3_000_000),
            **{f"many/file {number:04}": source.randbytes(number) for number in range(500)},
        }

    def test_every_file_is_served_whole_and_by_ranges(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        contents = self.contents()
        collection = new_collection(data / "blocks")
        for path, content in contents.items():
            with collection.open(path, "wb") as file:
                file.write(content)
        collection.mkdirs("empty directory")
        manifest = tmp_path / "manifest"
        manifest.write_text(collection.manifest_text())
        davserver(data, "import", "from-arvados", str(manifest))

        with serving(data) as server, server.dav() as dav:
            remote = read_remote(dav, "from-arvados")
            assert {path for path, content in remote.items() if content is None} == {
                "a b", "deep", "deep/er", "deep/er/est", "mid", "many", "empty directory",
            }  # fmt: skip
            assert file_contents(remote) == contents
            self.check_ranges(dav, contents)
        assert davserver(data, "export", "from-arvados") == collection.manifest_text()

    def check_ranges(self, dav: Dav, contents: dict[str, bytes]) -> None:
        source = random.Random(8)
        for path, content in contents.items():
            if not content:
                continue
            for _ in range(3):
                first = source.randrange(len(content))
                last = min(len(content) - 1, first + source.randrange(100_000))
                answer = dav.send("GET", f"from-arvados/{path}", headers={"Range": f"bytes={first}-{last}"})
                assert answer.status_code == 206
                assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(content)}"
                assert answer.content == content[first : last + 1]


class TestRealTree:
    """(b) and (c): copied in by rclone and by a kernel mount, with a crash in the middle of a second copy."""

    def test_rclone(self, tmp_path: Path) -> None:
        rclone = real_program("rclone")
        source = tmp_path / "source"
        tree = make_sample_tree(source)
        data = tmp_path / "data"
        with serving(data) as server:
            with server.dav() as dav:
                dav.mkcol("library")
                dav.mkcol("second")
                assert start_rclone(rclone, source, server, "library", tmp_path / "first.log").wait(timeout=300) == 0
                assert read_remote(dav, "library") == tree

            acknowledged = self.kill_in_the_middle(rclone, source, server, tmp_path / "second.log")
            assert KILL_AFTER_FILES <= len(acknowledged) < len(file_contents(tree))

            server.start()
            with server.dav() as dav:
                assert read_remote(dav, "library") == tree
                after = file_contents(read_remote(dav, "second"))
                assert {path: after.get(path) for path in acknowledged} == {path: tree[path] for path in acknowledged}
                assert {path: tree.get(path) for path in after} == after, "a file that was not acknowledged is torn"
                assert start_rclone(rclone, source, server, "second", tmp_path / "again.log").wait(timeout=300) == 0
                assert read_remote(dav, "second") == tree
        check_export(data, "library", tree)
        check_export(data, "second", tree)
        davserver(data, "fsck")

    def kill_in_the_middle(self, rclone: Path, source: Path, server: Server, log: Path) -> set[str]:
        """Kill the server while rclone copies; return what rclone knew to be stored."""
        copy = start_rclone(rclone, source, server, "second", log)
        until(lambda: len(copied_files(log)) >= KILL_AFTER_FILES)
        server.kill()
        copy.terminate()
        copy.wait(timeout=60)
        return copied_files(log)

    def test_davfs2(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        tree = make_sample_tree(source, limit=800)
        data = tmp_path / "data"
        with serving(data) as server, server.dav() as dav:
            dav.mkcol("library")
            dav.mkcol("second")
            with mounted(f"{server.url}/library/") as folder:
                copy_into(source, folder).wait(timeout=300)
            assert without_lost_and_found(read_remote(dav, "library")) == tree

            with mounted(f"{server.url}/second/") as folder:
                copy = copy_into(source, folder)
                until(lambda: len(list(dav.walk("second"))) >= KILL_AFTER_FILES)
                before = file_contents(read_remote(dav, "second"))
                server.kill()
                copy.terminate()
                copy.wait(timeout=60)
                server.start()
                with server.dav() as again:
                    after = file_contents(read_remote(again, "second"))
                    kept = {path: after.get(path) for path, content in before.items() if content}
                    assert kept == {path: tree[path] for path in kept}
                    # davfs2 reserves a name by LOCK before it sends the bytes: such a file is there, and empty.
                    assert {path: content for path, content in after.items() if content not in (b"", tree[path])} == {}
        with serving(data) as server, server.dav() as dav:
            assert without_lost_and_found(read_remote(dav, "library")) == tree
        check_export(data, "library", tree)
        davserver(data, "fsck")


def start_rclone(rclone: Path, source: Path, server: Server, collection: str, log: Path) -> subprocess.Popen[bytes]:
    """Start copying a folder into a collection; the log tells each file that is stored."""
    return subprocess.Popen([
        rclone, "copy", "--config", "/dev/null", "--webdav-url", server.url, "--webdav-vendor", "other",
        "--transfers", "8", "--retries", "1", "--low-level-retries", "1", "--create-empty-src-dirs", "--ignore-times",
        "--use-json-log", "--log-level", "INFO", "--log-file", log, source, f":webdav:{collection}",
    ])  # fmt: skip


def copied_files(log: Path) -> set[str]:
    """Read from rclone's log which files it has seen stored."""
    lines = log.read_text().splitlines() if log.exists() else []
    records = [json.loads(line) for line in lines if line.endswith("}")]
    return {record["object"] for record in records if record["msg"].startswith("Copied (")}


def copy_into(source: Path, target: Path) -> subprocess.Popen[bytes]:
    """Start copying a folder's content into another, as cp does."""
    return subprocess.Popen(["cp", "-r", f"{source}/.", target], stderr=subprocess.DEVNULL)


def without_lost_and_found(tree: Tree) -> Tree:
    """Leave out the folder that davfs2 shows for what it could not send."""
    return {path: content for path, content in tree.items() if path.split("/")[0] != "lost+found"}


def check_export(data: Path, collection: str, tree: Tree) -> None:
    """Compare what Arvados' client reads in the exported manifest with the tree that was copied in."""
    reader = open_collection(davserver(data, "export", collection), data / "blocks")
    assert dict(iter_files(reader)) == {path: len(content) for path, content in file_contents(tree).items()}
    for path in random.Random(9).sample(sorted(file_contents(tree)), 50):
        with reader.open(path, "rb") as file:
            assert file.read() == tree[path]
