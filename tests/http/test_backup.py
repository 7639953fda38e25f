"""A backup beside a server that is written to, and a life after it: the procedure of docs/operation.md."""

from __future__ import annotations

import json
import shutil
import threading

import requests

from tests.support.serving import run, start


def test_a_backup_of_a_busy_server_has_what_was_answered_before_it_and_is_whole(serve, tmp_path):
    server = serve()
    requests.request("MKCOL", server.url + "c/", timeout=30)
    written, ended = [], threading.Event()

    def write():
        with requests.Session() as session:
            while not ended.is_set():
                name = f"{len(written)}.bin"
                body = name.encode() * (50_000 if len(written) % 5 == 0 else 10)
                assert session.put(server.url + "c/" + name, data=body, timeout=30).status_code == 201
                written.append((name, body))

    writer = threading.Thread(target=write)
    writer.start()
    backup = tmp_path / "backup"
    try:
        for _ in range(2):
            before = len(written)
            done = run("backup", str(backup), "--json", data=server.data)
            assert (done.returncode, done.stderr) == (0, "")
            assert json.loads(done.stdout)["errors"] == []
    finally:
        ended.set()
        writer.join()
    server.kill()
    shutil.rmtree(server.data)
    assert run("backup", str(server.data), data=backup).returncode == 0  # the way back
    assert run("fsck", data=server.data).returncode == 0
    with start(server.data) as again:
        for name, body in written[:before]:
            assert requests.get(again.url + "c/" + name, timeout=30).content == body


def test_a_backup_of_nothing_is_refused_and_makes_nothing(tmp_path):
    """A disk that is not mounted, a slip in a name: an empty catalog took the place of the backup's, with status 0."""
    data, backup, empty = tmp_path / "data", tmp_path / "backup", tmp_path / "empty"
    assert run("collection", "create", "c", data=data).returncode == 0
    assert run("backup", str(backup), data=data).returncode == 0
    empty.mkdir()
    for source in (tmp_path / "slip", empty):
        done = run("backup", str(backup), data=source)
        assert (done.returncode, done.stderr.partition("\n")[0]) == (2, f"davserver: data: nothing is in {source}")
        assert sorted(tmp_path.rglob(f"{source.name}/*")) == []
    assert "c " in run("collection", "list", data=backup).stdout


def test_a_backup_the_wrong_way_round_is_refused(tmp_path):
    data, backup, other = tmp_path / "data", tmp_path / "backup", tmp_path / "other"
    for place in (data, other):
        assert run("collection", "create", place.name, data=place).returncode == 0
    assert run("backup", str(backup), data=data).returncode == 0
    assert run("collection", "create", "later", data=data).returncode == 0
    for place, source, reason in [(data, backup, "newer"), (other, data, "other collections"), (data, other, "other")]:
        done = run("backup", str(place), data=source)
        assert done.returncode == 2
        assert reason in done.stderr
    assert "later" in run("collection", "list", data=data).stdout
    assert "other" in run("collection", "list", data=other).stdout
    assert run("backup", str(backup), data=data).returncode == 0
    assert "later" in run("collection", "list", data=backup).stdout


def test_a_backup_into_the_data_directory_is_one_line_and_a_hint(tmp_path):
    data = tmp_path / "data"
    assert run("collection", "create", "c", data=data).returncode == 0
    done = run("backup", str(data / "backup"), data=data)
    assert done.returncode == 2
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["davserver", "hint"]
    assert not (data / "backup").exists()
