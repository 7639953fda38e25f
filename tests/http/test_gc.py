"""gc beside writers, over real sockets and processes.

The long form: ``DAVSERVER_GC_SECONDS=600 scripts/test tests/http/test_gc.py``.
"""

import json
import os
import subprocess
import threading
import time

from tests.support.process import davserver, serving, until
from tests.support.serving import clean_environ, command

SECONDS = float(os.environ.get("DAVSERVER_GC_SECONDS", "2"))
WRITERS = 4
BODY = 200_000


def run(data, *arguments, **environ):
    line = command(*arguments, "--data", str(data))
    return subprocess.run(line, capture_output=True, text=True, env=clean_environ() | environ, check=False)


def body(writer, number):
    return (b"%d-%d;" % (writer, number % 7) * BODY)[:BODY]


def write(server, writer, until_s, failures):
    """Put, copy, remove and commit; few contents, so that what is removed is stored again."""
    name = f"c{writer}"
    try:
        with server.dav() as dav:
            dav.mkcol(f"{name}/")
            number = 0
            while time.monotonic() < until_s:
                dav.put(f"{name}/{number % 5}", body(writer, number))
                dav.copy(f"{name}/{number % 5}", f"{name}/copy")
                assert dav.get(f"{name}/copy") == body(writer, number)
                dav.delete(f"{name}/{number % 5}")
                if not number % 10:
                    dav.commit(name)
                number += 1
            dav.put(f"{name}/last", body(writer, number))
            dav.commit(name)
    except Exception as error:
        failures.append(error)
        raise


def make_old(data):
    """Make every block two hours older, as if all of this had taken that long; a touch makes it young again."""
    for path in (data / "blocks").glob("???/*"):
        try:
            then_s = path.stat().st_mtime - 7200
            os.utime(path, (then_s, then_s))
        except FileNotFoundError:
            pass  # gone to the trash meanwhile


def collect(data, *options):
    """Run gc as if every collection in the trash had been there for long."""
    done = run(data, "gc", "--grace", "1h", "--json", *options, DAVSERVER_GC_PURGE_S="0")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_gc_beside_writers_takes_nothing_that_anybody_needs(tmp_path):
    data = tmp_path / "data"
    failures, harvests = [], []
    with serving(data, "--workers", "2") as server:
        end_s = time.monotonic() + SECONDS
        writers = [threading.Thread(target=write, args=(server, n, end_s, failures)) for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            harvests.append(json.loads(davserver(data, "gc", "--grace", "1h", "--force", "--json")))
        for writer in writers:
            writer.join()
        assert failures == []
        with server.dav() as dav:
            assert len(dav.get("c0/last")) == BODY
    assert davserver(data, "fsck")
    assert all(harvest["restored"] == 0 for harvest in harvests)
    davserver(data, "collection", "trash", "c0")
    make_old(data)
    before, after = (collect(data, *options) for options in (("--dry-run",), ("--force",)))
    assert before["garbage"] == after["trashed"] > 0
    assert [text.split()[0] for text in after["purged"]] == ["c0"]
    assert json.loads(davserver(data, "fsck", "--json"))["ok"]


def test_the_server_collects_garbage_by_itself(tmp_path):
    data = tmp_path / "data"
    with serving(data, environment={"DAVSERVER_GC_PERIOD_S": "0.2"}) as server, server.dav() as dav:
        dav.mkcol("c/")
        dav.put("c/a", body(0, 0))
        until(lambda: "garbage collected" in server.log, limit_s=30)
        until(lambda: b"davserver_gc_runs_total" in dav.get("_/metrics"), limit_s=30)
        assert dav.get("c/a") == body(0, 0)


def test_a_grace_that_is_not_safe_is_refused(tmp_path):
    refused = run(tmp_path, "gc", "--grace", "0")
    assert refused.returncode == 2
    assert "gc.grace_s" in refused.stderr
    assert run(tmp_path, "gc", "--grace", "soon").returncode == 2
    assert run(tmp_path, "gc", "--grace", "1h").returncode == 0


def test_why_a_block_stays_or_goes(tmp_path):
    data = tmp_path / "data"
    with serving(data, environment={"DAVSERVER_COMMIT_IDLE_S": "600"}) as server, server.dav() as dav:
        dav.mkcol("c/")
        dav.put("c/a", body(0, 0))
        (block,) = (data / "blocks").glob("???/*")
        locator = f"{block.name}+{BODY}"
        known = json.loads(davserver(data, "gc", "--explain", locator, "--json"))
        assert known["verdict"].startswith("stays: it is named")
        assert [(one["kind"], one["collection"], one["path"]) for one in known["holders"]] == [("journal", "c", "a")]
        dav.commit("c")
        assert "version 1 of c: a" in davserver(data, "gc", "--explain", locator)
    nothing = davserver(data, "gc", "--explain", "0" * 32 + "+5")
    assert "is not in the store, and nothing names it" in nothing
