"""What a trusted proxy says of who makes a request.

Owns: which headers carry it, and from whom they are taken.
Invariants: below, nobody sees these headers, whoever sent them; what is believed was said by the peer of the connection
itself, so this stands outside of what puts the client's address in the peer's place. A proxy that is trusted has to
set or take out the headers of every request: what a client sent of its own would be its own word.
"""

from __future__ import annotations

from collections.abc import Iterable

from davserver.access.principal import Asserted
from davserver.middleware.proxies import Trust
from davserver.middleware.wsgi import Application, Environ, StartResponse

ASSERTED_KEY = "davserver.asserted"
"""Where the environ holds it, an ``Asserted``; nothing is there if no trusted proxy names anybody."""


class ProxyIdentity:
    """Wraps the application. ``user`` and ``groups`` are names of headers; groups are parted by commas."""

    def __init__(self, app: Application, trust: Trust, *, user: str, groups: str = "") -> None:
        self._app = app
        self._trust = trust
        self._user = environ_key(user)
        self._groups = environ_key(groups) if groups else ""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        user = environ.pop(self._user, "").strip()
        groups = environ.pop(self._groups, "")
        if user and self._trust.believes(environ.get("REMOTE_ADDR", "")):
            environ[ASSERTED_KEY] = Asserted(
                _text(user), tuple(name.strip() for name in _text(groups).split(",") if name.strip())
            )
        return self._app(environ, start_response)


def environ_key(header: str) -> str:
    """Return where the environ holds a header."""
    return "HTTP_" + header.upper().replace("-", "_")


def _text(value: str) -> str:
    """Read a header as UTF-8; what is not is no name, and is refused as such."""
    return value.encode("latin-1").decode("utf-8", "replace")
