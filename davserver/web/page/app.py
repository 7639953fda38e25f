"""The page on the URLs of the space: what a browser gets for a folder.

Owns: which requests are a browser's; the answers to those: the page of a folder, the page of an error, and what is
below ``/_/`` for them: assets, listings as JSON, signing in.
Never: a file's bytes: whoever asks for a file gets it from the WebDAV room.
Invariants: a request that does not prefer HTML is not looked at; HEAD is GET without the body; the house is that of
whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs, quote

from davserver.access.door import HOUSE_KEY
from davserver.access.linktext import is_link
from davserver.errors import DavserverError, NotAuthenticated
from davserver.live.house import House
from davserver.web.page.asked import parse_query
from davserver.web.page.assets import Assets
from davserver.web.page.frame import HEADERS, Frame, Ways
from davserver.web.page.listing import Lister, is_shared
from davserver.web.page.negotiation import prefers_html
from davserver.web.page.space import Space
from davserver.web.responses import Answer, Environ, StartResponse, StatusOf, as_json

Application = Callable[[Environ, StartResponse], Iterable[bytes]]

LIST = "/_/api/list"
_OWN_PATH = re.compile(r"/(?!/)[!-\[\]-~]*\Z")
"""A path of this server: no second slash (another host), no backslash (browsers take it for a slash)."""
_HINT = "Sign in to see what is here."
_SIGN_IN = "signin"


class Pages:
    """The page, and what its scripts ask for. Threads: any."""

    def __init__(self, house: House, space: Space, status_of: StatusOf) -> None:
        self._house = house
        self._space = space
        self._status_of = status_of
        self._assets = Assets()
        self._lister = Lister(space)
        self._frame = Frame(space, self._assets)

    def before(self, app: Application) -> Application:
        """Wrap the application that serves everything else of the URL space."""

        def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] in {"GET", "HEAD"} and prefers_html(environ.get("HTTP_ACCEPT", "")):
                answer = self._answer(environ)
                if answer is not None:
                    return answer.send(environ["REQUEST_METHOD"], start_response)
            return app(environ, start_response)

        return serve

    def listed(self, house: House, environ: Environ) -> Answer:
        """Answer with a listing as JSON: ``/_/api/list/PATH``; raises what refuses it."""
        path, _, query = environ["REQUEST_URI"].partition("?")
        asked = parse_query(query)
        folder = self._space.find(house, path[len(LIST) :] or "/")
        if not folder.is_folder:
            return as_json(409, {"error": "a file has no members"})
        return as_json(200, self._lister.as_json(house, self._lister.listing(folder, asked)))

    def asset(self, _house: House, asked_hash: str, name: str) -> Answer:
        """Answer with a part of the page."""
        return self._assets.answer(asked_hash, name)

    def sign_in(self, house: House, environ: Environ) -> Answer:
        """Ask a stranger for a name and password; send who has given them to the root, and on to where they were.

        Browsers keep giving a name below the folder of the address that asked for it (RFC 7617, section 2.2): asked for
        here alone, they would give it to what is below ``/_/``, and be strangers on every page that strangers may see.
        """
        _ask_strangers(environ, is_open=house is self._house)
        wanted = parse_qs(environ["REQUEST_URI"].partition("?")[2]).get("to", [""])[-1]
        target = wanted if _OWN_PATH.match(wanted) else f"{_prefix(environ)}/"
        return Answer(303, b"", headers=[("Location", f"{_prefix(environ)}/?{_SIGN_IN}={quote(target, safe='/')}")])

    def _answer(self, environ: Environ) -> Answer | None:
        """Return the page of a folder, or of the error in its place; None for what is not the page's."""
        house = environ.get(HOUSE_KEY, self._house)
        path, _, query = environ["REQUEST_URI"].partition("?")
        if not path.startswith("/"):
            return None
        try:
            if path == "/" and (wanted := parse_qs(query).get(_SIGN_IN)):
                _ask_strangers(environ, is_open=house is self._house)
                target = wanted[-1] if _OWN_PATH.match(wanted[-1]) else f"{_prefix(environ)}/"
                return Answer(303, b"", headers=[("Location", target)])
            folder = self._space.find(house, path)
            if not folder.is_folder:
                return None
            asked = parse_query(query)
            listing = self._lister.listing(folder, asked)
            if is_shared(folder) and folder.may_write:
                return _html(200, self._frame.drop(_prefix(environ), folder))
            state = self._state(house, environ, self._lister.as_json(house, listing))
            return _html(200, self._frame.folder(_prefix(environ), listing, state))
        except DavserverError as error:
            return self._refusal(environ, error)

    def _state(self, house: House, environ: Environ, listing: dict[str, object]) -> dict[str, object]:
        """Return what the page's script has to know."""
        by_link = listing["kind"] == "shared"  # they have no name, and need not give one
        return {
            "prefix": _prefix(environ),
            "listing": listing,
            "user": "" if by_link else environ.get("davserver.principal", ""),
            "open": by_link or house is self._house,
        }

    def _refusal(self, environ: Environ, error: DavserverError) -> Answer | None:
        """Return the page of an error; None for trouble of the server, which the WebDAV room tells and logs."""
        status = self._status_of(error)
        if status >= 500:
            return None
        isnt_open = environ.get(HOUSE_KEY, self._house) is not self._house
        may_sign_in = status in {401, 403, 404} and isnt_open and not environ.get("davserver.principal")
        back = quote(_prefix(environ) + environ["REQUEST_URI"].partition("?")[0], safe="/-._~")
        message = error.message if status != 401 else _HINT
        sign_in = f"{_prefix(environ)}/_/signin?to={back}" if may_sign_in else ""
        ways = Ways(sign_in=sign_in, collections=not is_link(environ.get("davserver.principal", "")))
        return _html(status, self._frame.error(_prefix(environ), status, message, ways))


def _ask_strangers(environ: Environ, *, is_open: bool) -> None:
    if not is_open and not environ.get("davserver.principal"):
        raise NotAuthenticated("a name and password are needed here")


def _html(status: int, body: bytes) -> Answer:
    content_type, *headers = HEADERS
    return Answer(status, body, content_type[1], headers)


def _prefix(environ: Environ) -> str:
    """Return the encoded path a proxy publishes us under, without a slash at its end."""
    return quote(environ.get("SCRIPT_NAME", "").rstrip("/").encode("latin-1"), safe="/-._~")
