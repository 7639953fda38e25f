"""The threads that serve requests.

Owns: cheroot's ThreadPool with a queue that is bounded and fair (``fairqueue``), and a stop that ends: a deadline, then
interrupted connections, then no more waiting.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog
from cheroot.workers import threadpool
from cheroot.workers.threadpool import ThreadPool, WorkerThread

from davserver.server.fairqueue import FairQueue

if TYPE_CHECKING:
    from davserver.server.connection import Connection
    from davserver.server.http import Server

_log = structlog.get_logger("davserver.server")
_LAST_WORDS_S = 2.0
_SHUTDOWN: Any = vars(threadpool)["_SHUTDOWNREQUEST"]  # what a worker takes as the end; cheroot keeps it to itself


class Pool(ThreadPool):
    """A fixed number of daemon threads: a request that hangs cannot keep the process alive."""

    server: Server
    _threads: list[WorkerThread]

    def __init__(self, server: Server, threads: int) -> None:
        super().__init__(server, min=threads)
        self._fair: FairQueue[Connection] = FairQueue(server.limits.queue, server.limits.address_requests)
        self.get = self._next  # where cheroot's threads look

    def offer(self, conn: Connection) -> bool:
        """Have a connection served when its turn comes; False if too many wait already."""
        return self._fair.put(conn.client, conn)

    def done(self, conn: Connection) -> None:
        """Let others of the same client have their turn."""
        self._fair.done(conn.client)

    @property
    def qsize(self) -> int:
        """How many connections wait."""
        return len(self._fair)

    def _next(self) -> Any:
        conn = self._fair.get()
        return _SHUTDOWN if conn is None else conn

    def _spawn_worker(self) -> WorkerThread:
        worker = _Placed(self.server)  # type: ignore[no-untyped-call]  # cheroot's stub
        worker.daemon = True
        worker.start()
        return worker

    def stop(self, timeout: float = 5) -> None:
        """Let the requests in flight finish for ``timeout`` seconds, then cut them off."""
        threads = list(self._threads)
        self._fair.close()
        if _join(threads, timeout):
            return
        self.interrupt()
        _join(threads, _LAST_WORDS_S)

    def interrupt(self) -> None:
        """Cut off the requests in flight: their next read or write fails."""
        busy = [conn for conn in (thread.conn for thread in self._threads) if conn is not None]
        _log.warning("requests cut off by the stop", requests=len(busy))
        for conn in busy:
            conn.interrupt()


class _Placed(WorkerThread):
    """A thread that goes to its place before it serves."""

    server: Server

    def run(self) -> None:
        """Serve connections."""
        self.server.place()
        super().run()  # type: ignore[no-untyped-call]  # cheroot's stub


def _join(threads: list[WorkerThread], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    return not any(thread.is_alive() for thread in threads)
