"""TLS for the server: one context per process, handshakes left to the workers.

Owns: cheroot's ssl.Adapter over the standard library.
Follows: TLS 1.2 and later; ALPN says http/1.1.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

from cheroot.ssl import Adapter

from davserver.errors import ConfigError


class TlsAdapter(Adapter):
    """Wraps accepted sockets. Errors: ConfigError if certificate and key cannot be used."""

    def __init__(self, certificate: Path, key: Path) -> None:
        # Not calling up: the base only stores file names for adapters that read them later.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        try:
            self.context.load_cert_chain(certificate, key)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError("tls.certificate", f"{certificate} with {key} cannot be used: {error}") from error

    def bind(self, sock: socket.socket) -> socket.socket:
        """Return the listening socket as it is."""
        return sock

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """Return the socket under TLS, its handshake still to be done, and no environ yet."""
        return self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), {}

    def get_environ(self) -> dict[str, str]:
        """Return what a WSGI environ says about TLS."""
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: Any, mode: str = "r", bufsize: int = -1) -> Any:
        """Refuse: connections make their own streams."""
        raise NotImplementedError
