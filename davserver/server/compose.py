"""The composition root: the one place where settings become objects and objects become an application.

From the outside in: accounting, compression, headers, checks on browsers, proxies, who asks; then ``/_/`` or WebDAV.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable

import structlog

from davserver.access.passwords import Passwords
from davserver.config import Settings
from davserver.dav.app import make_app
from davserver.dav.space import UrlSpace
from davserver.dav.status import row_of
from davserver.errors import DavserverError
from davserver.live.house import House
from davserver.live.keeper import Keeper
from davserver.live.rehearsal import rehearse
from davserver.middleware.access_log import AccessLog, console_line, json_line
from davserver.middleware.authentication import Authenticated
from davserver.middleware.browsers import CrossSiteCheck, HostCheck
from davserver.middleware.compression import Compressed
from davserver.middleware.damage import KINDS, DamageWatch
from davserver.middleware.exchange import Observed, Observer
from davserver.middleware.identity import ProxyIdentity
from davserver.middleware.links import SharedLinks
from davserver.middleware.proxies import BehindProxies, Trust
from davserver.middleware.security_headers import SecurityHeaders
from davserver.middleware.wsgi import Application, Environ, StartResponse
from davserver.server.entrance import open_doors
from davserver.server.logs import logs_are_json
from davserver.server.opening import open_house, retention_rules
from davserver.server.pool import pass_on
from davserver.server.process import Site
from davserver.server.sockets import Address
from davserver.trouble import log_fault
from davserver.values import Locator
from davserver.web.app import PREFIX, WebApp
from davserver.web.history import Keeping
from davserver.web.links import LinkRoutes
from davserver.web.metrics import Metrics
from davserver.web.page.app import Pages

FROM_DAV = (PREFIX + "uploads/", PREFIX + "zip/", PREFIX + "preview/")
"""Uploads are no WebDAV resources, but become some, zips and previews are of some: the DAV room serves them."""

_log = structlog.get_logger("davserver.live")


def compose(settings: Settings, address: Address, keeper: Keeper, *, multiprocess: bool) -> Site:
    """Open the house of this process and build the application on it. Errors: ConfigError, StoreUnavailable.

    The ``keeper`` makes the commits: requests have this process to themselves.
    """
    metrics = Metrics(shared=multiprocess)
    house = open_house(settings, keeper=keeper, restored=_report_restored, before_wait=pass_on, meter=metrics)
    house.start()
    _rehearse(house)
    app = guarded(settings, address, house, metrics)
    trust = Trust(settings.proxy_trusted)
    app = BehindProxies(
        app,
        trust,
        rfc7239=settings.proxy_header == "forwarded",
        prefix=settings.proxy_prefix,
        hosts=settings.allowed_hosts,
    )
    if settings.access_proxy_user:
        app = ProxyIdentity(app, trust, user=settings.access_proxy_user, groups=settings.access_proxy_groups)
    app = CrossSiteCheck(app, settings.allowed_hosts)
    if address.path is None and address.is_private():
        app = HostCheck(app, settings.allowed_hosts)
    app = SecurityHeaders(app)
    app = Compressed(app)
    metrics.show_zeros(KINDS.values())
    damage = DamageWatch(structlog.get_logger("davserver.damage"), metrics.count_damage)
    observers: list[Observer] = [metrics.observe, damage.observe]
    closing: list[Callable[[], None]] = [house.close]
    if settings.log_access and settings.log_level in {"debug", "info"}:
        log = AccessLog(_write_log, json_line if logs_are_json(settings) else console_line, clock=time.time)
        observers.append(log.observe)
        closing.append(log.close)
    observed = Observed(app, tuple(observers), monotonic=time.monotonic, random_bytes=os.urandom)
    return Site(observed, tuple(closing), metrics)


def _rehearse(house: House) -> None:
    """Spare the first clients what is done once; a catalog that cannot be written now may be so when they come."""
    try:
        rehearse(house)
    except DavserverError as error:
        log_fault(_log, "no rehearsal: the first requests will take longer", error)


def guarded(settings: Settings, address: Address, house: House, metrics: Metrics) -> Application:
    """Make what finds out who comes, and by which way, and serves them. Errors: ConfigError."""
    passwords = Passwords()
    inside = behind_the_door(settings, house, metrics, passwords)
    doors = open_doors(settings, address, house, passwords)
    return SharedLinks(Authenticated(inside, doors.people), inside, doors.links)


def behind_the_door(settings: Settings, house: House, metrics: Metrics, passwords: Passwords) -> Application:
    """Make what serves a request that was let in: pages below ``/_/``, or WebDAV."""
    dav = make_app(house, settings.quirks_off)
    pages = Pages(house, UrlSpace(), _status_of)
    keeping = Keeping(retention_rules(settings), settings.gc_purge_s)
    web = WebApp(
        house,
        metrics,
        _status_of,
        pages,
        LinkRoutes(passwords),
        keeping=keeping,
        watchers=settings.access_metrics,
    )
    space = pages.before(dav)

    def route(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith(PREFIX):
            return space(environ, start_response)
        app = dav if path.startswith(FROM_DAV) else web
        return app(environ, start_response)

    return route


def _status_of(error: Exception) -> int:
    return row_of(error).status


def _write_log(lines: str) -> None:
    sys.stderr.write(lines)
    sys.stderr.flush()


def _report_restored(locator: Locator) -> None:
    _log.warning("a block that is read was in the trash, and is back", block=str(locator))
