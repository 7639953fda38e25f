"""``davserver serve``: settings to running processes.

Owns: the checks before the first socket, what the processes of a server are, the ready line.
Never: knows how the application is made (``compose.py``).
"""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from davserver.access.throttle import network_of
from davserver.config import Settings, spelled
from davserver.cores import anywhere, on_one_core
from davserver.errors import ConfigError
from davserver.live.keeper import Troubles
from davserver.middleware.proxies import Trust
from davserver.server.announce import announce
from davserver.server.board import Board
from davserver.server.compose import compose
from davserver.server.entrance import check_backends, refuse_strangers
from davserver.server.head import HeadLimits
from davserver.server.housekeeper import keep_house
from davserver.server.http import Limits, Server
from davserver.server.logs import configure_logs
from davserver.server.process import Site, run
from davserver.server.sockets import Address, address_of, listen, name_of, parse_listen
from davserver.server.supervisor import Supervisor, inherited_socket
from davserver.server.tallies import Tallies, usual_places
from davserver.server.tls import TlsAdapter
from davserver.server.workers import Duties, Parent

_log = structlog.get_logger("davserver.server")
_OWN_DESCRIPTORS = 256
_DESCRIPTORS_OF_A_THREAD = 6
"""Its connection, a block that is read, one that is written, the catalog's files."""


_FIXED = ("data", "catalog", "blocks", "listen", "workers")
"""Settings of the server as a whole, which its processes share: a reload cannot change them."""


def serve(load: Callable[[], Settings], say: Callable[[str], None]) -> None:
    """Serve until stopped; ``say`` gets the ready lines once every worker accepts. Errors: DavserverError.

    ``load`` reads the settings, at the start and at each reload.
    """
    settings = load()
    inherited = inherited_socket(os.environ, os.getpid())
    address = parse_listen(settings.listen) if inherited is None else address_of(inherited)
    refuse_strangers(settings, address)
    check_backends(settings)
    count = settings.workers or os.cpu_count() or 1
    listeners = listen(address, count) if inherited is None else [inherited] * count
    _raise_descriptor_limit()
    tallies = Tallies.open(usual_places(), count + 1)
    board = Board()

    def died(name: str) -> None:
        if name == "housekeeper":
            board.publish(Troubles(("the housekeeper died, it is started again",)))

    def ready() -> None:
        say(announce(name_of(listeners[0]), tls=settings.tls_certificate is not None, prefix=settings.proxy_prefix))

    premises = _Premises(address, listeners, board, os.getpid())
    try:
        Parent(listeners, premises.duties(settings, load), Supervisor.of(os.environ), tallies, died).run(ready)
    finally:
        tallies.remove()
        if address.path is not None and inherited is None:
            Path(address.path).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Premises:
    """What all processes of a server have in common, whatever their settings.

    ``first_core`` differs from server to server, so that two on a machine do not both begin with its first.
    """

    address: Address
    listeners: list[socket.socket]
    board: Board
    first_core: int

    def duties(self, settings: Settings, load: Callable[[], Settings]) -> Duties:
        """Say what the processes do with these settings. Errors: ConfigError for a certificate that cannot be used."""
        configure_logs(settings)
        return Duties(
            _Worker(self, settings, _tls(settings), partial(compose, settings, self.address, self.board)),
            partial(keep_house, settings, self.board),
            settings.shutdown_s,
            lambda: self._renewed(settings, load),
        )

    def _renewed(self, before: Settings, load: Callable[[], Settings]) -> Duties:
        settings = load()
        for field in _FIXED:
            if getattr(settings, field) != getattr(before, field):
                raise ConfigError(spelled(field), "cannot change while the server runs", hint="restart it")
        refuse_strangers(settings, self.address)
        check_backends(settings)
        return self.duties(settings, load)


@dataclass(frozen=True, slots=True)
class _Worker:
    """What a worker does, whichever of the sockets is its own."""

    premises: _Premises
    settings: Settings
    tls: TlsAdapter | None
    compose: Callable[..., Site]

    def __call__(self, place: int, on_ready: Callable[[], None], orphan_fd: int) -> None:
        """Serve a socket until a stop signal."""
        settings = self.settings
        site = self.compose(multiprocess=True)
        server = Server(
            self.premises.listeners[place],
            site.app,
            limits=limits_of(settings),
            threads=settings.threads,
            tls=self.tls,
            multiprocess=True,
            place=on_one_core(self.premises.first_core + place) if settings.one_core else anywhere,
            crowds=site.crowds,
        )
        run(server, site, on_ready, settings.shutdown_s, orphan_fd)


def limits_of(settings: Settings) -> Limits:
    """Return what the settings allow one client."""
    return Limits(
        head=HeadLimits(size=settings.limits_head_bytes, fields=settings.limits_headers),
        head_s=settings.limits_head_s,
        body=settings.limits_body_bytes,
        io_s=settings.limits_io_s,
        rate=settings.limits_rate_bytes,
        idle_s=settings.limits_idle_s,
        connections=_affordable(settings.limits_connections, settings.threads),
        queue=settings.limits_queue,
        address_connections=settings.limits_address_connections,
        address_requests=settings.limits_address_requests,
        client_of=_clients(Trust(settings.proxy_trusted)),
    )


def _clients(trust: Trust) -> Callable[[str], str | None]:
    """Tell clients apart by address, IPv6 by network; a proxy that is believed stands for many, and is not counted."""

    def client_of(address: str) -> str | None:
        return None if trust.believes(address) else network_of(address)

    return client_of


def _affordable(connections: int, threads: int) -> int:
    """Return how many idle connections leave descriptors enough for the threads, the catalog and the blocks."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(10, soft - _OWN_DESCRIPTORS - _DESCRIPTORS_OF_A_THREAD * threads)
    if soft == resource.RLIM_INFINITY or connections <= most:
        return connections
    _log.warning("fewer connections than limits.connections: the system grants few descriptors", connections=most)
    return most


def _tls(settings: Settings) -> TlsAdapter | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return TlsAdapter(settings.tls_certificate, settings.tls_key)


def _raise_descriptor_limit() -> None:
    """Take all file descriptors the system grants: each connection and each open block needs one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
