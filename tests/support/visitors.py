"""A server with accounts in this process, and clients that come as one of them.

with visiting(site.house, stage) as visitors:
    visitors.account("ann")                    # its token is its password here: no slow hash
    visitors.grant("photos", "ann", Right.READ)
    visitors.send("ann", "GET", "/photos/cat.jpg")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from davserver.access import managing
from davserver.catalog.model import Account, Right
from davserver.config import Settings
from davserver.live.house import House
from davserver.server.compose import guarded
from davserver.server.http import WSGIApplication
from davserver.server.sockets import Address
from davserver.values import TreePath
from davserver.web.metrics import Metrics
from tests.support.site import Answer, Client, Site, Stage

STRANGER = ""


def guarded_app(house: House, settings: Settings | None = None) -> WSGIApplication:
    """Make the application as the composition root does, behind the door of a server on loopback."""
    return guarded(settings or Settings(), Address(host="127.0.0.1"), house, Metrics(shared=False))


class Visitors:
    """Accounts with a token each, and requests in their names."""

    def __init__(self, client: Client, house: House) -> None:
        self.client = client
        self.house = house
        self.tokens: dict[str, str] = {}

    def account(self, name: str) -> None:
        """Make an account that only its tokens open, and a token."""
        row = Account(name=name, password_hash="!", created_ns=0)
        self.house.edit(lambda edit: edit.access().add_account(row))
        self.token(name, name)

    def token(self, key: str, account: str, *, may_write: bool = True) -> str:
        """Make one more token; requests are sent with it under ``key``. Returns its id."""
        made, self.tokens[key] = managing.add_token(self.house, account, may_write=may_write, days=None)
        return made.id

    def grant(self, collection: str, who: str, right: Right, path: TreePath = ()) -> None:
        """Say what somebody may do with a collection, or with what is at a path of it."""
        managing.grant(self.house, collection, who, right, path)

    def send(
        self, who: str, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request as somebody, or as a stranger."""
        credentials = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return self.client.send(method, path, body, {**(headers or {}), **credentials})


@contextmanager
def visiting(site: Site, stage: Stage, settings: Settings | None = None) -> Iterator[Visitors]:
    """Put the site's house behind a door until the block ends."""
    with stage.play(guarded_app(site.house, settings)):
        yield Visitors(site.client, site.house)
