"""What one client may take of a server; the long forms are in ``benchmarks/bounds.py``."""

from __future__ import annotations

from pathlib import Path

from benchmarks.machine import MIB
from benchmarks.processes import memory_bytes
from davserver.dav.lock import MAX_OWNER_CHARS
from tests.support.crowd import HEAD, are_open, connections, trickling, upload_all
from tests.support.process import serving

LOCK = (
    '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype>'
    "<D:owner>{}</D:owner></D:lockinfo>"
)


def test_locks_of_a_collection_have_a_bound(dav, monkeypatch):
    monkeypatch.setattr("davserver.dav.lock.MAX_LOCKS", 3)
    dav.expect(201, "PUT", "/c/f", b"")
    locks = [dav.expect(200, "LOCK", "/c/f", LOCK.format("").encode()).headers["Lock-Token"] for _ in range(3)]
    dav.expect(403, "LOCK", "/c/f", LOCK.format("").encode())
    dav.expect(204, "UNLOCK", "/c/f", Lock_Token=locks[0])
    dav.expect(200, "LOCK", "/c/f", LOCK.format("").encode())


def test_the_owner_of_a_lock_is_not_a_book(dav):
    dav.expect(400, "LOCK", "/c/f", LOCK.format("x" * MAX_OWNER_CHARS).encode())
    dav.expect(404, "GET", "/c/f")


def test_no_far_offset_makes_a_file_longer_than_it_may_be(dav):
    dav.expect(201, "PUT", "/c/f", b"")
    dav.expect(413, "PUT", "/c/f", b"x", Content_Range=f"bytes {16 << 40}-{16 << 40}/*")
    dav.expect(204, "PUT", "/c/f", b"x", Content_Range=f"bytes {1 << 30}-{1 << 30}/*")


def test_a_crowd_of_idle_and_of_slow_clients_and_many_uploads_leave_the_server_small_and_quick(tmp_path: Path) -> None:
    limits = {"DAVSERVER_LIMITS_IO_S": "1", "DAVSERVER_MEMORY_BYTES": "64MiB", "DAVSERVER_THREADS": "16"}
    with serving(tmp_path / "data", environment=limits) as server, server.dav() as dav:
        port = int(server.url.rpartition(":")[2])
        assert dav.send("MKCOL", "crowd/").status_code == 201
        idle_bytes = memory_bytes(server.pid)
        with (
            connections(port, 300) as idle,
            connections(port, 100, HEAD[:40]) as heads,
            connections(port, 30, HEAD) as bodies,
        ):
            with trickling(heads + bodies, 0.2):
                assert dav.send("PROPFIND", "crowd/").status_code == 207
                assert upload_all(server.url, 16, 4 * MIB) == [201] * 16
            assert are_open(idle) == 300
        assert memory_bytes(server.pid, "VmHWM") - idle_bytes < 128 * MIB
