"""Two clients want the same name at once, each at a server of its own on the same data: one gets it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from davserver.blocks.open import open_store
from davserver.catalog.database import open_catalog
from davserver.dav.app import make_app
from davserver.live.house import House
from tests.support.site import TIMEOUT_S, Client, serving

ROUNDS = 25


@pytest.fixture
def rival(site) -> Iterator[Client]:
    """Talk to a second house on the same data directory, as another process would be."""
    house = House(open_catalog(f"sqlite:///{site.data / 'catalog.db'}"), open_store(site.data / "blocks"))
    with serving(make_app(house)) as address:
        client = Client(*address)
        yield client
        client.connection.close()
    house.close()


def race(clients, method, path, bodies=(None, None), headers=None):
    """Send one request from each client at once; return their statuses."""
    barrier = threading.Barrier(len(clients))

    def run(client, body):
        barrier.wait(TIMEOUT_S)
        return client.send(method, path, body, headers or {}).status

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(run, clients, bodies))


def test_create_only_put(dav, rival):
    for number in range(ROUNDS):
        path = f"/c/f{number}"
        bodies = (b"dav", b"rival")
        statuses = race((dav, rival), "PUT", path, bodies, {"If-None-Match": "*"})
        assert sorted(statuses) == [201, 412]
        winner = bodies[statuses.index(201)]
        assert dav.expect(200, "GET", path).body == rival.expect(200, "GET", path).body == winner


def test_a_put_over_what_was_read(dav, rival):
    """Each adds one to the number it has read: no addition is lost."""
    dav.expect(201, "PUT", "/c/n", b"0")
    for done in range(ROUNDS):
        read = dav.expect(200, "GET", "/c/n")
        body = b"%d" % (int(read.body) + 1)
        statuses = race((dav, rival), "PUT", "/c/n", (body, body + b" "), {"If-Match": read.headers["ETag"]})
        assert sorted(statuses) == [204, 412]
        assert int(rival.expect(200, "GET", "/c/n").body) == done + 1


@pytest.mark.parametrize("path", ["/c/folder{}/", "/collection{}/"])
def test_mkcol(dav, rival, path):
    for number in range(ROUNDS):
        assert sorted(race((dav, rival), "MKCOL", path.format(number))) == [201, 405]


@pytest.mark.parametrize("verb", ["COPY", "MOVE"])
def test_overwrite_f(dav, rival, verb):
    """Both bring another file to one name: one arrives, the other stays where it was."""
    for number in range(ROUNDS):
        target = f"/c/target{number}"
        sources = [f"/c/{who}{number}" for who in ("dav", "rival")]
        for source in sources:
            dav.expect(201, "PUT", source, source.encode())
        barrier = threading.Barrier(2)

        def run(client, source, barrier=barrier, target=target):
            barrier.wait(TIMEOUT_S)
            return client.send(verb, source, None, {"Destination": target, "Overwrite": "F"}).status

        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(run, (dav, rival), sources))
        assert sorted(statuses) == [201, 412]
        winner, loser = sources[statuses.index(201)], sources[statuses.index(412)]
        assert dav.expect(200, "GET", target).body == winner.encode()
        assert rival.expect(200, "GET", loser).body == loser.encode()
        assert rival.send("GET", winner).status == (200 if verb == "COPY" else 404)
