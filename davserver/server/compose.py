"""The composition root: the one place where settings become objects and objects become an application."""

from __future__ import annotations

from davserver.config import Settings
from davserver.server.process import Site
from davserver.server.sockets import Address


class _NoHouse:
    def close(self) -> None:
        """Do nothing."""


def compose(settings: Settings, address: Address) -> Site:
    """Make the application of one process."""

    def app(environ, start_response):  # type: ignore
        start_response("501 Not Implemented", [("Content-Type", "text/plain")])
        return [b"stub"]

    return Site(app, _NoHouse())
