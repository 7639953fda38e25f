"""The sockets the server listens on.

Owns: reading ``listen``; binding, and the refusals that go with it.
Never: accepts.
Invariants: a port or socket file that another server uses is an error, also where SO_REUSEPORT would allow it.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from davserver.errors import ConfigError

BACKLOG = 1024
SOCKET_MODE = 0o660
_TCP = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]*)):(?P<port>[0-9]{1,5})\Z")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: a host and port, or the path of a unix socket (then ``host`` is empty)."""

    host: str = ""
    port: int = 0
    path: Path | None = None

    def is_private(self) -> bool:
        """Tell whether only this machine can connect."""
        if self.path is not None or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str) -> Address:
    """Read ``HOST:PORT``, ``[IPV6]:PORT``, ``:PORT`` (every address) or ``unix:PATH``. Errors: ConfigError."""
    scheme, _, path = text.partition(":")
    if scheme == "unix" and path:
        return Address(path=Path(path).absolute())
    match = _TCP.match(text)
    if match is None or int(match["port"]) > 65535:
        raise ConfigError("listen", f"{text!r} is no address", hint="HOST:PORT, [IPV6]:PORT or unix:PATH")
    return Address(host=match["v6"] or match["host"] or "0.0.0.0", port=int(match["port"]))  # noqa: S104  # asked for


def listen(address: Address, count: int) -> list[socket.socket]:
    """Return ``count`` listening sockets, one per worker; one unix socket serves all. Errors: ConfigError."""
    try:
        if address.path is not None:
            return [_listen_unix(address.path)] * count
        return _listen_tcp(address, count)
    except OSError as error:
        raise _failure(address, error) from error


def _listen_tcp(address: Address, count: int) -> list[socket.socket]:
    family, where = _resolve(address)
    first = _bind(family, where, share=False)
    if count == 1:
        first.listen(BACKLOG)
        return [first]
    # Whoever shares a port may join it unnoticed, so the port is taken alone first to learn that it is free.
    where = (where[0], first.getsockname()[1], *where[2:])
    first.close()
    sockets = [_bind(family, where, share=True) for _ in range(count)]
    for sock in sockets:
        sock.listen(BACKLOG)
    return sockets


def _resolve(address: Address) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, where = found[0]
    return family, where  # type: ignore[return-value]  # typeshed also allows what only other families return


def _bind(family: socket.AddressFamily, where: tuple[object, ...], *, share: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited by accepted sockets
        if share:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(where[0] != "::"))
        sock.bind(where)
    except OSError:
        sock.close()
        raise
    return sock


def _listen_unix(path: Path) -> socket.socket:
    _remove_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o777 & ~SOCKET_MODE)
    try:
        sock.bind(str(path))
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(mask)
    sock.listen(BACKLOG)
    return sock


def _remove_stale(path: Path) -> None:
    """Remove the socket file of a server that is gone; whoever answers on it keeps it."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OSError(errno.EEXIST, "a file that is no socket is there")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
    raise OSError(errno.EADDRINUSE, "another server listens there")


def _failure(address: Address, error: OSError) -> ConfigError:
    hint = ""
    if error.errno == errno.EADDRINUSE:
        hint = "another server is running there; choose another with --listen"
    elif error.errno == errno.EACCES:
        hint = "ports below 1024 need privileges" if address.path is None else "the directory is not writable"
    return ConfigError("listen", f"cannot listen on {address}: {error.strerror or error}", hint=hint)


def address_of(listener: socket.socket) -> Address:
    """Return where a socket listens that somebody else opened."""
    name = name_of(listener)
    return Address(path=Path(name)) if isinstance(name, str) else Address(host=name[0], port=name[1])


def name_of(listener: socket.socket) -> tuple[str, int] | str:
    """Return the address a socket listens on: host and port, or the path of a unix socket."""
    address = listener.getsockname()
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else str(address)
