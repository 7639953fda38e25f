"""What is below ``/_/``: health, metrics, the commit API, and JSON for what is not there."""

import json

import pytest

from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.errors import NotFound, StoreUnavailable
from davserver.live.house import House
from davserver.live.keeper import Troubles
from davserver.middleware.exchange import Exchange
from davserver.web.app import WebApp
from davserver.web.metrics import Metrics


@pytest.fixture
def house(tmp_path):
    house = House(open_catalog(f"sqlite:///{tmp_path}/catalog.db"), MemoryStore(clock=lambda: 0.0))
    yield house
    house.close()


@pytest.fixture
def metrics():
    return Metrics(shared=False)


@pytest.fixture
def ask(house, metrics):
    """Make a request; returns (status, headers, body)."""
    app = WebApp(house, metrics, lambda error: 404 if isinstance(error, NotFound) else 503)

    def ask(method, path):
        sent = []
        environ = {"REQUEST_METHOD": method, "REQUEST_URI": path}
        body = b"".join(app(environ, lambda status, headers: sent.extend((int(status[:3]), dict(headers)))))
        return *sent, body

    return ask


def test_live(ask):
    status, headers, body = ask("GET", "/_/health/live")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"


def test_ready(ask):
    assert ask("GET", "/_/health/ready?verbose")[0] == 200


def test_not_ready_while_commits_fail(ask, house, monkeypatch):
    monkeypatch.setattr(house, "troubles", lambda: Troubles(("the disk is gone",)))
    status, _, body = ask("GET", "/_/health/ready")
    assert (status, json.loads(body)["problems"]) == (503, ["the disk is gone"])


def test_head_has_no_body(ask):
    status, headers, body = ask("HEAD", "/_/health/live")
    assert (status, body) == (200, b"")
    assert headers["Content-Length"] == "17"


@pytest.mark.parametrize("name", ["a", "ü b/c".replace("/", "-")])
def test_commit(ask, house, name):
    house.edit(lambda edit: edit.create_collection(name))
    from urllib.parse import quote

    status, _, body = ask("POST", f"/_/api/collections/{quote(name)}/commit")
    assert (status, json.loads(body)) == (
        200,
        {"version": 1, "portable_data_hash": "d41d8cd98f00b204e9800998ecf8427e+0"},
    )


def test_commit_of_nothing(ask):
    status, _, body = ask("POST", "/_/api/collections/none/commit")
    assert (status, json.loads(body)) == (404, {"error": "no collection named 'none'"})


@pytest.mark.parametrize("path", ["/_/", "/_/health", "/_/health/live/", "/_/api/collections/a/b/commit", "/_/x"])
def test_other_paths_are_404(ask, path):
    status, _, body = ask("GET", path)
    assert (status, json.loads(body)) == (404, {"error": "no such page"})


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/_/api/collections/a/commit", "POST"),
        ("PUT", "/_/health/live", "GET, HEAD"),
        ("PROPFIND", "/_/metrics", "GET, HEAD"),
    ],
)
def test_other_methods_are_405(ask, method, path, allow):
    status, headers, body = ask(method, path)
    assert (status, headers["Allow"]) == (405, allow)
    assert "error" in json.loads(body)


def exchange_of(method, **account):
    return Exchange("id", method, "/", 0.0, **account)


def test_metrics_count_exchanges(ask, metrics):
    for method in ("GET", "GET", "BREW"):
        metrics.observe(exchange_of(method, status=200, bytes_sent=10, duration_s=0.3, broken=method == "BREW"))
    status, headers, body = ask("GET", "/_/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    lines = body.decode().splitlines()
    assert 'davserver_requests_total{method="GET",status="200"} 2.0' in lines
    assert 'davserver_requests_total{method="OTHER",status="200"} 1.0' in lines
    assert 'davserver_response_bytes_total{method="GET"} 20.0' in lines
    assert 'davserver_responses_broken_total{method="OTHER"} 1.0' in lines
    assert 'davserver_request_seconds_bucket{le="0.25",method="GET"} 0.0' in lines
    assert 'davserver_request_seconds_bucket{le="0.5",method="GET"} 2.0' in lines


def test_ready_names_the_part_that_is_in_trouble(ask, house, monkeypatch):
    def fail():
        raise StoreUnavailable("the disk is gone")

    monkeypatch.setattr(house.blocks, "check_ready", fail)
    status, _, body = ask("GET", "/_/health/ready")
    assert (status, json.loads(body)["parts"]) == (503, {"blocks": "the disk is gone"})
    lines = ask("GET", "/_/metrics")[2].decode().splitlines()
    assert 'davserver_trouble{part="blocks"} 1.0' in lines
    assert 'davserver_trouble{part="catalog"} 0.0' in lines


def test_metrics_count_faults_by_kind(ask, metrics):
    for fault in ("StoreFull", "", "StoreFull"):
        metrics.observe(exchange_of("PUT", status=507, fault=fault))
    metrics.count_commit_failure()
    lines = ask("GET", "/_/metrics")[2].decode().splitlines()
    assert 'davserver_faults_total{kind="StoreFull"} 2.0' in lines
    assert "davserver_commit_failures_total 1.0" in lines
