"""Everything below ``/_/``: a table of routes.

Owns: which path and method is which handler; 404 and 405 for the others.
Never: WebDAV; nothing here has locks, depth or XML.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple
from urllib.parse import unquote

import structlog

from davserver.access.door import HOUSE_KEY
from davserver.access.guarded_house import GuardedHouse
from davserver.access.principal import GROUP_MARK
from davserver.access.rights import Rights
from davserver.errors import DavserverError, NotPermitted, StoreFull, StoreUnavailable
from davserver.live.house import House
from davserver.trouble import note_fault
from davserver.web import history, trash
from davserver.web.changes import LARGE_AT_ONCE, change_collection, is_large
from davserver.web.degraded import ready_or_degraded
from davserver.web.health import live
from davserver.web.links import LinkRoutes
from davserver.web.me import me
from davserver.web.metrics import Metrics
from davserver.web.page.app import Pages
from davserver.web.responses import Answer, Environ, StartResponse, StatusOf, failure
from davserver.web.storage import Storage

PREFIX = "/_/"

_log = structlog.get_logger("davserver.web")

Handler = Callable[..., Answer]
"""Takes the house as the principal of the request may use it, and the groups of the path."""


class Route(NamedTuple):
    """A path (its groups are the handler's arguments, percent-decoded) and a handler per method.

    With ``takes_request`` a handler gets the environ before the groups.
    """

    path: re.Pattern[str]
    handlers: dict[str, Handler]
    takes_request: bool = False


class WebApp:
    """The WSGI application for ``/_/``. Threads: any."""

    def __init__(
        self,
        house: House,
        metrics: Metrics,
        status_of: StatusOf,
        pages: Pages | None = None,
        links: LinkRoutes | None = None,
        *,
        keeping: history.Keeping = history.Keeping(),  # noqa: B008  (a frozen value)
        watchers: Collection[str] = (),
    ) -> None:
        """Take what the configuration says of how long old versions and the trash are kept, too.

        ``watchers`` are the accounts and @groups that may read the metrics where there are accounts.
        """
        self._house = house
        self._status_of = status_of
        self._large_changes = threading.BoundedSemaphore(LARGE_AT_ONCE)
        self._routes = (
            _get("health/live", lambda _house: live()),
            _get("health/ready", lambda _house: ready_or_degraded(house)),
            _get("api/me", me),
            _get("metrics", lambda visited: _metrics(metrics, visited, house, frozenset(watchers))),
            Route(_path("api/collections/([^/]+)/changes"), {"POST": self._change}, takes_request=True),
            *(() if pages is None else _of_pages(pages)),
            *(() if links is None else _of_links(links)),
            *_of_history(house, keeping),
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        method = environ["REQUEST_METHOD"]
        house = environ.get(HOUSE_KEY, self._house)
        return self._answer(house, environ, environ["REQUEST_URI"].partition("?")[0]).send(method, start_response)

    def _answer(self, house: House, environ: Environ, path: str) -> Answer:
        method = environ["REQUEST_METHOD"]
        for route in self._routes:
            match = route.path.match(path)
            if match is None:
                continue
            handler = route.handlers.get(method)
            if handler is None:
                return failure(405, f"{method} is not possible here", [("Allow", ", ".join(route.handlers))])
            groups = [unquote(group) for group in match.groups()]
            return self._run(handler, house, environ, [environ, *groups] if route.takes_request else groups)
        return failure(404, "no such page")

    def _change(self, house: House, environ: Environ, name: str) -> Answer:
        """Make changes; of large sets a few at once, since JSON takes some twenty times its size in memory."""
        if not is_large(environ):
            return change_collection(house, environ, name, self._status_of)
        if not self._large_changes.acquire(blocking=False):
            raise StoreUnavailable(f"{LARGE_AT_ONCE} large sets of changes are being made already")
        try:
            return change_collection(house, environ, name, self._status_of)
        finally:
            self._large_changes.release()

    def _run(self, handler: Handler, house: House, environ: Environ, arguments: Sequence[object]) -> Answer:
        try:
            return handler(house, *arguments)
        except DavserverError as error:
            status = self._status_of(error)
            if status >= 500 and status not in {503, 507}:
                raise  # the outermost wrapper logs it, and shows the request id only
            if isinstance(error, StoreUnavailable | StoreFull):
                note_fault(_log, environ, error)
                return failure(status, error.message, [("Retry-After", str(error.retry_after_s))])
            return failure(status, error.message)


def _metrics(metrics: Metrics, visited: House, house: House, watchers: frozenset[str]) -> Answer:
    """Answer with the metrics, to whom the operator named: they tell how much there is and is done that others own."""
    if isinstance(visited, GuardedHouse):
        _require_watcher(visited.rights, watchers)
    metrics.show_trouble(house.trouble())
    with house.read_catalog() as tables:
        waiting = sum(row.head_seq - row.base_seq for row in tables.collections.uncommitted())
        metrics.show_store(tables.collections.number_live(), waiting, house.free_bytes())
    return metrics.answer()


def _require_watcher(rights: Rights, watchers: frozenset[str]) -> None:
    rights.require_name()
    if watchers.isdisjoint({rights.principal.name, *(GROUP_MARK + group for group in rights.groups())}):
        raise NotPermitted("this tells of everybody's collections: access.metrics in the settings names who may")


def _of_pages(pages: Pages) -> tuple[Route, ...]:
    """Return what the page and its scripts ask for."""
    return (
        _get("assets/([0-9a-f]+)/([a-z0-9./-]+)", pages.asset),
        _get("api/list(?:/.*)?", pages.listed, takes_request=True),
        _get("signin", pages.sign_in, takes_request=True),
    )


def _of_links(links: LinkRoutes) -> tuple[Route, ...]:
    """Return what makes, lists and ends links."""
    return (
        Route(_path("api/links"), {"GET": links.listed, "HEAD": links.listed, "POST": links.make}, takes_request=True),
        Route(_path("api/links/([^/]+)"), {"DELETE": links.end}),
    )


def _of_history(house: House, keeping: history.Keeping) -> tuple[Route, ...]:
    """Return what tells of versions and of what was deleted, and brings it back."""

    def one(path: str, handlers: dict[str, Handler]) -> Route:
        return Route(_path(f"api/collections/([^/]+)/{path}"), handlers, takes_request=True)

    storage = Storage(house)
    rules = history.Retention(house, keeping.rules)
    return (
        one("commit", {"POST": history.commit}),
        one("versions", {"GET": history.versions, "HEAD": history.versions}),
        one("versions/([^/]+)", {"PATCH": history.annotate}),
        one("diff", {"GET": history.differing, "HEAD": history.differing}),
        one("diff/text", {"GET": history.differing_text, "HEAD": history.differing_text}),
        one("history", {"GET": history.path_history, "HEAD": history.path_history}),
        one("deleted", {"GET": history.deleted, "HEAD": history.deleted}),
        one("restore", {"POST": history.restore}),
        one("retention", {"GET": rules.show, "HEAD": rules.show, "PUT": rules.change}),
        _get("api/collections/([^/]+)/stats", storage.of_one),
        _get("api/stats", storage.of_all),
        _get("api/trash", lambda visited: trash.listed(visited, keeping.purge_s)),
        Route(_path("api/trash/([^/]+)/restore"), {"POST": trash.restore}, takes_request=True),
        Route(_path("api/trash/([^/]+)"), {"DELETE": trash.purge}),
    )


def _get(path: str, handler: Handler, *, takes_request: bool = False) -> Route:
    return Route(_path(path), {"GET": handler, "HEAD": handler}, takes_request)


def _path(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(PREFIX) + pattern + r"\Z")
