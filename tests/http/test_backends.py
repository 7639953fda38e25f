"""People who are known by other means than accounts, to servers that run as their own processes."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

import bcrypt
import pytest

from davserver.access import managing
from davserver.access.passwords import Passwords
from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Right
from davserver.live.house import House
from tests.suites.access_backend import basic
from tests.support.issuer import AUDIENCE, Issuer
from tests.support.serving import run
from tests.support.site import Client


def hashed(password):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


@contextmanager
def beside(data):
    """Open the catalog as one more process beside a server does."""
    house = House(open_catalog(f"sqlite:///{data}/catalog.db"), MemoryStore(clock=time.time))
    yield house
    house.close()


@pytest.fixture
def data(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    with beside(data) as house:
        house.edit(lambda edit: edit.create_collection("c"))
        managing.add_group(house, "staff")
        managing.grant(house, "c", "@staff", Right.WRITE)
    return data


@pytest.fixture
def client_of(serve, request):
    def client_of(*arguments, **environment):
        server = serve(*arguments, environ={f"DAVSERVER_{key.upper()}": value for key, value in environment.items()})
        client = Client(server.host, server.port)
        request.addfinalizer(client.connection.close)
        return client

    return client_of


def me(client, **headers):
    answer = client.send("GET", "/_/api/me", None, {key.replace("_", "-"): value for key, value in headers.items()})
    return (answer.status, None) if answer.status != 200 else (200, json.loads(answer.body))


def test_an_htpasswd_file_closes_the_door_and_opens_it_to_those_in_it(data, client_of, tmp_path):
    people = tmp_path / "people"
    people.write_text(f"ann:{hashed('correct horse')}\n")
    client = client_of(data, access_htpasswd=str(people))
    assert client.send("GET", "/c/").status == 401
    ann = {"Authorization": basic("ann", "correct horse")}
    assert client.send("GET", "/c/", None, ann).status == 404
    with beside(data) as house:
        managing.add_account(house, Passwords(), "ann", None)
        managing.join(house, "staff", "ann")
    assert client.send("PUT", "/c/f", b"x", ann).status == 201
    assert client.send("GET", "/c/f", None, {"Authorization": basic("ann", "wrong")}).status == 401
    people.write_text(f"ann:{hashed('another horse')}\n")
    assert client.send("GET", "/c/f", None, ann).status == 401
    people.write_text("# nobody\n")
    assert client.send("GET", "/c/f", None, {"Authorization": basic("ann", "another horse")}).status == 401
    with beside(data) as house, house.read_catalog() as tables:
        told = tables.audit.newest(100)
    assert "refused" in {event.action for event in told}
    assert "horse" not in repr(told)


def test_what_a_trusted_proxy_says_is_believed_and_what_anybody_else_says_is_not(data, client_of):
    client = client_of(data, access_proxy_user="X-Remote-User", access_proxy_groups="X-Remote-Groups")
    assert me(client)[1]["name"] is None
    said = {"X-Remote-User": "ann", "X-Remote-Groups": "staff, others"}
    status, told = me(client, **said)
    assert (status, told["name"], told["groups"]) == (200, "ann", ["others", "staff"])
    assert told["rights"] == [{"collection": "c", "right": "write", "below": []}]
    assert client.send("PUT", "/c/f", b"x", said).status == 201
    assert client.send("GET", "/c/f", None, {"X-Remote-User": "ben"}).status == 404
    assert client.send("GET", "/c/f", None, {"X-Remote-User": "@staff"}).status == 401
    assert client.send("GET", "/c/f", None, {"X-Remote-Groups": "staff"}).status == 401
    far = client_of(
        data, access_proxy_user="X-Remote-User", access_proxy_groups="X-Remote-Groups", proxy_trusted="unix"
    )
    assert far.send("GET", "/c/f", None, said).status == 401
    assert me(far, **said)[1]["name"] is None


def test_a_client_behind_a_trusted_proxy_is_not_believed_itself(data, client_of):
    client = client_of(data, access_proxy_user="X-Remote-User", proxy_trusted="unix,10.0.0.0/8")
    spoofed = {"X-Remote-User": "ann", "X-Forwarded-For": "10.0.0.1"}
    assert client.send("GET", "/c/", None, spoofed).status == 401


def test_tokens_of_an_issuer(data, client_of):
    issuer = Issuer()
    try:
        client = client_of(data, access_oidc_issuer=issuer.url, access_oidc_audience=AUDIENCE)
        token = issuer.token("ann", groups=["staff"])
        status, told = me(client, Authorization=f"Bearer {token}")
        assert (status, told["name"], told["groups"], told["may_create"]) == (200, "ann", ["staff"], True)
        assert client.send("PUT", "/c/f", b"x", {"Authorization": f"Bearer {token}"}).status == 201
        other = issuer.token("ann", aud="another", groups=["staff"])
        assert client.send("GET", "/c/f", None, {"Authorization": f"Bearer {other}"}).status == 401
    finally:
        issuer.close()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ('htpasswd = "/nowhere"', "access.htpasswd"),
        ('oidc_issuer = "http://login.example.org"\noidc_audience = "x"', "https"),
        ('ldap_url = "ldap://directory.example.org"\nldap_users = "dc=org"', "access.ldap_url"),
    ],
)
def test_a_backend_that_cannot_be_used_is_told_before_anything_is_served(tmp_path, settings, told):
    (tmp_path / "config.toml").write_text(f"[access]\n{settings}\n")
    refused = run("serve", "--listen", "127.0.0.1:0", data=tmp_path)
    assert refused.returncode == 2
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr
