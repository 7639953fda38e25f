"""Links: below ``/_/s`` stands the URL space once more, as whoever has the text of a link sees it.

Owns: which requests come by a link, and what they may ask; the counting of downloads; what is told to caches and
search engines; that a link's text gets into no log.
Never: what a link shows (``access.linkdoor``), or how a verb is served: below, it is served as any other, with the
house of the link and ``/_/s`` as the prefix of its hrefs.

::

    /_/s/TEXT/NAME...               what is shared, for every client of WebDAV and for browsers
    /_/s/_/zip/TEXT/NAME...         a folder of it as a zip; in the same way what else the page asks for
    /_/s/_/assets/...               the page's own parts, which are anybody's

Invariants: the text stands in a request as it was made, never encoded, in one of these places, so below the link's
own house is the only one that is asked. Every other request below ``/_/s``, and every link that does not hold, has one
answer. Of a link with a limit no more downloads are begun than it has left: each is taken, durably, before its first
byte goes out, and none is given back; so there are no ranges, of which a download could be put together uncounted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from davserver.access.door import HOUSE_KEY
from davserver.access.linkdoor import LinkDoor, LinkVisit
from davserver.access.linktext import BELOW, PATTERN
from davserver.errors import NotFound, StoreFull, StoreUnavailable
from davserver.middleware.authentication import REFUSALS, caller_of, refuse
from davserver.middleware.exchange import TARGET_KEY
from davserver.middleware.wsgi import Application, Environ, Headers, StartResponse, answer

_TARGET = re.compile(
    rf"{BELOW}/(?:_/(?P<service>zip|preview|api/list)/)?(?P<text>{PATTERN})(?P<rest>(?:/[^?]*)?)(?:\?|\Z)"
)
_ASSET = re.compile(rf"{BELOW}/_/assets/[0-9a-f]+/[a-z0-9./-]+\Z")
_CHALLENGE = ("WWW-Authenticate", 'Basic realm="link", charset="UTF-8"')
_LOOKING = ("GET", "HEAD", "OPTIONS", "PROPFIND")
_PARTS = ("HTTP_CONTENT_RANGE", "HTTP_UPLOAD_COMPLETE", "HTTP_X_UPDATE_RANGE", "HTTP_OC_CHUNKED")


class _Asked(NamedTuple):
    """A request by a link: its text, and which look at it is wanted ("": the thing itself), the path behind it."""

    text: str
    service: str
    rest: str


class SharedLinks:
    """Wraps the application of those who have a name; ``inside`` serves whoever was let in."""

    def __init__(self, app: Application, inside: Application, door: LinkDoor) -> None:
        self._app = app
        self._inside = inside
        self._door = door

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not environ["PATH_INFO"].startswith(BELOW + "/"):
            return self._app(environ, start_response)
        environ[TARGET_KEY] = BELOW + "/..."
        target = environ["REQUEST_URI"]
        if _ASSET.match(target) and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            _enter_below(environ)
            return self._inside(environ, start_response)
        match = _TARGET.match(target)
        if match is None:
            return _nothing(environ, _private(start_response))
        asked = _Asked(match["text"], match["service"] or "", match["rest"])
        return self._visit(environ, _private(start_response), asked)

    def _visit(self, environ: Environ, start: StartResponse, asked: _Asked) -> Iterable[bytes]:
        try:
            visit = self._door.enter(asked.text, caller_of(environ))
        except NotFound:
            return _nothing(environ, start)
        except REFUSALS as error:
            return refuse(environ, start, error)
        shown = (BELOW, asked.service, visit.principal.name)
        environ[TARGET_KEY] = "/".join(part for part in shown if part) + asked.rest
        environ[HOUSE_KEY] = visit.house
        environ["davserver.principal"] = visit.principal.name
        return self._served(environ, start, visit, _verbs(visit, asked))

    def _served(
        self, environ: Environ, start: StartResponse, visit: LinkVisit, allowed: tuple[str, ...]
    ) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            start("200 OK", [("DAV", "1"), ("Allow", ", ".join(allowed)), ("Content-Length", "0")])
            return []
        if method not in allowed:
            return _refused(environ, start, "405 Method Not Allowed", "This cannot be done here.", allowed)
        if method == "PUT" and any(key in environ for key in _PARTS):
            text = "Files are put here whole, each in one request."
            return _refused(environ, start, "400 Bad Request", text, allowed)
        _enter_below(environ)
        if visit.link.downloads_left is None:
            return self._inside(environ, start)
        return self._counted(environ, start, visit)

    def _counted(self, environ: Environ, start: StartResponse, visit: LinkVisit) -> Iterable[bytes]:
        """Answer, once a download is taken for it if it sends content."""
        for key in ("HTTP_RANGE", "HTTP_IF_RANGE"):
            environ.pop(key, None)
        held: list[tuple[str, Headers, Any]] = []

        def hold(status: str, headers: Headers, exc_info: Any = None, /) -> Any:
            held[:] = [(status, headers, exc_info)]

        body = self._inside(environ, hold)
        status, headers, exc_info = held[0]
        if environ["REQUEST_METHOD"] != "HEAD" and _sends_content(status, headers):
            try:
                is_left = self._door.take_download(visit.link)
            except (StoreUnavailable, StoreFull) as error:
                _close(body)
                return refuse(environ, start, StoreUnavailable(error.message, retry_after_s=error.retry_after_s))
            if not is_left:
                _close(body)
                return _nothing(environ, start)
        start(status, [header for header in headers if header[0].lower() != "accept-ranges"], exc_info)
        return body


def _verbs(visit: LinkVisit, asked: _Asked) -> tuple[str, ...]:
    if asked.service:
        return ("GET", "HEAD", "OPTIONS", *(("POST",) if asked.service == "zip" else ()))
    return (*_LOOKING, "PUT") if visit.link.is_drop else _LOOKING


def _enter_below(environ: Environ) -> None:
    """Make ``/_/s`` the prefix under which what is below is published."""
    environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "").rstrip("/") + BELOW
    environ["REQUEST_URI"] = environ["REQUEST_URI"][len(BELOW) :]
    environ["PATH_INFO"] = environ["PATH_INFO"][len(BELOW) :]


def _sends_content(status: str, headers: Headers) -> bool:
    """Tell whether an answer sends bytes of files: a file or a zip, which have entity tags; listings have none."""
    return status.startswith("2") and any(name.lower() == "etag" for name, _ in headers)


def _private(start_response: StartResponse) -> StartResponse:
    """Keep what is shared out of shared caches and search engines."""

    def start(status: str, headers: Headers, exc_info: Any = None, /) -> Any:
        told = {name.lower() for name, _ in headers}
        more = [("X-Robots-Tag", "noindex, nofollow")]
        if "cache-control" not in told:
            more.append(("Cache-Control", "no-store"))
        if status.startswith("401"):
            more.append(_CHALLENGE)
        return start_response(status, [*headers, *more], exc_info)

    return start


def _nothing(environ: Environ, start: StartResponse) -> Iterable[bytes]:
    return _refused(environ, start, "404 Not Found", "Nothing is here, or not any more.", ())


def _refused(
    environ: Environ, start: StartResponse, status: str, text: str, allowed: tuple[str, ...]
) -> Iterable[bytes]:
    def with_allow(line: str, headers: Headers, exc_info: Any = None, /) -> Any:
        return start(line, [*headers, ("Allow", ", ".join(allowed))] if allowed else headers, exc_info)

    body = answer(with_allow, status, text)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else body


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
