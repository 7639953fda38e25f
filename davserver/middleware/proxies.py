"""The request as the client made it, when a proxy passed it on.

Owns: who is believed; the address of the client (``REMOTE_ADDR``), its scheme (``wsgi.url_scheme``), the names it may
know this server by (``davserver.hosts``), the prefix of its paths (``SCRIPT_NAME``).
Never: changes ``Host``: it stays what was sent, so that the check against DNS rebinding cannot be talked out of it.
Invariants: below, nobody sees a Forwarded or X-Forwarded header, so nobody can believe one by mistake. ``REQUEST_URI``
and ``PATH_INFO`` do not bear the prefix.

Only one family of headers is read, as the settings say: a proxy that writes one lets the other pass as the client sent
it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import unquote, unquote_to_bytes

from davserver.config import UNIX_PEER, url_prefix
from davserver.errors import Invalid
from davserver.middleware.forwarded import Hop, address_of, hops_of_forwarded, hops_of_x_headers
from davserver.middleware.wsgi import Application, Environ, StartResponse, answer

HOSTS_KEY = "davserver.hosts"
FORWARDED_KEY = "davserver.forwarded"
"""Where in the environ the server tells whether the head holds anything of a proxy; without it, one has to look."""
UNKNOWN = "unknown"
"""The address of a client whose proxy does not tell it: not an address, so it is never taken for a near one."""

_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_")
_OPERATIONS = "_"
"""``/_/`` is served without the prefix, too: probes and metrics do not go through the proxy."""


class Trust:
    """The peers that are believed: networks, and whoever may open the unix socket if ``unix`` is among them."""

    def __init__(self, peers: Iterable[str]) -> None:
        names = tuple(peers)
        self._unix = UNIX_PEER in names
        self._networks = tuple(ipaddress.ip_network(name) for name in names if name != UNIX_PEER)

    def believes(self, peer: str) -> bool:
        """Tell whether a peer is believed; the peer of a unix socket is ""."""
        if not peer:
            return self._unix
        address = address_of(peer)
        return address is not None and any(address in network for network in self._networks)


class BehindProxies:
    """Wraps the application.

    ``prefix`` is the path all requests bear; X-Forwarded-Prefix of a trusted proxy is one that it took off, and takes
    the place of ``prefix``. ``hosts`` are names of this server that no proxy needs to tell.
    """

    def __init__(
        self, app: Application, trust: Trust, *, rfc7239: bool = False, prefix: str = "", hosts: Iterable[str] = ()
    ) -> None:
        self._app = app
        self._trust = trust
        self._rfc7239 = rfc7239
        self._prefix = prefix
        self._hosts = tuple(hosts)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; 400 for what a trusted proxy cannot mean, 404 outside of the prefix."""
        said = _taken_out(environ) if environ.get(FORWARDED_KEY, True) else {}
        environ[HOSTS_KEY] = self._hosts
        stripped = ""
        if said and self._trust.believes(environ.get("REMOTE_ADDR", "")):
            try:
                hops = self._hops(said)
                stripped = "" if self._rfc7239 else url_prefix(said.get("HTTP_X_FORWARDED_PREFIX", ""))
            except (Invalid, ValueError) as error:
                return answer(start_response, "400 Bad Request", f"What the proxy says is malformed: {error}")
            self._believe(environ, hops)
        if stripped:
            environ["SCRIPT_NAME"] = stripped
        elif self._prefix and not _take_off(self._prefix, environ):
            text = f"This server is published below {self._prefix}/."
            return answer(start_response, "404 Not Found", text)
        return self._app(environ, start_response)

    def _hops(self, said: Environ) -> list[Hop]:
        if self._rfc7239:
            return hops_of_forwarded(said.get("HTTP_FORWARDED", ""))
        names = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
        return hops_of_x_headers(*(said.get(name, "") for name in names))

    def _believe(self, environ: Environ, hops: list[Hop]) -> None:
        """Walk back over the trusted proxies; what the outermost of them says is how the client made the request."""
        environ[HOSTS_KEY] = (*(hop.host for hop in hops if hop.host), *self._hosts)
        for hop in reversed(hops):
            if hop.client:
                address = address_of(hop.client)
                environ["REMOTE_ADDR"] = str(address) if address is not None else UNKNOWN
                environ["REMOTE_PORT"] = ""
            if hop.scheme.lower() in {"http", "https"}:
                _set_scheme(environ, hop.scheme.lower())
            if not hop.client or not self._trust.believes(environ["REMOTE_ADDR"]):
                return


def tells_of_proxies(names: Iterable[str]) -> bool:
    """Tell whether one of the names of an environ may be of those that a proxy writes."""
    return "FORWARDED" in " ".join(names)


def _taken_out(environ: Environ) -> Environ:
    """Take out what says for whom a request is made, by all names that anything below could believe."""
    return {key: environ.pop(key) for key in [key for key in environ if key.startswith(_FORWARDED)]}


def _set_scheme(environ: Environ, scheme: str) -> None:
    environ["wsgi.url_scheme"] = scheme
    environ.pop("HTTPS", None)
    if scheme == "https":
        environ["HTTPS"] = "on"


def _take_off(prefix: str, environ: Environ) -> bool:
    """Move the prefix from the target to SCRIPT_NAME; False if the target is outside of it."""
    raw, question, query = str(environ["REQUEST_URI"]).partition("?")
    segments = raw.lstrip("/").split("/")
    names = prefix[1:].split("/")
    environ["SCRIPT_NAME"] = prefix
    if [unquote(segment) for segment in segments[: len(names)]] != names:
        return raw == "*" or segments[:1] == [_OPERATIONS]
    path = "/" + "/".join(segments[len(names) :])
    environ["REQUEST_URI"] = path + question + query
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    return True
