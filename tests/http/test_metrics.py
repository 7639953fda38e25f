"""What a server tells of itself: metrics, Server-Timing, and a dashboard and alerts that ask for nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from pathlib import Path

import pytest
import requests
import yaml

from tests.support.process import until
from tests.support.serving import start
from tests.support.source import ROOT

METRIC = re.compile(r"\bdavserver_[a-z_]+")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start(tmp_path_factory.mktemp("metrics"), environ={"DAVSERVER_COMMIT_IDLE_S": "0.05"}) as server:
        requests.request("MKCOL", server.url + "c/", timeout=30)
        yield server


def text(server):
    return requests.get(server.url + "_/metrics", timeout=30).text


def value(server, name):
    """Return a sample, 0 if it is not there yet."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", text(server), re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_time_that_a_client_took_is_told_apart(server):
    with socket.create_connection((server.host, server.port), timeout=30) as client:
        client.sendall(b"PUT /c/slow HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        for _ in range(20):  # the client has other things to do than to send its body
            assert requests.get(server.url, timeout=30).status_code == 200
        client.sendall(b"body")
        answer = client.recv(1000).decode()
    assert answer.startswith("HTTP/1.1 201 ")
    ours, theirs = re.search(r"Server-Timing: app;dur=([0-9.]+), client;dur=([0-9.]+)\r\n", answer).groups()
    assert float(theirs) > 10
    assert float(ours) < 1000
    until(lambda: value(server, 'davserver_client_wait_seconds_total{method="PUT"}') * 1000 >= float(theirs) - 1)


def test_a_client_that_takes_no_time_is_not_told_of(server):
    answer = requests.get(server.url, timeout=30)
    assert re.fullmatch(r"app;dur=[0-9.]+", answer.headers["Server-Timing"])


def files_counted_in(server):
    """Return the files that workers count in."""
    maps = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in server.workers)
    return set(re.findall(r"/\S+/davserver-tallies-\S+\.db", maps))


def test_counts_outlive_the_worker_that_counted_in_the_files_of_the_next(server):
    name = 'davserver_requests_total{method="OPTIONS",status="200"}'
    for _ in range(5):
        requests.options(server.url, timeout=30)
    files = files_counted_in(server)
    before = server.workers
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(server.workers) == len(before) and not set(server.workers) & set(before))
    requests.options(server.url, timeout=30)
    assert value(server, name) == 6
    assert value(server, "davserver_queued_requests") == 0
    assert files
    until(lambda: files_counted_in(server) == files)


def test_the_block_store_is_told_apart(server):
    body = bytes(1 << 20)
    before = value(server, 'davserver_block_bytes_total{operation="write"}')
    requests.put(server.url + "c/large", data=body, timeout=30)
    assert value(server, 'davserver_block_bytes_total{operation="write"}') - before >= len(body)
    assert requests.get(server.url + "c/large", timeout=30).content == body
    assert value(server, 'davserver_block_operations_total{operation="open"}') > 0
    assert value(server, 'davserver_block_seconds_total{operation="write"}') > 0


def test_commits_and_what_waits_for_one(server):
    requests.put(server.url + "c/small", data=b"s", timeout=30)
    until(lambda: value(server, "davserver_commit_seconds_count") > 0)
    until(lambda: value(server, "davserver_waiting_entries") == 0)
    assert value(server, "davserver_collections") == 1
    assert value(server, "davserver_free_bytes") > 0


@pytest.mark.parametrize("name", ["grafana.json", "alerts.yaml"])
def test_the_dashboard_and_the_alerts_ask_for_what_there_is(server, name):
    document = (ROOT / "config" / name).read_text()
    parsed = json.loads(document) if name.endswith("json") else yaml.safe_load(document)
    assert parsed
    families = set(re.findall(r"^# TYPE (\S+) ", text(server), re.MULTILINE))
    known = families | {family + ending for family in families for ending in ("_bucket", "_sum", "_count", "_total")}
    assert METRIC.findall(document)
    assert set(METRIC.findall(document)) - known == set()
