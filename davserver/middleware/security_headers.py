"""What every response tells a browser about the trust it deserves.

Files of anyone are served from the origin that writes files. So a browser must not guess types (nosniff), a
document that could run script runs in a sandbox without an origin, and no page of another origin may take in what is
here, as an image or a script: it could look at it by its traces. (``dav.get`` adds that most types are to be saved.)
Follows: Fetch (nosniff, Cross-Origin-Resource-Policy), CSP level 3, Referrer Policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from davserver.headers import extended, once
from davserver.middleware.wsgi import Application, Environ, Headers, StartResponse

_ACTIVE = ("text/html", "application/xhtml+xml", "image/svg+xml", "application/pdf")
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'"
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_IF_ACTIVE = (("Content-Security-Policy", _SANDBOX), ("X-Frame-Options", "DENY"))


class SecurityHeaders:
    """Wraps the application; a header it set itself stays as it is."""

    def __init__(self, app: Application) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""

        def start(status: str, headers: Headers, exc_info: Any = None, /) -> Any:
            return start_response(status, _completed(headers), exc_info)

        return self._app(environ, start)


@once
def _completed(headers: Headers) -> Headers:
    return extended(headers, _missing(headers))


def _missing(headers: Headers) -> tuple[tuple[str, str], ...]:
    said = dict(headers)
    lacking = _lacking(frozenset(said))
    for name in lacking.types:
        if said[name].lower().startswith(_ACTIVE):
            return lacking.if_active
    return lacking.always


class _Lacking(NamedTuple):
    """What headers of these names lack, and under which of them the type stands."""

    types: tuple[str, ...]
    always: tuple[tuple[str, str], ...]
    if_active: tuple[tuple[str, str], ...]


@lru_cache(maxsize=128)
def _lacking(names: frozenset[str]) -> _Lacking:
    present = {name.lower() for name in names}
    always = tuple(header for header in _ALWAYS if header[0].lower() not in present)
    more = tuple(header for header in _IF_ACTIVE if header[0].lower() not in present)
    return _Lacking(tuple(name for name in names if name.lower() == "content-type"), always, (*always, *more))
