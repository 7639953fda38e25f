"""Everything below ``/_/``: a table of routes.

Owns: which path and method is which handler; 404 and 405 for the others.
Never: WebDAV; nothing here has locks, depth or XML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import unquote

from davserver.errors import DavserverError
from davserver.live.house import House
from davserver.web.api import commit_collection
from davserver.web.health import live, ready
from davserver.web.metrics import Metrics
from davserver.web.responses import Answer, Environ, StartResponse, StatusOf, failure

PREFIX = "/_/"

Handler = Callable[..., Answer]


class Route(NamedTuple):
    """A path (its groups are the handler's arguments, percent-decoded) and a handler per method."""

    path: re.Pattern[str]
    handlers: dict[str, Handler]


class WebApp:
    """The WSGI application for ``/_/``. Threads: any."""

    def __init__(self, house: House, metrics: Metrics, status_of: StatusOf) -> None:
        self._status_of = status_of
        self._routes = (
            _get("health/live", live),
            _get("health/ready", lambda: ready(house)),
            _get("metrics", metrics.answer),
            Route(_path("api/collections/([^/]+)/commit"), {"POST": lambda name: commit_collection(house, name)}),
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        method = environ["REQUEST_METHOD"]
        return self._answer(method, environ["REQUEST_URI"].partition("?")[0]).send(method, start_response)

    def _answer(self, method: str, path: str) -> Answer:
        for route in self._routes:
            match = route.path.match(path)
            if match is None:
                continue
            handler = route.handlers.get(method)
            if handler is None:
                return failure(405, f"{method} is not possible here", [("Allow", ", ".join(route.handlers))])
            return self._run(handler, [unquote(group) for group in match.groups()])
        return failure(404, "no such page")

    def _run(self, handler: Handler, arguments: list[str]) -> Answer:
        try:
            return handler(*arguments)
        except DavserverError as error:
            status = self._status_of(error)
            if status >= 500 and status not in {503, 507}:
                raise  # the outermost wrapper logs it, and shows the request id only
            return failure(status, error.message)


def _get(path: str, handler: Handler) -> Route:
    return Route(_path(path), {"GET": handler, "HEAD": handler})


def _path(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(PREFIX) + pattern + r"\Z")
