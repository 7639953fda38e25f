"""One serving process: from a listening socket to a drained end.

Owns: signals of the process, the order of a graceful stop.
Never: forks (``workers.py``).
Invariants: SIGTERM: no new connections, requests in flight finish; ``HURRY``: they are cut; ``RETIRE``: another process
takes the new connections, those that are there get one more answer each, which says so. SIGKILL at any moment loses no
answered request: that is promised by ``live``.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import threading
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field

import structlog

from davserver.server.http import Server, WSGIApplication
from davserver.server.pool import Crowds, Nobody

_log = structlog.get_logger("davserver.server")
HURRY = signal.SIGUSR2
RETIRE = signal.SIGUSR1
FAREWELL_S = 10.0
"""How long a retiring process waits for the next request of its connections: a mount that is in use sends one, and
whoever is silent for longer has to expect an idle connection to be closed."""
SWITCH_INTERVAL_S = 0.0005
"""How long a computing thread may keep the others waiting.

A request needs the interpreter some twenty times (once after each wait for disk or network); a commit that somebody
asks for computes for a second, and so may letting go of what was committed (``live/following.py``): with Python's 5 ms,
requests beside such a thread were 20 times slower than without it, with this 5 times.
"""


@dataclass(frozen=True, slots=True)
class Site:
    """An application, what to call in turn after its last request (let go of everything), and who hears of crowds."""

    app: WSGIApplication
    closing: tuple[Callable[[], None], ...]
    crowds: Crowds = field(default_factory=Nobody)


class Orders:
    """What a worker's parent tells it, as something to wait for: SIGTERM, ``HURRY``, ``RETIRE``.

    Made in the main thread, once per process. A worker hears a terminal's SIGINT and a supervisor's SIGTERM together
    with its parent: twice is not impatience.
    """

    def __init__(self) -> None:
        self._read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGTERM, HURRY, RETIRE):
            signal.signal(number, lambda _number, _frame: None)  # the wakeup descriptor carries the news

    def wait(
        self, wanted: Set[signal.Signals], timeout_s: float | None = None, orphan_fd: int = -1
    ) -> signal.Signals | None:
        """Return which signal came, SIGTERM where the other end of ``orphan_fd`` was closed; None if time is up."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._read_end, selectors.EVENT_READ)
            if orphan_fd >= 0:
                selector.register(orphan_fd, selectors.EVENT_READ)
            while events := selector.select(timeout_s):
                if any(key.fd == orphan_fd for key, _ in events):
                    return signal.SIGTERM
                heard = os.read(self._read_end, 1)[0]
                if heard in wanted:
                    return signal.Signals(heard)
        return None


def run(server: Server, site: Site, on_ready: Callable[[], None], shutdown_s: float, orphan_fd: int) -> None:
    """Serve until a stop signal; return when the requests in flight are over.

    The other end of ``orphan_fd`` closes when the parent is gone, which ends this process too.
    Threads: must be called in the main thread, which does nothing but wait.
    """
    orders = Orders()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    server.prepare()
    threading.Thread(target=server.serve, name="accept", daemon=True).start()
    on_ready()
    if orders.wait({signal.SIGTERM, RETIRE}, orphan_fd=orphan_fd) is RETIRE:
        _retire(server, orders, orphan_fd)
    _log.info("stopping", deadline_s=shutdown_s)
    stopping = threading.Thread(target=server.stop, args=(shutdown_s,), name="stop", daemon=True)
    stopping.start()
    while stopping.is_alive():
        if orders.wait({HURRY}, timeout_s=0.05):
            server.requests.interrupt()
    for close in site.closing:
        close()
    _log.info("stopped")


def _retire(server: Server, orders: Orders, orphan_fd: int) -> None:
    """Let each connection say one thing more."""
    _log.info("retiring", deadline_s=FAREWELL_S)
    server.retire()
    deadline_s = time.monotonic() + FAREWELL_S
    while not server.is_deserted and time.monotonic() < deadline_s:
        if orders.wait({signal.SIGTERM}, timeout_s=0.1, orphan_fd=orphan_fd):
            return
