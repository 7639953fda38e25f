"""Say who makes a request, and hand it the house as they may use it.

Owns: the challenge: ``WWW-Authenticate`` on every 401, whichever room refused; the answer to bad credentials.
Follows: RFC 9110 section 11.6.1, RFC 7617, RFC 6750 section 3. Basic comes first and in a header of its own: Explorer
and Finder take the first scheme they know, and some clients do not find the second one behind a comma.
Invariant: nothing of the body is read before this is passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog

from davserver.access.door import HOUSE_KEY, Door
from davserver.access.principal import Caller
from davserver.errors import DavserverError, InsecureChannel, NotAuthenticated, StoreUnavailable, TooManyGuesses
from davserver.middleware.identity import ASSERTED_KEY
from davserver.middleware.wsgi import Application, Environ, Headers, StartResponse, answer
from davserver.trouble import note_fault

_log = structlog.get_logger("davserver.requests")

CHALLENGE: Headers = [
    ("WWW-Authenticate", 'Basic realm="davserver", charset="UTF-8"'),
    ("WWW-Authenticate", 'Bearer realm="davserver"'),
]


class Authenticated:
    """Wraps the application."""

    def __init__(self, app: Application, door: Door) -> None:
        self._app = app
        self._door = door

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request: 401, 403 or 429 for credentials that are not taken, 503 where none can be looked at."""

        def start(status: str, headers: Headers, exc_info: Any = None, /) -> Any:
            if status.startswith("401"):
                headers = [*headers, *CHALLENGE]
            return start_response(status, headers, exc_info)

        try:
            visit = self._door.enter(caller_of(environ))
        except REFUSALS as error:
            return refuse(environ, start, error)
        environ["davserver.principal"] = visit.principal.name
        environ[HOUSE_KEY] = visit.house
        return self._app(environ, start)


REFUSALS = (NotAuthenticated, InsecureChannel, TooManyGuesses, StoreUnavailable)
"""What a door raises."""


def caller_of(environ: Environ) -> Caller:
    """Read what a request shows of who makes it."""
    return Caller(
        environ.get("HTTP_AUTHORIZATION"),
        environ.get("REMOTE_ADDR", ""),
        environ.get("wsgi.url_scheme") == "https",
        environ.get(ASSERTED_KEY),
    )


def refuse(environ: Environ, start: StartResponse, error: DavserverError) -> Iterable[bytes]:
    """Answer what a door raised; ``start`` adds the challenge."""
    match error:
        case NotAuthenticated():
            return _refusal(environ, start, "401 Unauthorized", error.message)
        case InsecureChannel():
            return _refusal(environ, start, "403 Forbidden", f"{error.message} ({error.hint})")
        case TooManyGuesses(retry_after_s=seconds):
            text, retry = f"{error.message} ({error.hint})", ("Retry-After", str(seconds))
            return _refusal(environ, start, "429 Too Many Requests", text, retry)
        case StoreUnavailable(retry_after_s=seconds):
            note_fault(_log, environ, error)
            text = f"The server cannot do this now; try again in {seconds} seconds."
            return _refusal(environ, start, "503 Service Unavailable", text, ("Retry-After", str(seconds)))
    raise error


def _refusal(
    environ: Environ, start: StartResponse, status: str, text: str, *headers: tuple[str, str]
) -> Iterable[bytes]:
    def with_headers(status: str, own: Headers, exc_info: Any = None, /) -> Any:
        return start(status, [*own, *headers], exc_info)

    body = answer(with_headers, status, text)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else body
