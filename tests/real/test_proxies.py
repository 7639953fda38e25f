"""What only shows behind a real proxy: TLS that ends there, streaming, who the client is."""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.davclient import read_remote
from tests.support.process import until
from tests.support.programs import real_program
from tests.support.proxies import PREFIX, PROXIES, proxied
from tests.support.routes import Route
from tests.support.serving import Serve

pytestmark = pytest.mark.real

through_each_proxy = pytest.mark.parametrize("route", list(PROXIES), indirect=True)
MIB = 1 << 20


def connect(route: Route) -> tuple[http.client.HTTPConnection, str]:
    """Open a connection of one's own; return it and the prefix of paths."""
    parts = urlsplit(route.url)
    return http.client.HTTPConnection(parts.netloc, timeout=60), parts.path


def exchanges(route: Route, target: str) -> list[dict[str, object]]:
    """Return the lines of the access log about a target (its end), as the server knows it."""
    lines = [json.loads(line) for line in route.server.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "request" and str(line["target"]).endswith(target)]


@through_each_proxy
def test_a_move_over_tls_that_ends_at_the_proxy(route: Route, home: str) -> None:
    """The classic: the client says https, the server is asked by http."""
    assert route.proxy is not None
    url = f"{route.proxy.tls_url}/{home}"
    curl = [real_program("curl"), "--silent", "--show-error", "--fail", "--cacert", route.proxy.certificate]
    subprocess.run([*curl, "-T", "-", f"{url}/a%2B%3B"], input=b"x", check=True, timeout=30)
    move = ["-X", "MOVE", "-H", f"Destination: {url}/b%23%3F", f"{url}/a%2B%3B"]
    subprocess.run([*curl, *move], check=True, timeout=30)
    with route.dav() as dav:
        assert read_remote(dav, home) == {"b#?": b"x"}


@through_each_proxy
def test_an_upload_that_is_cut_reaches_the_server(route: Route, home: str) -> None:
    """A proxy that collected uploads would never have told the server of this one."""
    connection, base = connect(route)
    connection.putrequest("PUT", f"{base}/{home}/cut")
    connection.putheader("Content-Length", str(8 * MIB))
    connection.endheaders(bytes(MIB))
    connection.close()
    until(lambda: exchanges(route, "/cut"))
    [exchange] = exchanges(route, "/cut")
    assert exchange["method"] == "PUT"
    assert int(str(exchange["status"])) >= 400 or exchange.get("broken")
    with route.dav() as dav:
        assert read_remote(dav, home) == {}


@through_each_proxy
def test_a_download_waits_for_its_client(route: Route, home: str) -> None:
    """While the client reads slowly the server is not done: nothing in between swallows the file."""
    block = bytes(range(256)) * (MIB >> 8)
    with route.dav() as dav:
        dav.put(f"{home}/large", block * 64)
    connection, base = connect(route)
    connection.request("GET", f"{base}/{home}/large?slow")
    response = connection.getresponse()
    digest = hashlib.md5(response.read(MIB))
    with route.dav() as dav:
        assert len(dav.get(f"{home}/large")) == 64 * MIB
    until(lambda: [line for line in exchanges(route, "/large") if line["method"] == "GET"])
    assert exchanges(route, "/large?slow") == []
    while piece := response.read(MIB):
        digest.update(piece)
    connection.close()
    assert digest.digest() == hashlib.md5(block * 64).digest()
    until(lambda: exchanges(route, "/large?slow"))


@through_each_proxy
def test_a_client_cannot_lie_about_itself(route: Route, home: str) -> None:
    connection, base = connect(route)
    headers = {
        "X-Forwarded-For": "203.0.113.9",
        "Forwarded": "for=203.0.113.9;host=evil.example",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Host": "evil.example",
        "X-Real-IP": "203.0.113.9",
        "Depth": "0",
    }
    connection.request("PROPFIND", f"{base}/{home}/?lie", headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status == 207
    assert b"evil" not in body
    assert f"<D:href>{base}/{home}/</D:href>".encode() in body
    until(lambda: exchanges(route, "?lie"))
    assert [exchange["client"] for exchange in exchanges(route, "?lie")] == ["127.0.0.1"]


@through_each_proxy
def test_many_clients_at_once(route: Route, home: str) -> None:
    """Kept connections between proxy and server serve whoever comes; each gets what is its own."""
    failures: list[object] = []

    def work(number: int) -> None:
        content = bytes([number]) * (100_000 + number)
        with route.dav() as dav:
            for turn in range(5):
                dav.put(f"{home}/{number}-{turn}", content)
                if dav.get(f"{home}/{number}-{turn}") != content:
                    failures.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with route.dav() as dav:
        assert len(read_remote(dav, home)) == 40


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_a_unix_socket(name: str, serve: Serve, tmp_path: Path) -> None:
    socket = tmp_path / "dav.sock"
    serve(None, listen=f"unix:{socket}", environ={"DAVSERVER_PROXY_PREFIX": PREFIX})
    with proxied(name, tmp_path / "proxy", str(socket)) as proxy:
        for arguments in (
            ["-X", "MKCOL", f"{proxy.url}/c/"],
            ["-T", "/dev/null", f"{proxy.url}/c/a"],
            ["-X", "MOVE", "-H", f"Destination: {proxy.url}/c/b", f"{proxy.url}/c/a"],
            [f"{proxy.url}/c/b"],
        ):
            subprocess.run(
                [real_program("curl"), "--silent", "--show-error", "--fail", *arguments], check=True, timeout=30
            )
