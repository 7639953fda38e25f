"""What a browser may be tricked into by a page of somebody else.

A server without accounts trusts whoever can connect, and a browser on the same machine can. Two tricks are stopped:

- DNS rebinding: a page's own host name is made to mean 127.0.0.1, so that the browser takes this server for the
  page's. Then Host holds the page's name. Refused is a name somebody can own that is not in ``allowed_hosts``; an
  address, a single label (``localhost``, a machine of the house) or a reserved name (RFC 2606, 6761, 8375) is not.
- Requests of another origin that change something: the browser says so itself, by Sec-Fetch-Site where the page came
  over TLS or from this machine, else by Origin. A page on another port or subdomain is another origin, too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from davserver.middleware.wsgi import Application, Environ, StartResponse, answer

_RESERVED = (
    ".localhost",
    ".test",
    ".example",
    ".invalid",
    ".local",
    ".internal",
    ".home.arpa",
    "example.com",
    "example.net",
    "example.org",
)
_OURS = frozenset({"same-origin", "none"})
"""Sec-Fetch-Site of our own pages, and of what a person typed, chose or dropped."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "SEARCH"})


class HostCheck:
    """Wraps the application of a server that anyone on this machine may use."""

    def __init__(self, app: Application, allowed: Iterable[str]) -> None:
        self._app = app
        names = frozenset(name.lower() for name in allowed)
        self._is_taken = lru_cache(maxsize=64)(lambda host: _is_taken(host_name(host), names))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        host = environ.get("HTTP_HOST", "")
        if self._is_taken(host):
            return self._app(environ, start_response)
        name = host_name(host)
        text = f"The host name {name!r} is not known here; allowed_hosts in the settings lists those that are."
        return answer(start_response, "403 Forbidden", text)


class CrossSiteCheck:
    """Wraps the application: pages of other origins may not make a browser change anything.

    ``allowed`` are names of this server beside Host. The scheme and the port of an origin are not compared: behind a
    proxy that ends TLS they are not the ones we see, and Sec-Fetch-Site tells them apart.
    """

    def __init__(self, app: Application, allowed: Iterable[str] = ()) -> None:
        self._app = app
        self._allowed = frozenset(name.lower() for name in allowed)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["REQUEST_METHOD"] not in _SAFE and self._is_foreign(environ):
            return answer(start_response, "403 Forbidden", "A page of another site cannot change anything here.")
        return self._app(environ, start_response)

    def _is_foreign(self, environ: Environ) -> bool:
        site = environ.get("HTTP_SEC_FETCH_SITE")
        if site is not None:
            return site not in _OURS
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            return False
        name = host_name(origin.partition("://")[2])
        return name not in self._allowed and name != host_name(environ.get("HTTP_HOST", ""))


def host_name(host: str) -> str:
    """Return the name or address in a Host header: no port, no brackets, lower case, no dot at the end."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")


def _is_taken(name: str, allowed: frozenset[str]) -> bool:
    return name in allowed or not can_be_owned(name)


@lru_cache(maxsize=256)
def can_be_owned(name: str) -> bool:
    """Tell whether somebody could register the name and point it at us."""
    if "." not in name:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return not any(name == reserved or name.endswith("." + reserved.lstrip(".")) for reserved in _RESERVED)
    return False
