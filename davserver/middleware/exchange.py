"""The outermost wrapper: every request gets an id, every response is accounted for.

Owns: the request id (``davserver.request_id``, ``X-Request-Id``), the measuring of an exchange, the answer to an
exception nobody below turned into one.
Never: decides anything about a request.
Invariants: observers hear of each exchange exactly once, when its response is closed, whatever happened.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import structlog

from davserver.middleware.wsgi import Application, Environ, Headers, StartResponse, answer
from davserver.trouble import FAULT_KEY, REQUEST_ID, kind_of, note_fault
from davserver.values import RandomBytes

_log = structlog.get_logger("davserver.requests")
TARGET_KEY = "davserver.target"
"""Where in the environ whoever reads a secret out of a target leaves what to call it instead."""
WAITED_KEY = "davserver.waited"
"""Where in the environ the server leaves what tells how long (seconds) it has waited for the client of this request."""
FAILURE_KEY = "davserver.failure"
"""Where in the environ whoever turns an error into a response leaves the error."""

_LINK = re.compile(r"(/(?:_|%5f)/+s/).*", re.IGNORECASE | re.DOTALL)
"""A target with the text of a link, also where a proxy's or a person's slip keeps it from being taken for one."""
_SANE_ID = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}\Z")


@dataclass(slots=True)
class Exchange:
    """A request and what became of it. ``status`` is 0 until a response began; ``broken``: it was cut off.

    ``fault`` is the kind of failure of ours that it met, "" for none.
    ``failure`` is the error behind a refusal or a cut, as far as it is known. Of ``duration_s``, ``waited_s`` went into
    waiting for the client: to send its body, or to take what it asked for.
    """

    request_id: str
    method: str
    target: str
    started_s: float
    agent: str = ""
    tell_waited: Callable[[], float] = float
    client: str = ""
    status: int = 0
    bytes_sent: int = 0
    duration_s: float = 0.0
    broken: bool = False
    failure: BaseException | None = None
    principal: str = ""
    fault: str = ""
    waited_s: float = 0.0


Observer = Callable[[Exchange], None]


class Observed:
    """Wraps the application. ``monotonic`` measures durations."""

    def __init__(
        self,
        app: Application,
        observers: tuple[Observer, ...],
        *,
        monotonic: Callable[[], float],
        random_bytes: RandomBytes,
    ) -> None:
        self._app = app
        self._observers = observers
        self._monotonic = monotonic
        self._prefix = random_bytes(6).hex()
        self._numbers = itertools.count(1)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        exchange = Exchange(
            self._id_of(environ),
            environ["REQUEST_METHOD"],
            environ.get("REQUEST_URI") or environ["PATH_INFO"],
            self._monotonic(),
            environ.get("HTTP_USER_AGENT", ""),
            environ.get(WAITED_KEY, float),
        )
        environ["davserver.request_id"] = exchange.request_id
        REQUEST_ID.set(exchange.request_id)

        def start(status: str, headers: Headers, exc_info: Any = None, /) -> Any:
            exchange.status = int(status[:3])
            ours = ("X-Request-Id", exchange.request_id), ("Server-Timing", self._timing(exchange))
            return start_response(status, [*headers, *ours], exc_info)

        try:
            body = self._app(environ, start)
        except Exception as error:  # noqa: BLE001  # the last frame that can still answer with the request's id
            note_fault(_log, environ, error)
            exchange.failure = error
            body = _internal_error(start, exchange)
        exchange.fault = environ.get(FAULT_KEY, "")
        exchange.failure = exchange.failure or environ.get(FAILURE_KEY)
        exchange.target = environ.get(TARGET_KEY) or _without_link(exchange.target)
        exchange.principal = environ.get("davserver.principal", "")
        exchange.client = environ.get("REMOTE_ADDR", "")  # the peer's, until a trusted proxy said for whom it asks
        if type(body) in {list, tuple}:  # not one of their kinds, which may want to be closed
            return _Whole(body, exchange, self._close)
        return _Accounted(body, exchange, self._close)

    def _id_of(self, environ: Environ) -> str:
        """Take the id a proxy gave the request, if it is one; else make one: nobody has to guess it, or cannot."""
        given = environ.get("HTTP_X_REQUEST_ID")
        return given if given and _SANE_ID.match(given) else f"{self._prefix}{next(self._numbers):06x}"

    def _timing(self, exchange: Exchange) -> str:
        """Tell apart what the server took until its answer began and what it waited for the client (Server-Timing)."""
        waited_s = exchange.tell_waited()
        ours = f"app;dur={(self._monotonic() - exchange.started_s - waited_s) * 1000:.2f}"
        return f"{ours}, client;dur={waited_s * 1000:.1f}" if waited_s else ours

    def _close(self, exchange: Exchange) -> None:
        exchange.duration_s = self._monotonic() - exchange.started_s
        exchange.waited_s = exchange.tell_waited()
        for observe in self._observers:
            observe(exchange)


def _internal_error(start: StartResponse, exchange: Exchange) -> list[bytes]:
    text = f"The server could not do this. Request id: {exchange.request_id}"
    body = answer(start, "500 Internal Server Error", text, sys.exc_info())
    return [] if exchange.method == "HEAD" else body


class _Whole(list[bytes]):
    """A response body that is all there: counted at once, and accounted for when it is closed."""

    __slots__ = ("_close", "_exchange")

    def __init__(self, pieces: Iterable[bytes], exchange: Exchange, close: Callable[[Exchange], None]) -> None:
        super().__init__(pieces)
        exchange.bytes_sent = sum(map(len, self))
        self._exchange = exchange
        self._close: Callable[[Exchange], None] | None = close

    def close(self) -> None:
        """Account for the exchange."""
        account, self._close = self._close, None
        if account is not None:
            account(self._exchange)


class _Accounted:
    """A response body that counts what leaves and tells when it is over."""

    __slots__ = ("_body", "_close", "_exchange", "_pieces")

    def __init__(self, body: Iterable[bytes], exchange: Exchange, close: Callable[[Exchange], None]) -> None:
        self._body = body
        self._pieces: Iterator[bytes] = iter(body)
        self._exchange = exchange
        self._close: Callable[[Exchange], None] | None = close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except StopIteration:
            raise
        except BaseException as error:
            self._exchange.broken = True
            self._exchange.fault = kind_of(error)
            self._exchange.failure = error
            raise
        self._exchange.bytes_sent += len(piece)
        return piece

    def close(self) -> None:
        """Close the response below, then account for the exchange."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            account, self._close = self._close, None
            if account is not None:
                account(self._exchange)


def _without_link(target: str) -> str:
    """Take out the text of a link that nobody read: whoever reads the log could use it."""
    return _LINK.sub(r"\1...", target) if "/s/" in target else target
