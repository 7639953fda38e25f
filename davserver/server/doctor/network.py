"""Who can reach the server, who may come in, and whether the certificate is good for some time to come."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from davserver.config import UNIX_PEER, Settings
from davserver.server.announce import visible
from davserver.server.doctor.finding import Finding
from davserver.server.entrance import refuse_strangers
from davserver.server.sockets import Address, parse_listen
from davserver.server.tls import TlsAdapter

_SOON_DAYS = 21
_ASK_S = 5.0
_WIDE = 2**16


def examine_network(settings: Settings, wall: Callable[[], float]) -> Iterator[Finding]:
    """Look at the address, the accounts, the proxies that are believed, the certificate, and ask who serves there."""
    address = parse_listen(settings.listen)
    refuse_strangers(settings, address)
    if settings.allow_anonymous and not address.is_private():
        yield Finding("warning", "access", "everyone who can connect may read and write", "allow_anonymous is set")
    elif address.is_private():
        yield Finding("ok", "access", f"{address} can be reached from this machine alone")
    else:
        yield Finding("ok", "access", f"{address} is for those who have an account")
    if not address.is_private() and settings.tls_certificate is None and settings.allow_insecure_passwords:
        yield Finding("warning", "access", "passwords cross the network as they are", "set tls.certificate and tls.key")
    yield from _proxies(settings.proxy_trusted)
    if settings.tls_certificate is not None and settings.tls_key is not None:
        yield from _certificate(settings.tls_certificate, settings.tls_key, wall())
    yield _server(address, tls=settings.tls_certificate is not None)


def _proxies(trusted: tuple[str, ...]) -> Iterator[Finding]:
    for name in trusted:
        network = ipaddress.ip_network(name) if name != UNIX_PEER else None
        if network is not None and not network.is_loopback and network.num_addresses > _WIDE:
            message = f"each of {network.num_addresses} addresses in {name} may say who it is"
            yield Finding("warning", "proxies", message, "list the proxies alone in proxy.trusted")


def _certificate(certificate: Path, key: Path, now: float) -> Iterator[Finding]:
    if key.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield Finding("warning", "certificate", f"{key} can be read by others", f"chmod 600 {key}")
    try:
        end = ssl.cert_time_to_seconds(_good_until(TlsAdapter(certificate, key).context, certificate))
    except ssl.SSLCertVerificationError as error:
        message = f"{certificate}: {error.verify_message}"
        yield Finding("error", "certificate", message, "renew it, then reload the server")
        return
    left = (end - now) / 86_400
    text = f"{certificate} is good until {datetime.fromtimestamp(end, UTC):%Y-%m-%d}"
    if left < _SOON_DAYS:
        yield Finding("warning", "certificate", f"{text}, {left:.0f} days from now", "renew it, then reload the server")
    else:
        yield Finding("ok", "certificate", text)


def _good_until(server: ssl.SSLContext, certificate: Path) -> str:
    """Shake hands with ourselves in memory; return until when the certificate is good, raise what a client would."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what is asked is not who signed it
    client.load_verify_locations(certificate)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours, theirs = server.wrap_bio(up, down, server_side=True), client.wrap_bio(down, up)
    for _ in range(4):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = theirs.getpeercert() or {}
    return str(shown["notAfter"])


def _server(address: Address, *, tls: bool) -> Finding:
    try:
        status, text = _ask(address, tls=tls)
    except (OSError, HTTPException) as error:
        return Finding("ok", "server", f"nobody serves {address} now ({error})")
    if status == 200:
        return Finding("ok", "server", f"one serves {address}, and is ready")
    return Finding("error", "server", f"one serves {address} and is not ready: {text}")


def _ask(address: Address, *, tls: bool) -> tuple[int, str]:
    """Ask whoever listens whether it is ready; return status and text."""
    sock: socket.socket
    if address.path is not None:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(_ASK_S)
        sock.connect(str(address.path))
    else:
        sock = socket.create_connection((visible(address.host), address.port), timeout=_ASK_S)
    with sock:
        connection = HTTPConnection("localhost", timeout=_ASK_S)
        connection.sock = _trusting().wrap_socket(sock) if tls else sock
        connection.request("GET", "/_/health/ready")
        with connection.getresponse() as response:
            return response.status, response.read(1000).decode(errors="replace").strip()


def _trusting() -> ssl.SSLContext:
    """Return a context that takes any certificate: whose it is was looked at before, and no secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
