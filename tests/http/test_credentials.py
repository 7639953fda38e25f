"""Credentials as clients send them, to a server that runs as its own process."""

import base64
import socket
from collections.abc import Iterator

import pytest

from davserver.access.throttle import FREE_PER_ACCOUNT
from tests.support.process import until
from tests.support.serving import Served, run
from tests.support.site import Client

PASSWORD = "correct horse"


def tool(server: Served, *arguments: str, **options: object) -> str:
    """Run a command beside the server; return the last line it printed."""
    done = run(*arguments, data=server.data, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n").rpartition("\n")[2]


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
def server(serve) -> Served:
    """A server with the account ``ann`` and her collection ``c``, made while it runs."""
    server = serve()
    tool(server, "user", "add", "ann", "--password-stdin", input=PASSWORD + "\n")
    client = Client(server.host, server.port)
    assert client.send("MKCOL", "/c/", headers=basic("ann")).status == 201
    assert client.send("PUT", "/c/f", b"x", basic("ann")).status == 201
    client.connection.close()
    return server


@pytest.fixture
def client(server: Served) -> Iterator[Client]:
    client = Client(server.host, server.port)
    yield client
    client.connection.close()


def test_the_challenge_is_one_that_explorer_and_finder_know(client):
    for method in ("PROPFIND", "GET", "PUT", "LOCK", "DELETE"):
        refused = client.send(method, "/c/f", b"" if method == "PUT" else None)
        assert refused.status == 401
        assert refused.headers.get_all("WWW-Authenticate") == [
            'Basic realm="davserver", charset="UTF-8"',
            'Bearer realm="davserver"',
        ]
    wrong = client.send("OPTIONS", "/c/", headers=basic("ann", "wrong"))
    assert (wrong.status, len(wrong.headers.get_all("WWW-Authenticate"))) == (401, 2)


def test_options_is_answered_before_anybody_says_who_they_are(client):
    assert client.send("OPTIONS", "/").status == 200
    assert client.send("OPTIONS", "/c/f").headers["DAV"] == client.send("OPTIONS", "/no/").headers["DAV"]


def test_explorer_sends_its_domain_along(client):
    assert client.send("GET", "/c/f", headers=basic("OFFICE\\ann")).body == b"x"


def test_a_body_is_not_asked_for_before_the_credentials_are_right(server):
    request = b"PUT /c/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((server.host, server.port), 30) as stream:
        stream.sendall(request)
        assert stream.recv(1 << 16).startswith(b"HTTP/1.1 401 ")


def test_a_right_is_missed_before_the_body_is_asked_for(server, client):
    token = tool(server, "token", "create", "ann", "--scope", "read")
    request = (
        b"PUT /c/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n"
        b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
    )
    with socket.create_connection((server.host, server.port), 30) as stream:
        stream.sendall(request)
        assert stream.recv(1 << 16).startswith(b"HTTP/1.1 403 ")
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.send("GET", "/c/f", headers=bearer).body == b"x"
    assert client.send("GET", "/c/f", headers=basic("any-name", token)).body == b"x"


def test_guesses_are_told_to_wait(client):
    answers = [client.send("GET", "/c/f", headers=basic("ann", "wrong")) for _ in range(FREE_PER_ACCOUNT + 1)]
    assert [answer.status for answer in answers] == [401] * FREE_PER_ACCOUNT + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert client.send("GET", "/c/f", headers=basic("ann")).status == 200  # she was in before


def test_revocation_is_immediate_in_every_worker(serve, request):
    server = serve(None, "--workers", "2")
    tool(server, "user", "add", "ann", "--password-stdin", input=PASSWORD + "\n")
    token = tool(server, "token", "create", "ann", "--expires", "1")
    bearer = {"Authorization": f"Bearer {token}"}
    clients = [Client(server.host, server.port) for _ in range(12)]
    request.addfinalizer(lambda: [client.connection.close() for client in clients])
    assert {client.send("PROPFIND", "/", headers={**bearer, "Depth": "0"}).status for client in clients} == {207}
    token_id = run("token", "list", "--json", data=server.data).stdout.split('"id": "')[1].split('"')[0]
    tool(server, "token", "revoke", token_id)
    assert {client.send("PROPFIND", "/", headers={**bearer, "Depth": "0"}).status for client in clients} == {401}


def test_passwords_in_the_clear_are_refused_unless_a_trusted_proxy_says_https(client):
    away = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "http"}
    refused = client.send("GET", "/c/f", headers={**basic("ann"), **away})
    assert refused.status == 403
    assert b"TLS" in refused.body
    asked = client.send("GET", "/c/f", headers=away)
    assert (asked.status, asked.headers.get_all("WWW-Authenticate")) == (403, None)
    through_tls = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    assert client.send("GET", "/c/f", headers={**basic("ann"), **through_tls}).body == b"x"


def test_with_an_account_a_server_listens_where_others_can_connect(serve, tmp_path):
    data = tmp_path / "data"
    refused = run("serve", "--listen", "0.0.0.0:0", data=data)
    assert refused.returncode == 2
    assert "user add" in refused.stderr
    assert not data.exists()
    done = run("user", "add", "ann", "--password-stdin", data=data, input=PASSWORD + "\n")
    assert done.returncode == 0
    server = serve(data, listen="0.0.0.0:0")
    client = Client("127.0.0.1", server.port)
    assert client.send("PROPFIND", "/", headers={"Depth": "0"}).status == 401
    tool(server, "user", "remove", "ann")
    assert client.send("PROPFIND", "/", headers={"Depth": "0"}).status == 401
    client.connection.close()


def test_no_secret_is_in_the_log(server, client):
    token = tool(server, "token", "create", "ann")
    client.send("GET", "/c/f", headers={"Authorization": f"Bearer {token}"})
    client.send("GET", "/c/f", headers=basic("ann", "a wrong one"))
    client.send("GET", "/c/f", headers=basic("ann"))
    until(lambda: server.log.count('"target": "/c/f"') >= 3)
    server.stop()
    for secret in (PASSWORD, token, "a wrong one", basic("ann")["Authorization"].split()[1]):
        assert secret not in server.log
