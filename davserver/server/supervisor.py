"""What starts davserver and watches it: systemd, or a terminal.

Owns: what is said to a supervisor (READY, RELOADING, STOPPING), the socket it may hand over, what a hangup means.
Never: forks or serves.
Follows: sd_notify(3), sd_listen_fds(3). The protocol is a datagram of lines and two variables, so no library is taken.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from davserver.errors import ConfigError

_FIRST_FD = 3
"""SD_LISTEN_FDS_START."""


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Who wants to know how the server is. ``address`` empty: nobody."""

    address: str = ""
    monotonic_ns: Callable[[], int] = time.monotonic_ns

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Supervisor:
        """Return the supervisor that an environment names."""
        return cls(environ.get("NOTIFY_SOCKET", ""))

    def tell_ready(self) -> None:
        """Say that every request is answered, with the settings of the last reload."""
        self._tell("READY=1")

    def tell_reloading(self) -> None:
        """Say that the settings are read again; ``tell_ready`` ends it."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={self.monotonic_ns() // 1000}")

    def tell_stopping(self) -> None:
        """Say that the end has begun."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        """Send a datagram. Errors: ConfigError, since a supervisor that hears nothing would end the server later."""
        if not self.address:
            return
        where = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            try:
                sock.sendto(message.encode(), where)
            except OSError as error:
                raise ConfigError("NOTIFY_SOCKET", f"{self.address} does not listen: {error.strerror}") from error


def inherited_socket(environ: Mapping[str, str], pid: int) -> socket.socket | None:
    """Return the listening socket a supervisor opened for this process, None if it did not.

    Errors: ConfigError if what it handed over is not one listening stream socket.
    """
    if environ.get("LISTEN_PID") != str(pid):  # meant for a process that started us
        return None
    count = environ.get("LISTEN_FDS", "0")
    if count != "1":
        raise ConfigError("LISTEN_FDS", f"{count} sockets were handed over, one can be served", hint="one ListenStream")
    try:
        sock = socket.socket(fileno=_FIRST_FD)
        listens = sock.type == socket.SOCK_STREAM and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ConfigError("LISTEN_FDS", f"descriptor {_FIRST_FD} is no socket: {error.strerror}") from error
    if not listens:
        raise ConfigError("LISTEN_FDS", f"descriptor {_FIRST_FD} does not listen", hint="ListenStream, Accept=no")
    os.set_inheritable(_FIRST_FD, False)  # noqa: FBT003  # the standard library's signature
    return sock


def hangup_stops() -> bool:
    """Tell whether SIGHUP means that the terminal is gone. Without a terminal it asks to read the settings again."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError as error:
        # ENXIO: no terminal. EIO: it hung up a moment ago.
        return error.errno not in {errno.ENXIO, errno.ENOENT, errno.EACCES, errno.EPERM}
    return True
