"""Say who makes a request: ``davserver.principal`` in the environ."""

from __future__ import annotations

from collections.abc import Iterable

from davserver.access.principal import Authenticator
from davserver.middleware.wsgi import Application, Environ, StartResponse


class Authenticated:
    """Wraps the application."""

    def __init__(self, app: Application, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; raises NotPermitted for credentials that are none."""
        authorization = environ.get("HTTP_AUTHORIZATION")
        principal = self._authenticator.authenticate(authorization, environ.get("REMOTE_ADDR", ""))
        environ["davserver.principal"] = principal.name
        return self._app(environ, start_response)
