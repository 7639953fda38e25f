"""``davserver serve`` as a process: it says when it is ready, it stops when told, it refuses what is unsafe."""

import http.client
import os
import signal
import socket
import subprocess

import pytest

from tests.support.serving import NotReady, run


def get(server, path="/_/health/live"):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ready_line_names_a_port_that_answers(serve, workers):
    server = serve(None, "--workers", workers)
    assert server.port != 0
    for _ in range(4):
        assert get(server)[0].status


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_signal_ends_with_status_0(serve, workers, number):
    server = serve(None, "--workers", workers)
    os.killpg(server.pid, number)  # as a terminal or a supervisor sends it: to all processes
    assert server.wait() == 0


def test_port_in_use_is_one_line_and_a_hint(serve):
    first = serve()
    for workers in ("1", "2"):
        with pytest.raises(NotReady, match=r"status 2\n\ndavserver: listen: cannot listen on .*\nhint: .*--listen\n$"):
            serve(None, "--workers", workers, listen=f"127.0.0.1:{first.port}")


def test_open_address_without_accounts_is_refused(tmp_path):
    done = run("serve", "--listen", "0.0.0.0:0", data=tmp_path)
    assert done.returncode == 2
    assert "--allow-anonymous" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_open_address_with_the_flag_is_served(serve):
    server = serve(None, "--allow-anonymous", listen="0.0.0.0:0")
    assert get(server)[0].status


@pytest.mark.parametrize("workers", ["1", "2"])
def test_unix_socket(serve, tmp_path, workers):
    path = tmp_path / "dav.sock"
    server = serve(None, "--workers", workers, listen=f"unix:{path}")
    assert server.url == f"unix:{path}"
    assert path.stat().st_mode & 0o007 == 0
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /_/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 ")
    with pytest.raises(NotReady, match="another server"):
        serve(None, listen=f"unix:{path}")
    assert server.stop() == 0
    assert not path.exists()


def test_stale_unix_socket_is_replaced(serve, tmp_path):
    path = tmp_path / "dav.sock"
    server = serve(None, listen=f"unix:{path}")
    server.kill()
    assert path.exists()
    assert serve(None, listen=f"unix:{path}").url


def test_workers_end_with_their_parent(serve):
    server = serve(None, "--workers", "2")
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.pid)], capture_output=True, text=True, check=True
    )
    assert len(children.stdout.split()) == 2
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    assert not any(reader.is_alive() for reader in server.readers)  # the workers held the other end of these pipes
