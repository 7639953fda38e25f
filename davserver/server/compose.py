"""The composition root: the one place where settings become objects and objects become an application.

From the outside in: accounting, checks on browsers, headers, who asks; then ``/_/`` or WebDAV.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

import structlog

from davserver.access.principal import Anyone
from davserver.config import Settings
from davserver.dav.app import make_app
from davserver.dav.status import row_of
from davserver.live.house import House
from davserver.middleware.access_log import log_exchange
from davserver.middleware.authentication import Authenticated
from davserver.middleware.browsers import CrossSiteCheck, HostCheck
from davserver.middleware.exchange import Observed, Observer
from davserver.middleware.security_headers import SecurityHeaders
from davserver.middleware.wsgi import Application, Environ, StartResponse
from davserver.server.opening import open_house
from davserver.server.process import Site
from davserver.server.sockets import Address
from davserver.web.app import PREFIX, WebApp
from davserver.web.metrics import Metrics

_log = structlog.get_logger("davserver.live")


def compose(settings: Settings, address: Address, *, multiprocess: bool) -> Site:
    """Open the house of this process and build the application on it. Errors: ConfigError, StoreUnavailable."""
    house = open_house(settings, report=_report_commit)
    house.start()
    metrics = Metrics(shared=multiprocess)
    app: Application = Authenticated(_inner(house, metrics), Anyone())
    app = SecurityHeaders(app)
    app = CrossSiteCheck(app)
    if address.path is None and address.is_private():
        app = HostCheck(app, settings.allowed_hosts)
    observers: tuple[Observer, ...] = (metrics.observe,)
    if settings.log_access:
        observers = (*observers, log_exchange)
    return Site(Observed(app, observers, monotonic=time.monotonic, random_bytes=os.urandom), house)


def _inner(house: House, metrics: Metrics) -> Application:
    dav = make_app(house)
    web = WebApp(house, metrics, lambda error: row_of(error).status)

    def route(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        app = web if environ["PATH_INFO"].startswith(PREFIX) else dav
        return app(environ, start_response)

    return route


def _report_commit(name: str, error: BaseException) -> None:
    _log.error("commit failed, it will be tried again", collection=name, reason=str(error))
