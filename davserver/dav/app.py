"""The WebDAV application: WsgiDAV's frame around davserver's own verbs.

Owns: the WSGI callable, its middleware stack, what happens to an error on its way out.
Never: a decision of a verb, a log format.
Follows: PEP 3333. WsgiDAV 4.4 is the frame, not the judge: its ``__call__`` decodes the path a second time, forces
``Connection: close`` on streamed responses and reads unread bodies into memory, so the frame's own is replaced here
and the request goes to the provider through ``custom_request_handler``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import structlog
from wsgidav.mw.base_mw import BaseMiddleware
from wsgidav.wsgidav_app import WsgiDAVApp

from davserver.dav.faults import NotImplementedYet, OtherServer
from davserver.dav.provider import Environ, HouseProvider, StartResponse, send
from davserver.dav.quirks.finder import busy_for
from davserver.dav.quirks.quirk import ENVIRON_KEY, Asking
from davserver.dav.quirks.switches import switched_off
from davserver.dav.responses import error_response
from davserver.dav.status import row_of
from davserver.errors import BlockCorrupt, BlockMissing, CatalogCorrupt, QuotaExceeded
from davserver.live.house import House
from davserver.trouble import FAULT_KEY, kind_of, log_fault

_log = structlog.get_logger("davserver.dav")

_OF_THE_CLIENT = (NotImplementedYet, OtherServer, QuotaExceeded)
"""A 5xx by its number only: anybody can bring it about, as often as they like, and nobody need read of it."""
_AGENT = 1024
"""Characters of a User-Agent that tell a client."""
_TOLD_AS_DAMAGE = (BlockCorrupt, BlockMissing, CatalogCorrupt)
"""What ``middleware.damage`` logs, in a line that also names what was asked for."""


class ErrorPrinter(BaseMiddleware):  # type: ignore[misc]  # wsgidav has no types
    """Turns an error raised before the header went out into its response; one raised later cuts the connection."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Call the next application."""
        try:
            return self.next_app(environ, start_response)  # type: ignore[no-any-return]
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the client gets an answer
            request_id = str(environ.get("davserver.request_id", ""))
            environ["davserver.failure"] = error
            if row_of(error).status >= 500 and not isinstance(error, _OF_THE_CLIENT):
                environ[FAULT_KEY] = kind_of(error)
                if not isinstance(error, _TOLD_AS_DAMAGE):
                    log_fault(_log, "request failed", error)
            response = error_response(busy_for(environ[ENVIRON_KEY], error), request_id)
            if environ["REQUEST_METHOD"] == "HEAD":
                response.headers, response.body = response.finished_headers(), b""
            return send(response, start_response)


class Resolver(BaseMiddleware):  # type: ignore[misc]
    """The last of the stack: hands every request, whatever its verb, to the provider."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or raise what the error printer answers."""
        provider: HouseProvider = environ["wsgidav.provider"]
        return provider.custom_request_handler(environ, start_response, None)


class DavApp(WsgiDAVApp):  # type: ignore[misc]
    """WsgiDAV's application with one provider and our request path."""

    def __init__(self, house: House, quirks_off: Iterable[str]) -> None:
        off = switched_off(quirks_off)
        self._asking = lru_cache(maxsize=64)(lambda agent: Asking(agent, off))  # who asks, asks again
        self._provider = HouseProvider(house)
        super().__init__(
            {
                "provider_mapping": {"/": self._provider},
                "middleware_stack": [ErrorPrinter, Resolver],
                "http_authenticator": {"accept_basic": False},
                "lock_storage": None,
                "property_manager": None,
                "logging": {"enable": False},
                "verbose": 1,
            }
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. Threads: any number at once."""
        environ["wsgidav.app"] = self
        environ["wsgidav.config"] = self.config
        environ["wsgidav.verbose"] = self.verbose
        environ["wsgidav.provider"] = self._provider
        environ[ENVIRON_KEY] = self._asking(environ.get("HTTP_USER_AGENT", "")[:_AGENT])
        application: Any = self.application
        return application(environ, start_response)  # type: ignore[no-any-return]


def make_app(house: House, quirks_off: Iterable[str] = ()) -> DavApp:
    """Make the WSGI application that serves a house, without these quirks; raises ConfigError for one unheard of."""
    return DavApp(house, quirks_off)
