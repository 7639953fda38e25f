"""``davserver serve`` as a process: it says when it is ready, it stops when told, it refuses what is unsafe."""

import http.client
import json
import os
import signal
import socket
import ssl
from contextlib import closing, contextmanager

import pytest

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.collection.change import Mkdir
from davserver.live.house import House
from tests.support.certificates import make_certificate
from tests.support.process import until
from tests.support.serving import NotReady, run


def request(server, method, path, body=None):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    connection.request(method, path, body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def get(server, path="/_/health/live"):
    return request(server, "GET", path)


@contextmanager
def half_a_put(server):
    """Begin a PUT, send the first half of its body once the server asked for it."""
    client = socket.create_connection((server.host, server.port), timeout=30)
    with client:
        _send_half(client)
        yield client


def _send_half(client):
    client.sendall(b"PUT /c/late HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"12345")


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


def test_workers_end_with_their_parent_and_the_housekeeper_commits_after_them(serve):
    server = serve(None, "--workers", "2")
    until(lambda: server.housekeeper)
    assert len(server.workers) == 2
    request(server, "MKCOL", "/c")
    assert request(server, "PUT", "/c/file", b"content")[0].status == 201
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    assert not any(reader.is_alive() for reader in server.readers)  # the others held the other end of these pipes
    assert json.loads(run("history", "c", "--json", data=server.data).stdout)[-1]["files"] == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_lets_a_put_in_flight_finish(serve, workers):
    server = serve(None, "--workers", workers)
    assert request(server, "MKCOL", "/c")[0].status == 201
    with half_a_put(server) as client:
        server.terminate()
        until(lambda: "stopping" in server.log)
        client.sendall(b"67890")
        assert client.recv(1000).startswith(b"HTTP/1.1 201 ")
    assert server.wait() == 0
    again = serve(server.data)
    assert get(again, "/c/late")[1] == b"1234567890"


def test_second_sigterm_cuts_what_is_in_flight(serve):
    server = serve()
    assert request(server, "MKCOL", "/c")[0].status == 201
    with half_a_put(server) as client:
        server.terminate()
        until(lambda: "stopping" in server.log)
        server.terminate()
        assert server.wait() == 0
        assert not client.recv(1000).startswith(b"HTTP/1.1 2")
    again = serve(server.data)
    assert get(again, "/c/late")[0].status == 404


def test_stop_commits_what_was_written(serve):
    server = serve()
    request(server, "MKCOL", "/c")
    assert request(server, "PUT", "/c/file", b"content")[0].status == 201
    assert server.stop() == 0
    assert json.loads(run("history", "c", "--json", data=server.data).stdout)[-1]["files"] == 1


def test_what_was_answered_survives_a_kill(serve):
    server = serve(None, "--workers", "2")
    request(server, "MKCOL", "/c")
    assert request(server, "PUT", "/c/file", b"content")[0].status == 201
    server.kill()
    assert get(serve(server.data), "/c/file")[1] == b"content"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_worker_that_dies_is_replaced_and_its_clients_wait(serve, workers):
    server = serve(None, "--workers", workers)
    before = server.workers
    os.kill(before[0], signal.SIGKILL)
    until(lambda: "worker restarted" in server.log)
    for _ in range(8):
        assert get(server)[0].status == 200
    after = server.workers
    assert len(after) == int(workers)
    assert before[0] not in after
    assert server.stop() == 0


def versions_of(server, name):
    return [version["files"] for version in json.loads(run("history", name, "--json", data=server.data).stdout)]


def test_housekeeper_that_dies_is_replaced_and_commits_what_was_left(serve):
    server = serve(None, environ={"DAVSERVER_COMMIT_IDLE_S": "1", "DAVSERVER_COMMIT_AGE_S": "1"})
    request(server, "MKCOL", "/c")
    until(lambda: server.housekeeper)
    first = server.housekeeper
    assert request(server, "PUT", "/c/file", b"content")[0].status == 201
    os.kill(first, signal.SIGKILL)
    until(lambda: "housekeeper restarted" in server.log)
    until(lambda: request(server, "GET", "/_/health/ready")[0].status == 200)
    until(lambda: versions_of(server, "c") == [1])
    assert server.housekeeper not in {0, first}
    assert server.stop() == 0


def test_a_stop_in_the_middle_of_a_commit_ends_it_first(serve, tmp_path):
    server = serve(None, environ={"DAVSERVER_COMMIT_IDLE_S": "0.05", "DAVSERVER_COMMIT_AGE_S": "0.1"})
    request(server, "MKCOL", "/c")
    for number in range(100):
        assert request(server, "PUT", f"/c/{number}", b"content")[0].status == 201
    assert server.stop() == 0
    assert versions_of(server, "c")[-1] == 100


def test_a_second_signal_hurries_the_last_commit_which_loses_nothing(serve, tmp_path):
    with closing(House(open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}"), open_store(tmp_path / "blocks"))) as house:
        made = house.edit(lambda edit: edit.create_collection("c"))
        house.edit(lambda edit: [edit.apply(made.id, Mkdir((f"d{number}",))) for number in range(3000)])
    server = serve(tmp_path)
    until(lambda: server.housekeeper)
    server.terminate()
    until(lambda: not server.workers)
    server.terminate()
    assert server.wait() == 0
    assert "Traceback" not in server.log
    with closing(House(open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}"), open_store(tmp_path / "blocks"))) as house:
        assert len(house.view("c").root) == 3000
        assert "in a hurry" in server.log or house.versions("c")


def test_the_housekeeper_outlives_a_signal_that_is_sent_to_all(serve):
    server = serve()
    until(lambda: server.housekeeper)
    request(server, "MKCOL", "/c")
    with half_a_put(server) as client:
        os.killpg(server.pid, signal.SIGTERM)
        until(lambda: "stopping" in server.log)
        client.sendall(b"67890")
        assert client.recv(1000).startswith(b"HTTP/1.1 201 ")
    assert server.wait() == 0
    assert versions_of(server, "c") == [1]


def test_every_worker_sees_what_any_of_them_wrote(serve):
    server = serve(None, "--workers", "2")
    request(server, "MKCOL", "/c")
    for number in range(10):
        assert request(server, "PUT", f"/c/{number}", b"x")[0].status == 201
        for _ in range(3):
            assert get(server, f"/c/{number}")[1] == b"x"


def test_metrics_of_all_workers_are_one(serve):
    server = serve(None, "--workers", "2")
    for _ in range(20):
        get(server)
    until(lambda: all(counted(server) >= 20 for _ in range(4)))  # an exchange is counted when it is over


def counted(server):
    text = get(server, "/_/metrics")[1].decode()
    [line] = [line for line in text.splitlines() if 'requests_total{method="GET",status="200"}' in line]
    return float(line.split()[-1])


def test_commands_work_beside_a_server(serve):
    server = serve()
    assert run("collection", "create", "c", data=server.data).returncode == 0
    assert request(server, "PUT", "/c/file", b"one")[0].status == 201
    first = json.loads(request(server, "POST", "/_/api/collections/c/commit")[1])
    request(server, "PUT", "/c/file", b"two")
    assert json.loads(run("commit", "c", "--json", data=server.data).stdout)["version"] == first["version"] + 1
    assert run("restore", "c", str(first["version"]), data=server.data).returncode == 0
    assert get(server, "/c/file")[1] == b"one"
    assert run("collection", "rename", "c", "d", data=server.data).returncode == 0
    assert get(server, "/d/file")[1] == b"one"
    assert get(server, "/c/file")[0].status == 404


def test_tls(serve, tmp_path):
    certificate, key = make_certificate(tmp_path)
    server = serve(None, "--tls-certificate", str(certificate), "--tls-key", str(key))
    assert server.url.startswith("https://127.0.0.1:")
    context = ssl.create_default_context(cafile=certificate)
    connection = http.client.HTTPSConnection(server.host, server.port, timeout=10, context=context)
    connection.request("GET", "/_/health/live")
    assert connection.getresponse().status == 200
    connection.close()


def test_bad_certificate_is_one_line(serve, tmp_path):
    done = run(
        "serve", "--listen", "127.0.0.1:0", "--tls-certificate", "none.pem", "--tls-key", "none.pem", data=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr.startswith("davserver: tls.certificate: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_unusable_catalog_is_one_line_and_a_hint(serve, tmp_path, workers):
    environ = {"DAVSERVER_CATALOG": "mysql://h/d"}
    with pytest.raises(NotReady, match=r"status 2\n\ndavserver: catalog: .*\nhint: ") as failure:
        serve(None, "--workers", workers, environ=environ)
    assert "Traceback" not in str(failure.value)


def test_foreign_host_name_is_refused_and_can_be_allowed(serve):
    server = serve()
    other = serve(None, environ={"DAVSERVER_ALLOWED_HOSTS": "dav.davserver.net"})
    for target, status in ((server, 403), (other, 200)):
        connection = http.client.HTTPConnection(target.host, target.port, timeout=10)
        connection.request("GET", "/_/health/live", headers={"Host": "dav.davserver.net"})
        response = connection.getresponse()
        assert response.status == status
        assert response.headers["X-Request-Id"]
        connection.close()
