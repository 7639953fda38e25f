"""SIGHUP: new settings and certificates take hold, and no client loses a request by it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import threading
from contextlib import closing

import pytest

from tests.support.certificates import make_certificate
from tests.support.process import until


def reload(server):
    """Ask for a reload and wait until it was done, or refused."""
    said = server.log.count("reloaded")
    os.kill(server.pid, signal.SIGHUP)
    until(lambda: server.log.count("reloaded") > said)


def configure(data, text):
    data.mkdir(exist_ok=True)
    (data / "config.toml").write_text(text)


class Client(threading.Thread):
    """Sends one request after the other on a connection, and makes another only if the server said that it closes."""

    def __init__(self, server, number):
        super().__init__()
        self.server, self.number = server, number
        self.ended = threading.Event()
        self.statuses, self.connections, self.failure = [], 0, None

    def run(self):
        try:
            while not self.ended.is_set():
                with closing(http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)) as client:
                    self.connections += 1
                    self._ask(client)
        except (OSError, http.client.HTTPException) as error:
            self.failure = error

    def _ask(self, client):
        while not self.ended.is_set():
            client.request("PUT", f"/c/{self.number}-{len(self.statuses)}", b"content")
            with client.getresponse() as response:
                response.read()
                self.statuses.append(response.status)
                if response.will_close:
                    return


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_request_is_lost_by_reloads(serve, workers):
    server = serve(None, "--workers", workers)
    first = server.workers
    request(server, "MKCOL", "/c")
    clients = [Client(server, number) for number in range(4)]
    for client in clients:
        client.start()
    for _ in range(2):
        until(lambda: all(len(client.statuses) > 20 or client.failure for client in clients))
        reload(server)
    until(lambda: not set(first) & set(server.workers))
    for client in clients:
        client.ended.set()
        client.join()
    assert [client.failure for client in clients] == [None] * 4
    assert {status for client in clients for status in client.statuses} == {201}
    assert all(client.connections >= 2 for client in clients)
    assert server.stop() == 0


def request(server, method, path, body=None):
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=30)) as client:
        client.request(method, path, body)
        with client.getresponse() as response:
            return response.status, response.read()


def test_new_settings_hold_and_the_housekeeper_has_them_too(serve, tmp_path):
    configure(tmp_path / "data", "[limits]\nbody_bytes = 1000\n")
    server = serve(tmp_path / "data")
    request(server, "MKCOL", "/c")
    assert request(server, "PUT", "/c/large", bytes(2000))[0] == 413
    until(lambda: server.housekeeper)
    housekeeper = server.housekeeper
    configure(server.data, "[limits]\nbody_bytes = 3000\n")
    reload(server)
    assert request(server, "PUT", "/c/large", bytes(2000))[0] == 201
    until(lambda: server.housekeeper not in {0, housekeeper})
    assert "died" not in server.log


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[limits]\nbody_bytse = 1\n", "unknown setting"),
        ("data = [", "not TOML"),
        ("workers = 3\n", "cannot change while the server runs"),
    ],
)
def test_settings_that_cannot_be_used_are_told_and_change_nothing(serve, tmp_path, text, complaint):
    server = serve(tmp_path / "data")
    workers = server.workers
    configure(server.data, text)
    reload(server)
    assert complaint in server.log
    assert server.workers == workers
    assert request(server, "MKCOL", "/c")[0] == 201
    configure(server.data, "")
    reload(server)
    until(lambda: server.workers != workers)


def test_a_body_on_its_way_arrives(serve):
    server = serve()
    request(server, "MKCOL", "/c")
    with socket.create_connection((server.host, server.port), timeout=30) as client:
        client.sendall(b"PUT /c/late HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"12345")
        reload(server)
        until(lambda: "retiring" in server.log)
        client.sendall(b"67890")
        answer = client.recv(1000)
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert b"Connection: close" in answer
    assert request(server, "GET", "/c/late")[1] == b"1234567890"


def test_a_new_certificate_is_shown(serve, tmp_path):
    paths = make_certificate(tmp_path)
    options = ("--tls-certificate", str(paths[0]), "--tls-key", str(paths[1]))
    server = serve(None, *options)
    first = shown_certificate(server)
    (tmp_path / "new").mkdir()
    for path, new in zip(paths, make_certificate(tmp_path / "new"), strict=True):
        new.replace(path)
    assert shown_certificate(server) == first
    reload(server)
    until(lambda: shown_certificate(server) != first)
    paths[0].write_text("no certificate")
    reload(server)
    assert "cannot be used" in server.log
    assert shown_certificate(server) != first


def shown_certificate(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((server.host, server.port), timeout=30) as plain,
        context.wrap_socket(plain) as client,
    ):
        return client.getpeercert(binary_form=True)


def test_a_stop_during_a_reload_ends_all(serve):
    server = serve(None, "--workers", "2")
    os.kill(server.pid, signal.SIGHUP)
    server.terminate()
    assert server.wait() == 0
    assert not any(reader.is_alive() for reader in server.readers)


def test_where_a_worker_cannot_start_none_has_the_new_settings(serve, tmp_path):
    """What a worker meets when it opens its store is not known before: here, blocks that are no directory."""
    server = serve(tmp_path / "data", "--workers", "2")
    workers = server.workers
    request(server, "MKCOL", "/c")
    blocks = server.data / "blocks"
    blocks.rename(server.data / "elsewhere")
    blocks.write_text("in the way")
    reload(server)
    assert "not reloaded, the settings of before hold" in server.log
    blocks.unlink()
    (server.data / "elsewhere").rename(blocks)
    assert server.workers[:2] == workers
    assert request(server, "PUT", "/c/file", b"content")[0] == 201
    assert server.stop() == 0
