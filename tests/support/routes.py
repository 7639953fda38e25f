"""A way for a real client to a running server: straight, or through a proxy."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.davclient import Dav
from tests.support.process import Server
from tests.support.proxies import Proxy

DIRECT = "direct"


@dataclass(frozen=True)
class Route:
    """A way to a running server. ``url`` is what clients are given: no slash at its end."""

    name: str
    url: str
    server: Server
    proxy: Proxy | None = None

    def dav(self) -> Dav:
        """Make a client that takes this way."""
        return Dav(self.url)
