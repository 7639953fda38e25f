"""The application as it is composed, and what a page of somebody else or a guesser can make of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from davserver.access import managing
from davserver.access.passwords import Passwords
from davserver.access.throttle import FREE_PER_ACCOUNT, FREE_PER_ADDRESS
from davserver.config import Settings
from davserver.server import entrance
from davserver.server.board import Board
from davserver.server.compose import compose
from davserver.server.opening import open_house
from davserver.server.sockets import parse_listen
from tests.support.site import Client, serving

FORMS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
CHANGES = b'{"changes":[{"do":"delete","path":"f"}]}'
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def served(data: Path) -> Iterator[Client]:
    """Serve a data directory with all wrappers, as a server on this machine does."""
    site = compose(Settings(data=data, log_access=False), parse_listen("127.0.0.1:8080"), Board(), multiprocess=False)
    try:
        with serving(site.app) as address:
            client = Client(*address)
            yield client
            client.connection.close()
    finally:
        for close in site.closing:
            close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Talk to a server without accounts, which has one file."""
    with served(tmp_path / "data") as client:
        client.expect(201, "MKCOL", "/c/")
        client.expect(201, "PUT", "/c/f", b"x")
        yield client


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "MKCOL", "MOVE", "COPY", "LOCK", "PROPPATCH", "PATCH"])
def test_no_page_of_another_origin_changes_anything(client: Client, method: str, site: str) -> None:
    for told in ({"Sec-Fetch-Site": site}, {"Origin": "http://evil.com"}, {"Origin": "null"}):
        for path in ("/c/f", "/c/new", "/_/api/collections/c/changes", "/_/api/collections/c/commit"):
            answer = client.send(method, path, b"", {"Destination": "/c/g", "Content-Type": "application/json", **told})
            assert answer.status == 403, (path, told)
    assert list(client.propfind("/c/", "1")) == ["/c/", "/c/f"]


@pytest.mark.parametrize("kind", FORMS)
def test_no_form_reaches_the_json_api(client: Client, kind: str) -> None:
    """Also of a browser too old to say where a form came from: it cannot send JSON without being asked first."""
    answer = client.send("POST", "/_/api/collections/c/changes", CHANGES, {"Content-Type": kind})
    assert answer.status == 415
    assert client.expect(200, "GET", "/c/f").body == b"x"


def test_no_page_may_ask_whether_it_may(client: Client) -> None:
    asked = {"Origin": "http://evil.com", "Access-Control-Request-Method": "PUT", "Sec-Fetch-Site": "cross-site"}
    for path in ("/c/f", "/_/api/collections/c/changes", "*"):
        answer = client.send("OPTIONS", path, None, asked)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_name_that_was_pointed_here_is_not_served(client: Client) -> None:
    """DNS rebinding: the page's own name means 127.0.0.1 now, so to the browser nothing is cross-site."""
    for host in ("evil.com", "evil.com:8080", "127.0.0.1.evil.com", "localhost.evil.com."):
        for method in ("GET", "PROPFIND", "PUT", "OPTIONS"):
            headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin", "Depth": "0"}
            answer = client.send(method, "/c/f", b"", headers)
            assert answer.status == 403
            assert answer.headers["X-Content-Type-Options"] == "nosniff"  # it repeats the name
    told = {"Host": "evil.com", "X-Forwarded-Host": "localhost", "Forwarded": "host=localhost"}
    assert client.send("GET", "/c/f", None, told).status == 403


def test_our_own_page_and_other_clients_are_served(client: Client) -> None:
    ours = {"Origin": f"http://{client.host}:{client.port}", "Sec-Fetch-Site": "same-origin"}
    client.expect(201, "PUT", "/c/own", b"x")
    assert client.send("PUT", "/c/page", b"x", ours).status == 201
    assert client.send("DELETE", "/c/page", None, {"Origin": ours["Origin"]}).status == 204


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Talk to a server that knows ann, and hashes quickly; a client may have any address, behind the proxy here."""
    monkeypatch.setattr(entrance, "Passwords", lambda: Passwords(QUICK))
    house = open_house(Settings(data=tmp_path / "data"))
    managing.add_account(house, Passwords(QUICK), "ann", "ann's own password")
    house.close()
    with served(tmp_path / "data") as client:
        yield client


def guess(client: Client, name: str, password: str, address: str) -> int:
    """Return the status of a request with a name and a password, from an address behind a proxy with TLS."""
    encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
    proxied = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "Authorization": f"Basic {encoded}"}
    return client.send("PROPFIND", "/", None, {**proxied, "Depth": "0"}).status


def test_guesses_count_against_the_client_behind_the_proxy_not_the_proxy(guarded: Client) -> None:
    for number in range(FREE_PER_ADDRESS):
        assert guess(guarded, f"nobody{number}", "x", "192.0.2.1") == 401
    assert guess(guarded, "other", "x", "192.0.2.1") == 429
    assert guess(guarded, "other", "x", "192.0.2.2") == 401
    assert guess(guarded, "ann", "ann's own password", "192.0.2.2") == 207


def test_whoever_guesses_at_an_account_does_not_lock_its_owner_out(guarded: Client) -> None:
    assert guess(guarded, "ann", "ann's own password", "192.0.2.9") == 207
    for number in range(FREE_PER_ACCOUNT):
        assert guess(guarded, "ann", f"guess {number}", f"192.0.2.{number + 10}") == 401
    assert guess(guarded, "ann", "another guess", "192.0.2.99") == 429
    # Another password that was not remembered a moment ago, from where she was before: looked at, not turned away.
    assert guess(guarded, "ann", "a slip of hers", "192.0.2.9") == 401
    assert guess(guarded, "ann", "ann's own password", "192.0.2.9") == 207


def test_an_account_that_does_not_exist_costs_as_much_as_one_that_does(
    guarded: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time would tell who has an account; what takes the time is one hash, whatever the name."""
    made: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, stored: str, password: str) -> bool:
        made.append(password)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    answers = {}
    for name in ("ann", "nobody", ""):
        encoded = base64.b64encode(f"{name}:wrong".encode()).decode()
        answer = guarded.send("GET", "/", None, {"Authorization": f"Basic {encoded}"})
        answers[name] = (answer.status, answer.body, len(made))
        made.clear()
    assert set(answers.values()) == {(401, answers["ann"][1], 1)}
