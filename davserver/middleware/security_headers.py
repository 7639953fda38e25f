"""What every response tells a browser about the trust it deserves.

Files of anyone are served from the origin that writes files. So a browser must not guess types (nosniff), a
document that could run script runs in a sandbox without an origin, and no page of another origin may take in what is
here, as an image or a script: it could look at it by its traces. (``dav.get`` adds that most types are to be saved.)
Follows: Fetch (nosniff, Cross-Origin-Resource-Policy), CSP level 3, Referrer Policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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
            return start_response(status, [*headers, *_missing(headers)], exc_info)

        return self._app(environ, start)


def _missing(headers: Headers) -> Headers:
    present = {name.lower(): value for name, value in headers}
    is_active = present.get("content-type", "").lower().startswith(_ACTIVE)
    wanted = (*_ALWAYS, *_IF_ACTIVE) if is_active else _ALWAYS
    return [header for header in wanted if header[0].lower() not in present]
